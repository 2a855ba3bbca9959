#include "tools/commands/usage.h"

#include <algorithm>
#include <numeric>

#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

/// Letters to change, insert, delete or exchange with the next (optimal string alignment).
std::size_t distance(const std::string& one, const std::string& other) {
  std::vector<std::size_t> before_last, last(other.size() + 1), now(other.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (std::size_t i = 1; i <= one.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t change = one[i - 1] == other[j - 1] ? 0 : 1;
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + change});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
        now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    before_last = last;
    last = now;
  }
  return last.back();
}

/// The command that the words lead to, and the first word that leads nowhere.
struct Place {
  const CLI::App* command = nullptr;
  std::string path, stray;
};

Place place_of(const CLI::App& app, const std::vector<std::string>& arguments) {
  Place place{&app, "kilt", {}};
  for (const std::string& word : arguments) {
    if (word.starts_with('-')) continue;
    const auto commands =
        place.command->get_subcommands([&](const CLI::App* one) { return one->check_name(word); });
    if (!commands.empty()) {
      place.command = commands.front();
      place.path += ' ' + place.command->get_name();
    } else if (place.stray.empty()) {
      place.stray = word;
    }
  }
  return place;
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* one : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(one->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App* command) {
  std::vector<std::string> names;
  for (; command != nullptr; command = command->get_parent())
    for (const CLI::Option* option : command->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string help_of(const Place& place) { return tr("`{0} --help` says more.", place.path); }

std::string did_you_mean(const std::string& name, const Place& place) {
  return name.empty() ? help_of(place) : tr("Did you mean {0}?", name);
}

Failure missing_command(const Place& place) {
  const auto names = command_names(*place.command);
  if (!place.stray.empty() && !names.empty()) {
    const std::string near = nearest(place.stray, names);
    // A word that is like no command may be anything.
    if (!near.empty())
      return {Kind::kUsage, tr("There is no command {0}.", clean(place.stray)),
              did_you_mean(near, place)};
    return {Kind::kUsage, tr("There is no such command."), help_of(place)};
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return {Kind::kUsage, tr("{0} needs a command: {1}.", place.path, list), help_of(place)};
}

Failure unexpected(const Place& place, const std::vector<std::string>& arguments) {
  const auto known = option_names(place.command);
  for (const std::string& word : arguments) {
    const std::string name = word.substr(0, word.find('='));
    if (word == "--") break;
    if (!name.starts_with("--") || std::ranges::find(known, name) != known.end()) continue;
    const bool pin = name == "--pin" || name == "--so-pin";
    return {Kind::kUsage, tr("There is no option {0}.", clean(name)),
            pin ? tr("A PIN on the command line is seen by every user of this computer. Let kilt "
                     "ask for it, or use {0}-source.",
                     name)
                : did_you_mean(nearest(name, known), place)};
  }
  if (!place.stray.empty() && !command_names(*place.command).empty()) return missing_command(place);
  return {Kind::kUsage, tr("There is one argument too many."), help_of(place)};
}

/// What the parser puts before the colon is the option's name; behind it may stand a value.
std::string option_in(const std::string& message) {
  const std::string start = message.substr(0, message.find(':'));
  const bool name = start.find(' ') == std::string::npos && start.size() < message.size();
  return name ? clean(start) : std::string();
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t least = word.size() > 4 ? 3 : 2;
  for (const std::string& one : known)
    if (const std::size_t now = distance(word, one); now < least) {
      least = now;
      best = one;
    }
  return best;
}

Failure usage_failure(const CLI::App& app, const CLI::Error& error,
                      const std::vector<std::string>& arguments) {
  const Place place = place_of(app, arguments);
  const std::string message = error.what();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) return unexpected(place, arguments);
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    if (!command_names(*place.command).empty()) return missing_command(place);
    const std::string name = message.substr(0, message.find(' '));
    return {Kind::kUsage, tr("{0} is missing.", clean(name)), help_of(place)};
  }
  const std::string option = option_in(message);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr)
    return {Kind::kUsage,
            option.empty() ? tr("An option has no value, or too many.")
                           : tr("{0} needs a value.", option),
            help_of(place)};
  return {Kind::kUsage,
          option.empty() ? tr("An option has an impossible value.")
                         : tr("{0} has an impossible value.", option),
          help_of(place)};
}

}  // namespace kilt::tool
