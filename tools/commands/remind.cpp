// kilt remind: which certificates end soon, on connected tokens and in files. Made to be run by a
// timer: conf/kilt-remind.timer.
#include <algorithm>
#include <ctime>
#include <filesystem>

#include "tools/commands/commands.h"
#include "tools/commands/key_import.h"
#include "tools/commands/report.h"
#include "tools/terminal/process.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/terminal.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

struct RemindOptions {
  std::vector<std::string> folders;
  std::string password_source;
  long days = 30;
  bool notify = false, no_tokens = false;
};

constexpr std::size_t kMaxFiles = 10000;
constexpr std::uintmax_t kMaxFileSize = std::uintmax_t{1} << 20U;

struct Found {
  std::string where;
  CertificateInfo info;
};

class Search {
 public:
  Search(Context& context, const RemindOptions& options) : context_(context), options_(options) {}

  void tokens() {
    for (const SlotView& slot : context_.slots()) {
      if (!slot.token || !slot.token->has(CKF_TOKEN_INITIALIZED)) continue;
      try {
        Session session(context_.module(), slot.id, Session::Mode::kRead);
        for (const CertificateView& one : read_inventory(session).certificates)
          if (one.info && !one.info->authority) found.push_back({slot.token->label, *one.info});
      } catch (const Failure& failure) {
        unread.push_back(slot.reader + ": " + failure.what());
      }
    }
  }

  void folder(const std::string& name) {
    std::error_code error;
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_regular_file(name, error)) {
      files.emplace_back(name);
    } else {
      std::filesystem::recursive_directory_iterator at(
          name, std::filesystem::directory_options::skip_permission_denied, error);
      if (error)
        throw Failure(Kind::kBadInput, tr("{0} cannot be read: {1}", name, error.message()));
      for (const auto end = std::filesystem::end(at); at != end && files.size() < kMaxFiles;
           at.increment(error)) {
        if (error) break;
        if (at->is_regular_file(error)) files.push_back(at->path());
      }
    }
    std::ranges::sort(files);
    for (const auto& path : files) file(path);
  }

  std::vector<Found> found;
  std::vector<std::string> unread;

 private:
  void file(const std::filesystem::path& path) {
    stop_if_interrupted();
    std::string extension = path.extension();
    std::ranges::transform(extension, extension.begin(), [](char c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    });
    const bool archive = extension == ".p12" || extension == ".pfx";
    if (!archive && extension != ".cer" && extension != ".crt" && extension != ".pem" &&
        extension != ".der" && extension != ".p7b")
      return;
    std::error_code error;
    if (std::filesystem::file_size(path, error) > kMaxFileSize || error) return;
    try {
      const Bytes contents = read_file(path);
      const auto certificates =
          archive ? certificates_of_pkcs12(contents, password()) : certificates_in(contents);
      for (const Bytes& der : certificates) {
        CertificateInfo info = parse_certificate(der);
        if (!info.authority) found.push_back({path.string(), std::move(info)});
      }
    } catch (const Failure& failure) {
      // A .pem may hold anything; a .p12 is a certificate's for sure.
      if (archive) unread.push_back(path.string() + ": " + failure.what());
    }
  }

  const Secret& password() {
    if (!password_read_) {
      if (!options_.password_source.empty()) password_ = secret_from(options_.password_source);
      password_read_ = true;
    }
    return password_;
  }

  Context& context_;
  const RemindOptions& options_;
  Secret password_;
  bool password_read_ = false;
};

/// The notification server reads the body as markup (Desktop Notifications, "Markup").
std::string without_markup(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

void notify(const std::vector<Found>& due) {
  if (!has_program("notify-send")) return;
  std::string text;
  for (const Found& one : due)
    text +=
        without_markup(clean(fmt::format("{}: {}", one.info.common_name, expiry_text(one.info)))) +
        '\n';
  static_cast<void>(run_program({"notify-send", "--app-name=Kilt", "--icon=dialog-warning", "--",
                                 tr("Certificates end soon"), text},
                                true));
}

void run(Context& context, const RemindOptions& options) {
  Search search(context, options);
  if (!options.no_tokens) search.tokens();
  for (const std::string& folder : options.folders) search.folder(folder);
  const std::time_t now = std::time(nullptr);
  std::vector<Found> due;
  for (const Found& one : search.found)
    if (one.info.days_left(now) <= options.days) due.push_back(one);
  std::ranges::stable_sort(due, {}, [](const Found& one) { return one.info.not_after; });
  Output& out = context.out();
  Json document = context.document();
  document["looked_at"] = search.found.size();
  document["due"] = Json::array();
  Table table({tr("VALID UNTIL"), tr("PURPOSE"), tr("NAME"), tr("WHERE")});
  for (const Found& one : due) {
    table.row({expiry_text(one.info), purpose_text(one.info),
               context.personal(one.info.common_name), one.where},
              expiry_colour(one.info));
    Json entry = certificate_json(context, one.info);
    entry["where"] = one.where;
    document["due"].push_back(entry);
  }
  document["unread"] = search.unread;
  if (!table.empty()) table.print(out);
  for (const std::string& one : search.unread) out.note(tr("Not read: {0}", one));
  if (options.notify && !due.empty()) notify(due);
  if (due.empty())
    out.line(trn("{0} certificate looked at; none ends soon.",
                 "{0} certificates looked at; none ends soon.", search.found.size()));
  else
    out.line(
        tr("`kilt renew request` makes new keys; the old certificate must still be valid "
           "when the CA gets the request."));
  out.document(document);
  if (!due.empty()) throw Finding();
}

}  // namespace

void add_remind(CLI::App& app, Context& context) {
  auto options = std::make_shared<RemindOptions>();
  CLI::App* command = app.add_subcommand("remind", tr("Which certificates end soon"));
  command->add_option("folders", options->folders,
                      tr("Folders or files with certificates and PKCS#12 to look at as well"));
  command->add_option("--days", options->days, tr("How many days before"))->capture_default_str();
  command->add_option("--password-source", options->password_source,
                      tr("Where the password of PKCS#12 files comes from"));
  command->add_flag("--notify", options->notify, tr("Also a message on the desktop"));
  command->add_flag("--no-tokens", options->no_tokens, tr("Look at the files alone"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
