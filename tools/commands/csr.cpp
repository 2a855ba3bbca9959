// kilt csr: a certificate request for a key on the token.
#include <openssl/pem.h>

#include "tools/commands/before_login.h"
#include "tools/commands/commands.h"
#include "tools/commands/profiles.h"
#include "tools/commands/report.h"
#include "tools/signing/pkcs10.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct CsrOptions {
  std::string key, subject, subject_from, email, storage = "auto", out;
  bool der = false;
};

/// The subject that was asked for, else that of a certificate which names one on the token or a
/// file.
X509NamePtr choose_subject(const Inventory& inventory, const KeyView& key,
                           const CsrOptions& options) {
  if (!options.subject.empty()) return parse_name(options.subject);
  if (!options.subject_from.empty()) {
    for (const CertificateView& certificate : inventory.certificates)
      if (Choice(options.subject_from).fits(CKO_CERTIFICATE, certificate.id, certificate.label))
        return subject_of(certificate.der);
    return subject_of(certificates_in(read_file(options.subject_from)).front());
  }
  const auto own = inventory.certificates_of(key);
  if (!own.empty() && own.front()->info) return subject_of(own.front()->der);
  throw Failure(Kind::kUsage, tr("Whose certificate shall it be?"),
                tr("Give --subject \"CN=...,C=KZ\", or --subject-from with a certificate."));
}

void run(Context& context, const CsrOptions& options) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  if (!options.subject.empty()) static_cast<void>(parse_name(options.subject));  // before the PIN
  const Choice choice(options.key);
  const Inventory inventory =
      login_for(context, session, token, choice, [&](const Inventory& seen) {
        static_cast<void>(choose_subject(seen, one_key(seen, choice), options));
      });
  const TokenStatus status = read_status(session, token.token());
  const KeyView& key = one_key(inventory, choice);
  RequestPlan plan;
  plan.subject = choose_subject(inventory, key, options);
  plan.email = options.email;
  plan.storage_oid = chosen_storage(options.storage, token.token(), status);
  plan.storage_folder = storage_folder(token, plan.storage_oid);
  const Bytes request = make_request(session, key, plan);
  Json document = context.document();
  document["key"] = key_json(token, key);
  document["subject"] = context.personal(name_line(plan.subject.get()));
  document["request"] = to_pem(PEM_STRING_X509_REQ, request);
  const std::string pem = to_pem(PEM_STRING_X509_REQ, request);
  const bool to_file = !options.out.empty() && options.out != "-";
  if (to_file || !context.options.json)
    write_file(options.out, options.der ? BytesView(request) : view(pem), Access::kAll);
  if (to_file) {
    document["file"] = options.out;
    context.out().line(tr("The request is in {0}.", options.out));
    context.out().line(tr("Hand it to your CA; then: `kilt cert import FILE`"));
  }
  context.out().document(document);
}

}  // namespace

void add_csr(CLI::App& app, Context& context) {
  auto options = std::make_shared<CsrOptions>();
  CLI::App* command = app.add_subcommand("csr", tr("Make a certificate request (PKCS#10)"));
  command->add_option("key", options->key, tr("The key: its label, id or pkcs11: URI"));
  command->add_option("--subject", options->subject, tr("\"CN=...,SURNAME=...,C=KZ\""));
  command->add_option("--subject-from", options->subject_from,
                      tr("Take the subject from this certificate: a file, or label or id on the "
                         "token"));
  command->add_option("--email", options->email, tr("E-mail address for the certificate"));
  command
      ->add_option("--storage", options->storage,
                   tr("OID of the key storage for the CA; auto: the token's; none"))
      ->capture_default_str();
  command->add_option("--out", options->out, tr("File to write (default: standard output)"));
  command->add_flag("--der", options->der, tr("DER instead of PEM"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
