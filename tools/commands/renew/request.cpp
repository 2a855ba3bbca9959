// kilt renew request: new pairs beside the old ones, and the requests for their certificates.
#include <filesystem>

#include <openssl/pem.h>

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
  std::string scheme = "rsa-pair", subject, subject_from, email, storage = "auto", folder = ".";
  bool cms = false;
};

/// What one new pair of RSA-2048 with a certificate takes, roughly: two key objects, 2 KiB of
/// certificate, directory entries.
constexpr unsigned long kPairBytes = 5000;

void check_scheme(const RequestOptions& options) {
  if (options.scheme == "rsa-pair") return;
  if (options.scheme == "gost512")
    throw Failure(
        Kind::kUnsupported,
        tr("No token that Kilt knows makes keys of 512 bits by GOST R 34.10-2015, which the CA "
           "issues since 2024; PKCS#11 2.40 has no mechanism for them."),
        tr("Ask the CA for RSA on the token (--scheme rsa-pair), or for a key in a file."));
  throw Failure(Kind::kUsage, tr("--scheme is rsa-pair or gost512."));
}

void check_room(const TokenStatus& status, const RenewalState& state) {
  const unsigned long pairs =
      (state.auth.pending == nullptr ? 1UL : 0UL) + (state.sign.pending == nullptr ? 1UL : 0UL);
  if (status.memory_free && *status.memory_free < pairs * kPairBytes)
    throw Failure(
        Kind::kToken,
        tr("The token has {0} bytes left; two new pairs and their certificates need about "
           "{1}. Nothing was made.",
           *status.memory_free, pairs * kPairBytes),
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
    KeyPlan plan;
    check_plan(context_, token_, plan);
    if (!options_.subject.empty()) static_cast<void>(parse_name(options_.subject));
    std::error_code error;
    if (!std::filesystem::is_directory(options_.folder, error))
      throw Failure(Kind::kBadInput, tr("There is no folder {0}.", options_.folder));
    context_.login(session_, token_, Role::kUser);
    status_ = read_status(session_, token_.token());
    inventory_ = read_inventory(session_);
    RenewalState state = renewal_state(inventory_, token_.token());
    for (const Purpose purpose : kKitPurposes)
      static_cast<void>(subject_for(purpose, state, options_));
    if (options_.cms && !state.sign.current)
      throw Failure(Kind::kNotFound,
                    tr("There is no old signature key to sign the requests with."));
    check_room(status_, state);
    Json document = context_.document();
    document["requests"] = Json::array();
    for (const Purpose purpose : kKitPurposes) {
      make_pair(purpose, state);
      inventory_ = read_inventory(session_);
      state = renewal_state(inventory_, token_.token());
      document["requests"].push_back(write_request(purpose, state));
    }
    if (options_.cms) document["cms"] = sign_all(state);
    context_.out().line(
        tr("Hand the requests to the CA; the certificates that come back: kilt renew import "
           "FILE..."));
    context_.out().line(
        tr("Sending them is done on the CA's site, pki.gov.kz: its way of "
           "transport is not public, so Kilt cannot."));
    context_.out().document(document);
  }

 private:
  /// Makes the purpose's new key, unless an earlier run did.
  void make_pair(Purpose purpose, const RenewalState& state) {
    const KeyView* pending = state.of(purpose).pending;
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
    KeyPlan plan;
    plan.label = new_key_label(purpose);
    plan.decrypt = purpose == Purpose::kAuth;
    const KeyView key = make_key(context_, session_, plan);
    remember_key(key, token_.token(), purpose);
    context_.out().line(context_.out().paint(
        Colour::kGood, tr("A new key for {0} is made: {1}", purpose_text(purpose), key.label)));
  }

  Json write_request(Purpose purpose, const RenewalState& state) {
    const KeyView* key = state.of(purpose).pending;
    if (key == nullptr)
      throw Failure(Kind::kModule, tr("The module does not show the key that was just made."));
    RequestPlan plan;
    plan.subject = subject_for(purpose, state, options_);
    plan.email = email_for(purpose, state, options_);
    plan.storage_oid = chosen_storage(options_.storage, token_.token(), status_);
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
    context_.out().line(tr("Both, signed by the old key: {0}", path.string()));
    return path;
  }

  Context& context_;
  const RequestOptions& options_;
  ChosenToken token_;
  Session session_;
  TokenStatus status_;
  Inventory inventory_;
  std::string pem_;
};

}  // namespace

void add_renew_request(CLI::App& renew, Context& context) {
  auto options = std::make_shared<RequestOptions>();
  CLI::App* command =
      renew.add_subcommand("request", tr("Make new keys beside the old, and the requests"));
  command
      ->add_option("--scheme", options->scheme,
                   tr("rsa-pair: RSA-2048 for login and for signature; gost512: one key for both"))
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
  command->add_flag("--cms", options->cms,
                    tr("Also both in one CMS, signed by the old signature key"));
  set_action(*command, context, [&context, options] {
    check_scheme(*options);
    Requests(context, *options).run();
  });
}

}  // namespace kilt::tool
