// kilt completion: the shells' completion and the manual's list of commands, out of the same
// description of the command line that parses it; and the words that a shell offers as values.
#include <algorithm>
#include <iostream>

#include "tools/commands/commands.h"
#include "tools/commands/completion_scripts.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

std::string roff(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\e";
    else if (c == '-')
      result += "\\-";
    else
      result += c;
  }
  return result;
}

void man_command(const CLI::App& app, const std::string& path, std::string& text) {
  const auto commands = commands_of(app);
  if (commands.empty()) {
    text += ".SS \"" + roff(path);
    for (const CLI::Option* option : app.get_options())
      if (option->get_positional()) {
        std::string name = option->get_single_name();
        std::ranges::transform(name, name.begin(), [](char c) {
          return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        });
        text += option->get_required() ? ' ' + name : " [" + name + ']';
      }
    text += "\"\n" + roff(app.get_description()) + ".\n";
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_lnames().empty() || option->get_lnames().front() == "help") continue;
      text += ".TP\n.B \\-\\-" + roff(option->get_lnames().front()) +
              (option->get_expected_min() > 0 ? " " + roff(option->get_type_name()) : "") + '\n' +
              roff(option->get_description()) + '\n';
    }
  }
  for (const CLI::App* command : commands)
    man_command(*command, path.empty() ? command->get_name() : path + ' ' + command->get_name(),
                text);
}

void man_options(const CLI::App& app, std::string& text) {
  for (const CLI::Option* option : app.get_options())
    text += ".TP\n.B \\-\\-" + roff(option->get_lnames().front()) +
            (option->get_expected_min() > 0 ? " " + roff(option->get_type_name()) : "") + '\n' +
            roff(option->get_description()) + '\n';
}

/// One word a line; what a shell would take apart is left out.
void add_word(const std::string& word, std::string& text) {
  constexpr std::string_view kOfShells = "\"'\\`$;&|<>(){}*?!#\n\t";
  const bool plain = !word.empty() && word.find_first_of(kOfShells) == std::string::npos;
  if (plain && ('\n' + text).find('\n' + word + '\n') == std::string::npos) text += word + '\n';
}

/// Names and numbers of the connected tokens, for --token.
std::string token_words(Context& context) {
  std::string text;
  for (const SlotView& slot : context.slots()) {
    if (!slot.token) continue;
    add_word(slot.token->label, text);
    add_word(slot.token->serial, text);
  }
  return text;
}

/// Names of keys or certificates on the token that --token chooses, or on all; without a login.
std::string object_words(Context& context, bool keys) {
  std::string text;
  for (const SlotView& slot : context.slots()) {
    if (!slot.token || !slot.token->has(CKF_TOKEN_INITIALIZED)) continue;
    Session session(context.module(), slot.id, Session::Mode::kRead);
    const Inventory inventory = read_inventory(session);
    if (keys)
      for (const KeyView& key : inventory.keys)
        add_word(key.label.empty() ? to_hex(key.id) : key.label, text);
    else
      for (const CertificateView& one : inventory.certificates)
        add_word(one.label.empty() ? to_hex(one.id) : one.label, text);
  }
  return text;
}

std::string completion(const CLI::App& app, Context& context, const std::string& what) {
  std::string text;
  if (what == "bash") return bash_completion(app);
  if (what == "zsh") return zsh_completion(app);
  if (what == "fish") return fish_completion(app);
  if (what == "man-commands") {
    man_command(app, "", text);
  } else if (what == "man-options") {
    man_options(app, text);
  } else {
    try {
      return what == "tokens" ? token_words(context) : object_words(context, what == "keys");
    } catch (const Failure&) {
      return {};  // a shell that waits for words has no use for a message
    }
  }
  return text;
}

}  // namespace

void add_completion(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("completion", "Prints completion for a shell");
  command->group("");  // not in --help
  auto what = std::make_shared<std::string>();
  command->add_option("shell", *what)
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "man-commands", "man-options", "tokens", "keys",
                             "certificates"}));
  set_action(*command, context,
             [&app, &context, what] { std::cout << completion(app, context, *what); });
}

}  // namespace kilt::tool
