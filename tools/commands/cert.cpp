// kilt cert: certificates on the token.
#include <openssl/pem.h>

#include "tools/commands/before_login.h"
#include "tools/commands/cert_store.h"
#include "tools/commands/commands.h"
#include "tools/commands/confirmation.h"
#include "tools/commands/deletion.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

struct CertOptions {
  std::string choice, file, label, out;
  bool der = false, force = false;
};

/// The key that the certificate is for; a CA's certificate needs none.
const KeyView* key_for(const Inventory& inventory, const CertificateInfo& info, bool force) {
  const KeyView* key = inventory.key_with(info.spki);
  if (key == nullptr && !info.authority && !force)
    throw Failure(Kind::kBadInput,
                  tr("The certificate is for another key: no key on this token fits it."),
                  tr("Is it the right token? --force stores it nevertheless."));
  return key;
}

void import(Context& context, const CertOptions& options) {
  std::vector<CertificateInfo> infos;
  for (const Bytes& der : certificates_in(read_file(options.file))) {
    infos.push_back(parse_certificate(der));
    if (!options.force) check_validity(infos.back());
  }
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  const Check check = [&](const Inventory& one) {
    for (const CertificateInfo& info : infos) static_cast<void>(key_for(one, info, options.force));
  };
  const Inventory inventory = login_for(context, session, token, Choice(""), check);
  check(inventory);
  Json document = context.document();
  Json& list = document["certificates"] = Json::array();
  for (const CertificateInfo& info : infos) {
    const bool there = find_same(inventory, info.der) != nullptr;
    const KeyView* key = inventory.key_with(info.spki);
    const Bytes id = key != nullptr && !key->id.empty() ? key->id : info.key_id;
    std::string label = options.label;
    if (label.empty() && key != nullptr) label = key->label;
    if (label.empty()) label = info.common_name;
    if (!there) write_certificate(session, info, id, label);
    Json entry = certificate_json(context, info);
    entry["id"] = to_hex(id);
    entry["label"] = label;
    entry["already_there"] = there;
    list.push_back(entry);
    Output& out = context.out();
    out.line(out.paint(Colour::kGood, there ? tr("The certificate was on the token already.")
                                            : tr("The certificate is on the token.")));
    print_certificate(context, info);
  }
  context.out().document(document);
}

void export_one(Context& context, const CertOptions& options) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kRead);
  const Inventory inventory = read_inventory(session);
  const Choice choice(options.choice);
  const CertificateView& certificate = one_certificate(inventory, choice);
  const std::string pem = to_pem(PEM_STRING_X509, certificate.der);
  const bool to_file = !options.out.empty() && options.out != "-";
  if (to_file || !context.options.json)
    write_file(options.out, options.der ? BytesView(certificate.der) : view(pem), Access::kAll);
  if (to_file) context.out().line(tr("The certificate is in {0}.", options.out));
  Json document = context.document();
  document["certificate"] = certificate_json(context, token, certificate);
  document["pem"] = pem;
  context.out().document(document);
}

void show(Context& context, const CertOptions& options) {
  Json document = context.document();
  if (!options.file.empty()) {
    for (const Bytes& der : certificates_in(read_file(options.file))) {
      const CertificateInfo info = parse_certificate(der);
      print_certificate(context, info);
      document["certificates"].push_back(certificate_json(context, info));
    }
    context.out().document(document);
    return;
  }
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kRead);
  const Inventory inventory = read_inventory(session);
  const Choice choice(options.choice);
  const CertificateView& certificate = one_certificate(inventory, choice);
  if (!certificate.info)
    throw Failure(Kind::kBadInput, tr("The certificate on the token is damaged."));
  context.out().field(tr("Name"), certificate.label);
  context.out().field("ID", to_hex(certificate.id));
  print_certificate(context, *certificate.info);
  document["certificates"].push_back(certificate_json(context, token, certificate));
  context.out().document(document);
}

/// Opens the token for writing and hands over the chosen certificate.
template <typename Action>
void with_certificate(Context& context, const CertOptions& options, Action action) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  const Choice choice(options.choice);
  const Inventory inventory =
      login_for(context, session, token, choice,
                [&](const Inventory& seen) { static_cast<void>(one_certificate(seen, choice)); });
  const CertificateView& certificate = one_certificate(inventory, choice);
  Json document = context.document();
  document["certificate"] = certificate_json(context, token, certificate);
  action(token, session, inventory, certificate);
  context.out().document(document);
}

void relabel(Context& context, const CertOptions& options) {
  with_certificate(context, options,
                   [&](const ChosenToken&, Session& session, const Inventory&,
                       const CertificateView& certificate) {
                     Template change;
                     change.text(CKA_LABEL, options.label);
                     session.change(certificate.handle, std::move(change));
                     context.out().line(tr("Its name is \"{0}\" now.", options.label));
                   });
}

void remove(Context& context, const CertOptions& options) {
  with_certificate(
      context, options,
      [&](const ChosenToken& token, Session& session, const Inventory& inventory,
          const CertificateView& certificate) {
        check_not_last(inventory, inventory.key_of(certificate), options.force);
        if (certificate.info) print_certificate(context, *certificate.info);
        const std::string name =
            certificate.label.empty() ? to_hex(certificate.id) : certificate.label;
        const Choice choice(options.choice);
        const Inventory now = confirm_unchanged(
            context, session, token, inventory, tr("Type \"{0}\" to delete it", name), name,
            [&](const Inventory& one) { return description_of(one_certificate(one, choice)); });
        const CertificateView& chosen = one_certificate(now, choice);
        check_not_last(now, now.key_of(chosen), options.force);
        session.destroy(chosen.handle);
        context.out().line(tr("The certificate is deleted; its key is not."));
      });
}

}  // namespace

void add_cert(CLI::App& app, Context& context) {
  auto options = std::make_shared<CertOptions>();
  CLI::App* cert = app.add_subcommand("cert", tr("Certificates on the token"));
  cert->require_subcommand(1);
  const std::string which = tr("The certificate: its label, id or pkcs11: URI");

  CLI::App* command = cert->add_subcommand("import", tr("Store a certificate beside its key"));
  command->add_option("file", options->file, tr("PEM or DER file (-: standard input)"))->required();
  command->add_option("--label", options->label, tr("Its name (default: the key's)"));
  command->add_flag("--force", options->force,
                    tr("Also if it is expired, or no key on the token fits"));
  set_action(*command, context, [&context, options] { import(context, *options); });

  command = cert->add_subcommand("export", tr("Write a certificate to a file"));
  command->add_option("certificate", options->choice, which);
  command->add_option("--out", options->out, tr("File to write (default: standard output)"));
  command->add_flag("--der", options->der, tr("DER instead of PEM"));
  set_action(*command, context, [&context, options] { export_one(context, *options); });

  command = cert->add_subcommand("show", tr("Show a certificate's fields"));
  command->add_option("certificate", options->choice, which);
  command->add_option("--file", options->file, tr("Show a file's certificate instead"));
  set_action(*command, context, [&context, options] { show(context, *options); });

  command = cert->add_subcommand("relabel", tr("Give a certificate another name"));
  command->add_option("certificate", options->choice, which)->required();
  command->add_option("label", options->label, tr("The new name"))->required();
  set_action(*command, context, [&context, options] { relabel(context, *options); });

  command = cert->add_subcommand("delete", tr("Delete a certificate, not its key"));
  command->add_option("certificate", options->choice, which)->required();
  command->add_flag("--force", options->force, tr("Also of the only valid pair"));
  set_action(*command, context, [&context, options] { remove(context, *options); });
}

}  // namespace kilt::tool
