// kilt renew request: new pairs beside the old ones, and the requests for their certificates.
#include <filesystem>

#include <openssl/pem.h>

#include "drivers/crypto/tc26.h"
#include "tools/commands/before_login.h"
#include "tools/commands/commands.h"
#include "tools/commands/keygen.h"
#include "tools/commands/profiles.h"
#include "tools/commands/renew/renewal.h"
#include "tools/commands/report.h"
#include "tools/signing/cms.h"
#include "tools/signing/pkcs10.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct RequestOptions {
  std::string scheme = "auto", subject, subject_from, email, storage = "auto", folder = ".";
  bool cms = false;
};

/// What one new pair with a certificate takes, roughly. RSA-2048: two key objects, 2 KiB of
/// certificate, directory entries.
constexpr unsigned long kPairBytes = 5000, kGostPairBytes = 2500;
constexpr const char* kGostScheme = "gost512";

/// The schemes that are known. kAuto: the key that the CA issues today, where the storage can.
enum class Scheme { kAuto, kRsaPair, kGost512 };

Scheme scheme_of(const RequestOptions& options) {
  if (options.scheme == "auto") return Scheme::kAuto;
  if (options.scheme == "rsa-pair") return Scheme::kRsaPair;
  if (options.scheme == kGostScheme) return Scheme::kGost512;
  throw Failure(Kind::kUsage, tr("--scheme is auto, gost512 or rsa-pair."));
}

void check_room(const TokenStatus& status, const std::vector<Purpose>& missing) {
  unsigned long needed = 0;
  for (const Purpose purpose : missing)
    needed += purpose == Purpose::kBoth ? kGostPairBytes : kPairBytes;
  if (status.memory_free && *status.memory_free < needed)
    throw Failure(
        Kind::kToken,
        tr("The token has {0} bytes left; the new keys and their certificates need about {1}. "
           "Nothing was made.",
           *status.memory_free, needed),
        tr("Delete what is no longer needed: `kilt list`, `kilt renew retire`."));
}

X509NamePtr subject_for(Purpose purpose, const RenewalState& state, const RequestOptions& options) {
  if (!options.subject.empty()) return parse_name(options.subject);
  if (!options.subject_from.empty())
    return subject_of(certificates_in(read_file(options.subject_from)).front());
  for (const Purpose one : {purpose, purpose == Purpose::kAuth ? Purpose::kSign : Purpose::kAuth})
    if (state.of(one).current) return subject_of(state.of(one).current->certificate->der);
  throw Failure(Kind::kUsage, tr("There is no old certificate to take the subject from."),
                tr("Give --subject \"CN=...,SURNAME=...,serialNumber=IIN...,C=KZ\"."));
}

std::string email_for(Purpose purpose, const RenewalState& state, const RequestOptions& options) {
  if (!options.email.empty()) return options.email == "none" ? "" : options.email;
  const auto& current = state.of(purpose).current;
  return current ? current->certificate->info->email : "";
}

class Requests {
 public:
  Requests(Context& context, const RequestOptions& options)
      : context_(context),
        options_(options),
        token_(context.token()),
        session_(context.module(), token_.id(), Session::Mode::kWrite) {}

  void run() {
    choose_scheme();
    if (!options_.subject.empty()) static_cast<void>(parse_name(options_.subject));
    std::error_code error;
    if (!std::filesystem::is_directory(options_.folder, error))
      throw Failure(Kind::kBadInput, tr("There is no folder {0}.", options_.folder));
    if (!options_.subject_from.empty())
      static_cast<void>(certificates_in(read_file(options_.subject_from)));
    const Check check = [this](const Inventory& inventory) {
      const RenewalState state = renewal_state(inventory, token_.token());
      for (const Purpose purpose : purposes_)
        static_cast<void>(subject_for(purpose, state, options_));
      if (options_.cms && !state.sign.current)
        throw Failure(Kind::kNotFound,
                      tr("There is no old signature key to sign the requests with."));
    };
    inventory_ = login_for(context_, session_, token_, Choice(""), check);
    check(inventory_);
    status_ = read_status(session_, token_.token());
    RenewalState state = renewal_state(inventory_, token_.token());
    std::vector<Purpose> missing;
    for (const Purpose purpose : purposes_)
      if (waiting_for(inventory_, purpose, token_.token()) == nullptr) missing.push_back(purpose);
    check_room(status_, missing);
    Json document = context_.document();
    document["requests"] = Json::array();
    for (const Purpose purpose : purposes_) {
      make_pair(purpose);
      inventory_ = read_inventory(session_);
      state = renewal_state(inventory_, token_.token());
      document["requests"].push_back(write_request(purpose, state));
    }
    if (options_.cms) document["cms"] = sign_all(state);
    context_.out().line(
        tr("Hand the requests to the CA; the certificates that come back: `kilt renew import "
           "FILE...`"));
    context_.out().line(
        tr("Sending them is done on the CA's site, pki.gov.kz: its way of "
           "transport is not public, so Kilt cannot."));
    context_.out().document(document);
  }

 private:
  [[nodiscard]] static KeyPlan plan_for(Purpose purpose) {
    KeyPlan plan;
    plan.label = new_key_label(purpose);
    if (purpose == Purpose::kBoth) plan.algorithm = kGostScheme;
    plan.decrypt = purpose == Purpose::kAuth;
    return plan;
  }
  /// The token has what the scheme needs; without a choice, the scheme that it has.
  void choose_scheme() {
    Scheme scheme = scheme_of(options_);
    const bool can = context_.module().mechanism(token_.id(), tc26::kGost512KeyPairGen).has_value();
    if (scheme == Scheme::kGost512 && !can)
      throw Failure(Kind::kUnsupported,
                    tr("This token makes no keys of 512 bits by GOST R 34.10-2015, the only ones "
                       "that the CA issues since 2024."),
                    tr("Make the key in a file, or ask your CA for RSA: --scheme rsa-pair"));
    if (scheme == Scheme::kAuto) scheme = can ? Scheme::kGost512 : Scheme::kRsaPair;
    if (scheme == Scheme::kRsaPair) {
      purposes_.assign(kKitPurposes.begin(), kKitPurposes.end());
      context_.out().note(
          tr("These are RSA keys. The CA no longer issues certificates for them: since April 2024 "
             "only for GOST R 34.10-2015 (--scheme gost512)."));
    } else {
      purposes_ = {Purpose::kBoth};
    }
    for (const Purpose purpose : purposes_) check_plan(context_, token_, plan_for(purpose));
  }
  /// Makes the purpose's new key, unless an earlier run did.
  void make_pair(Purpose purpose) {
    const KeyView* pending = waiting_for(inventory_, purpose, token_.token());
    if (pending != nullptr && pending->private_key == 0) {
      // Another module may leave half a pair when it is killed.
      session_.destroy(pending->public_key);
      pending = nullptr;
    }
    if (pending != nullptr) {
      context_.out().line(
          tr("The new key for {0} is there already: {1}", purpose_text(purpose), pending->label));
      return;
    }
    const KeyView key = make_key(context_, session_, plan_for(purpose));
    remember_key(key, token_.token(), purpose);
    context_.out().line(context_.out().paint(
        Colour::kGood, tr("A new key for {0} is made: {1}", purpose_text(purpose), key.label)));
  }

  Json write_request(Purpose purpose, const RenewalState& state) {
    const KeyView* key = waiting_for(inventory_, purpose, token_.token());
    if (key == nullptr)
      throw Failure(Kind::kModule, tr("The module does not show the key that was just made."));
    RequestPlan plan;
    plan.subject = subject_for(purpose, state, options_);
    plan.email = email_for(purpose, state, options_);
    plan.storage_oid = chosen_storage(options_.storage, token_.token(), status_);
    plan.storage_folder = storage_folder(token_, plan.storage_oid);
    const Bytes der = make_request(session_, *key, plan);
    const std::string pem = to_pem(PEM_STRING_X509_REQ, der);
    pem_ += pem;
    const std::filesystem::path base = std::filesystem::path(options_.folder) / kit_name(purpose);
    write_file(base.string() + ".csr.der", der, Access::kAll);
    write_file(base.string() + ".csr.pem", view(pem), Access::kAll);
    context_.out().line(
        tr("Request for {0}: {1}", purpose_text(purpose), base.string() + ".csr.pem"));
    return {{"purpose", purpose_name(purpose)},
            {"key", key_json(token_, *key)},
            {"subject", context_.personal(name_line(plan.subject.get()))},
            {"storage", plan.storage_oid.empty() ? Json(nullptr) : Json(plan.storage_oid)},
            {"pem", base.string() + ".csr.pem"},
            {"der", base.string() + ".csr.der"}};
  }

  /// The requests as one CMS, signed by the old signature key, as the application is.
  std::string sign_all(const RenewalState& state) {
    const PairView& old = *state.sign.current;
    const Bytes cms = make_cms(session_, *old.key, old.certificate->der, view(pem_));
    const auto path = std::filesystem::path(options_.folder) / "requests.p7m";
    write_file(path, cms, Access::kAll);
    context_.out().line(purposes_.size() == 1
                            ? tr("The same, signed by the old key: {0}", path.string())
                            : tr("Both, signed by the old key: {0}", path.string()));
    return path;
  }

  Context& context_;
  const RequestOptions& options_;
  ChosenToken token_;
  Session session_;
  TokenStatus status_;
  Inventory inventory_;
  std::vector<Purpose> purposes_;
  std::string pem_;
};

}  // namespace

void add_renew_request(CLI::App& renew, Context& context) {
  auto options = std::make_shared<RequestOptions>();
  CLI::App* command =
      renew.add_subcommand("request", tr("Make new keys beside the old, and the requests"));
  command
      ->add_option(
          "--scheme", options->scheme,
          tr("gost512: one key for login and signature; rsa-pair: RSA-2048 for each; auto: "
             "gost512 where the token can"))
      ->capture_default_str();
  command->add_option("--subject", options->subject,
                      tr("Subject (default: the old certificate's)"));
  command->add_option("--subject-from", options->subject_from,
                      tr("Take the subject from this certificate file"));
  command->add_option("--email", options->email,
                      tr("E-mail address (default: the old certificate's; none)"));
  command
      ->add_option("--storage", options->storage,
                   tr("OID of the key storage for the CA; auto: the token's; none"))
      ->capture_default_str();
  command->add_option("--out", options->folder, tr("Folder for the requests"))
      ->capture_default_str();
  command->add_flag("--cms", options->cms, tr("Also in one CMS, signed by the old signature key"));
  set_action(*command, context, [&context, options] {
    static_cast<void>(scheme_of(*options));
    Requests(context, *options).run();
  });
}

}  // namespace kilt::tool
