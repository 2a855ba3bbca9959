// kilt probe: read-only facts of an unknown card, for a report or a draft profile.
// It speaks to the card itself, through a guard that lets nothing but reading pass.
#include <cstdlib>
#include <sstream>

#include "apdu/pcsc_transport.h"
#include "apdu/socket_transport.h"
#include "tools/commands/commands.h"
#include "tools/commands/probe/facts.h"
#include "tools/commands/probe/guard.h"
#include "tools/commands/profiles.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct ProbeOptions {
  std::string reader, output;
  bool to_profile = false;
};

struct CardAt {
  apdu::Transport* transport = nullptr;
  apdu::ReaderState state;
};

std::vector<std::unique_ptr<apdu::Transport>> transports(const GlobalOptions& options) {
  std::string sockets = options.sockets;
  if (const char* named = secure_getenv("KILT_SOCKETS"); sockets.empty() && named != nullptr)
    sockets = named;
  std::vector<std::string> paths;
  std::istringstream list(sockets);
  for (std::string path; std::getline(list, path, ':');)
    if (!path.empty()) paths.push_back(path);
  std::vector<std::unique_ptr<apdu::Transport>> ways;
  if (!paths.empty()) ways.push_back(apdu::make_socket_transport(std::move(paths)));
  ways.push_back(apdu::make_pcsc_transport());
  return ways;
}

CardAt choose(const std::vector<std::unique_ptr<apdu::Transport>>& ways,
              const std::string& reader) {
  std::vector<CardAt> found;
  for (const auto& way : ways)
    for (auto& state : way->readers())
      if (state.card_present && state.name.find(reader) != std::string::npos)
        found.push_back({way.get(), std::move(state)});
  if (found.size() == 1) return std::move(found.front());
  if (found.empty())
    throw Failure(Kind::kNotFound, tr("There is no card in a reader of that name."),
                  tr("`kilt list` shows the readers."));
  std::string names;
  for (const CardAt& card : found) names += (names.empty() ? "" : ", ") + card.state.name;
  throw Failure(Kind::kNotFound, tr("There are several cards: {0}.", names),
                tr("Choose one with --reader, by a part of the reader's name."));
}

void run(Context& context, const ProbeOptions& options) {
  const auto ways = transports(context.options);
  const CardAt chosen = choose(ways, options.reader);
  std::string text;
  try {
    apdu::Card card(reading_only(chosen.transport->connect(chosen.state.name)));
    const apdu::Transaction transaction(card);
    const auto pkcs15 = look_at_pkcs15(card);
    text = options.to_profile ? draft_profile(card.atr(), pkcs15)
                              : probe_report(card, chosen.state.name, all_profiles(), pkcs15);
  } catch (const Error& error) {
    throw Failure(Kind::kToken, tr("The card could not be read: {0}.", error.what()));
  }
  if (context.options.json) {
    Json document = context.document();
    document[options.to_profile ? "profile" : "report"] = text;
    context.out().document(document);
    return;
  }
  // The reader's and the profiles' names are in it.
  const std::string shown = printable(text);
  write_file(options.output, view(shown));
}

}  // namespace

void add_probe(CLI::App& app, Context& context) {
  auto options = std::make_shared<ProbeOptions>();
  CLI::App* command = app.add_subcommand(
      "probe", tr("Facts of an unknown card for a report; reads only, sends no PIN"));
  command->add_option("--reader", options->reader, tr("Part of the reader's name"));
  command->add_option("-o,--output", options->output, tr("Write into this file"));
  command->add_flag("--to-profile", options->to_profile,
                    tr("Draft a token profile instead of a report"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
