// kilt remind: which certificates end soon, on connected tokens and in files, and what to do about
// each. Made to be run by a timer: conf/kilt-remind.timer.
#include <algorithm>
#include <ctime>

#include <unistd.h>

#include "tools/commands/commands.h"
#include "tools/commands/remind/notice.h"
#include "tools/commands/remind/search.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

struct RemindOptions {
  std::vector<std::string> places;
  std::string password_source;
  long days = 30;
  bool notify = false, no_tokens = false;
};

const char* place_name(Place place) {
  switch (place) {
    case Place::kToken:
      return "token";
    case Place::kKeyFile:
      return "key-file";
    case Place::kCertificateFile:
      break;
  }
  return "certificate-file";
}

/// What its owner can do about it.
std::string advice_for(const Found& one) {
  if (one.place == Place::kCertificateFile)
    return tr("This is a certificate without its key; renew it where the key is.");
  if (one.info.days_left(std::time(nullptr)) < 0)
    return tr(
        "It can no longer be renewed with its own key: get a new one on the CA's site, "
        "pki.gov.kz, or in a service centre.");
  if (one.place == Place::kToken)
    return tr(
        "`kilt renew request --token {0}` makes new keys; hand the requests to the CA while "
        "this certificate is valid.",
        one.token);
  if (one.token.empty())
    return tr(
        "Renew it on the CA's site, pki.gov.kz; or by Kilt, the file being in "
        "~/.local/share/kilt/keys: `kilt renew request`.");
  return tr("Renew it on the CA's site, pki.gov.kz; or by Kilt: `kilt renew request --token {0}`.",
            one.token);
}

void print(Context& context, const Found& one) {
  Output& out = context.out();
  out.line(out.paint(expiry_colour(one.info), fmt::format("{}  {}", expiry_text(one.info),
                                                          context.personal(owner_of(one.info)))),
           2);
  out.line("  " + fmt::format("{}: {}", purpose_text(one.info), one.where), 4);
  out.line("  → " + advice_for(one), 4);
}

Json json_of(const Context& context, const Found& one) {
  Json entry = certificate_json(context, one.info);
  entry["where"] = one.where;
  entry["place"] = place_name(one.place);
  entry["advice"] = advice_for(one);
  return entry;
}

/// What ends within the days, the first to end first.
std::vector<Found> due_of(const Search& search, long days) {
  const std::time_t now = std::time(nullptr);
  std::vector<Found> due;
  for (const Found& one : search.found())
    if (!one.old && one.info.days_left(now) <= days) due.push_back(one);
  std::ranges::stable_sort(due, {}, [](const Found& one) { return one.info.not_after; });
  return due;
}

void run(Context& context, const RemindOptions& options) {
  const GlobalOptions& global = context.options;
  const bool ask = !options.notify && !global.json && !global.yes && isatty(STDIN_FILENO) == 1;
  Search search(context, {options.password_source, ask});
  if (!options.no_tokens) search.tokens();
  for (const std::string& place : options.places) search.place(place);
  search.finish();
  const std::vector<Found> due = due_of(search, options.days);
  Output& out = context.out();
  Json document = context.document();
  document["looked_at"] = search.found().size();
  document["old"] = std::ranges::count_if(search.found(), &Found::old);
  document["due"] = Json::array();
  for (const Found& one : due) {
    print(context, one);
    document["due"].push_back(json_of(context, one));
  }
  document["unread"] = Json::array();
  for (const Unread& one : search.unread()) {
    const std::string text = one.where + ": " + one.why;
    document["unread"].push_back(text);
    out.note(tr("Not read: {0}", text));
  }
  if (options.notify) notify(context, due);
  const std::size_t count = search.found().size();
  if (due.empty())
    out.line(trn("{0} certificate looked at; none ends soon.",
                 "{0} certificates looked at; none ends soon.", count));
  const std::size_t unread = search.unread().size();
  if (unread != 0)
    out.line(out.paint(Colour::kBad,
                       trn("{0} could not be read: what is in it may end unseen.",
                           "{0} could not be read: what is in them may end unseen.", unread)));
  out.document(document);
  if (unread != 0) throw Finding(search.only_module_failed() ? Kind::kModule : Kind::kBadInput);
  if (!due.empty()) throw Finding();
}

}  // namespace

void add_remind(CLI::App& app, Context& context) {
  auto options = std::make_shared<RemindOptions>();
  CLI::App* command = app.add_subcommand("remind", tr("Which certificates end soon"));
  command->add_option("folders", options->places,
                      tr("Folders or files with certificates and PKCS#12 to look at as well"));
  command->add_option("--days", options->days, tr("How many days before"))
      ->capture_default_str()
      ->check(CLI::Range(0L, 100000L));
  command->add_option("--password-source", options->password_source,
                      tr("Where the password of PKCS#12 files comes from"));
  command->add_flag("--notify", options->notify,
                    tr("Also a message on the desktop, once per stage (30, 14, 7 days, expired)"));
  command->add_flag("--no-tokens", options->no_tokens, tr("Look at the files alone"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
