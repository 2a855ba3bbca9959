// kilt key: key pairs on the token.
#include <openssl/pem.h>

#include "tools/commands/before_login.h"
#include "tools/commands/commands.h"
#include "tools/commands/confirmation.h"
#include "tools/commands/deletion.h"
#include "tools/commands/key_import.h"
#include "tools/commands/keygen.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct KeyOptions {
  KeyPlan plan;
  std::string id, choice, label, out, file, password_source;
  bool sign_only = false, force = false, der = false;
};

Bytes id_of(const std::string& text) {
  try {
    return from_hex(text);
  } catch (const std::invalid_argument&) {
    throw Failure(Kind::kUsage, tr("'{0}' is no hexadecimal id.", clean(text)));
  }
}

void print_key(Context& context, const ChosenToken& token, const KeyView& key) {
  Output& out = context.out();
  if (!key.label.empty()) out.field(tr("Name"), key.label);
  out.field("ID", to_hex(key.id));
  out.field(tr("Key"), key.algorithm);
  out.field("URI", object_uri(token.token(), CKO_PRIVATE_KEY, key.id, key.label));
}

void generate(Context& context, KeyOptions options) {
  options.plan.id = id_of(options.id);
  options.plan.decrypt = !options.sign_only;
  const ChosenToken token = context.token();
  check_plan(context, token, options.plan);
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  context.login(session, token, Role::kUser);
  const KeyView key = make_key(context, session, options.plan);
  Output& out = context.out();
  out.line(out.paint(Colour::kGood, tr("A key pair is made: {0}.", key.algorithm)));
  print_key(context, token, key);
  out.line(tr("Next: `kilt csr {0}` makes the request for its certificate.", to_hex(key.id)));
  Json document = context.document();
  document["key"] = key_json(token, key);
  out.document(document);
}

void import(Context& context, const KeyOptions& options) {
  const Bytes id = id_of(options.id);
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  require_function(read_status(session, token.token()), "import-key");
  const KeyFile file = read_key_file(options.file, options.password_source);
  context.login(session, token, Role::kUser);
  const KeyView key = import_key(session, file, options.plan.label, id);
  context.out().line(context.out().paint(Colour::kGood, tr("The key is on the token.")));
  print_key(context, token, key);
  Json document = context.document();
  document["key"] = key_json(token, key);
  document["certificates"] = Json::array();
  for (const CertificateInfo& info : file.certificates)
    document["certificates"].push_back(certificate_json(context, info));
  context.out().document(document);
}

/// Opens the token and hands over the chosen key, logged in if `write`.
template <typename Action>
void with_key(Context& context, const KeyOptions& options, Session::Mode mode, Action action) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), mode);
  const Choice choice(options.choice);
  const Inventory inventory =
      mode == Session::Mode::kRead
          ? read_inventory(session)
          : login_for(context, session, token, choice,
                      [&](const Inventory& seen) { static_cast<void>(one_key(seen, choice)); });
  const KeyView& key = one_key(inventory, choice);
  Json document = context.document();
  document["key"] = key_json(token, key);
  action(token, session, inventory, key, document);
  context.out().document(document);
}

void show(Context& context, const KeyOptions& options) {
  with_key(context, options, Session::Mode::kRead,
           [&](const ChosenToken& token, Session&, const Inventory& inventory, const KeyView& key,
               Json& document) {
             print_key(context, token, key);
             document["certificates"] = Json::array();
             for (const CertificateView* one : inventory.certificates_of(key)) {
               document["certificates"].push_back(certificate_json(context, token, *one));
               if (!one->info) continue;
               context.out().line();
               print_certificate(context, *one->info);
             }
           });
}

void export_public(Context& context, const KeyOptions& options) {
  with_key(context, options, Session::Mode::kRead,
           [&](const ChosenToken&, Session&, const Inventory&, const KeyView& key, Json& document) {
             if (key.spki.empty())
               throw Failure(Kind::kUnsupported, tr("The token does not give the public key."));
             const std::string pem = to_pem(PEM_STRING_PUBLIC, key.spki);
             document["pem"] = pem;
             const bool to_file = !options.out.empty() && options.out != "-";
             if (to_file || !context.options.json)
               write_file(options.out, options.der ? BytesView(key.spki) : view(pem), Access::kAll);
           });
}

void relabel(Context& context, const KeyOptions& options) {
  with_key(context, options, Session::Mode::kWrite,
           [&](const ChosenToken&, Session& session, const Inventory&, const KeyView& key, Json&) {
             for (const CK_OBJECT_HANDLE half : {key.private_key, key.public_key}) {
               if (half == 0) continue;
               Template change;
               change.text(CKA_LABEL, options.label);
               session.change(half, std::move(change));
             }
             context.out().line(tr("The key's name is \"{0}\" now.", options.label));
           });
}

void remove(Context& context, const KeyOptions& options) {
  with_key(context, options, Session::Mode::kWrite,
           [&](const ChosenToken& token, Session& session, const Inventory& inventory,
               const KeyView& key, Json& document) {
             check_not_last(inventory, &key, options.force);
             print_key(context, token, key);
             context.out().note(tr("It is deleted for good; nobody can bring it back."));
             const std::string name = key.label.empty() ? to_hex(key.id) : key.label;
             const Choice choice(options.choice);
             const Inventory now = confirm_unchanged(
                 context, session, token, inventory, tr("Type \"{0}\" to delete it", name), name,
                 [&](const Inventory& one) { return description_of(one_key(one, choice)); });
             const KeyView& chosen = one_key(now, choice);
             check_not_last(now, &chosen, options.force);
             const auto certificates = now.certificates_of(chosen);
             delete_key(session, chosen);
             context.out().line(tr("The key is deleted."));
             document["certificates_left"] = certificates.size();
             for (const CertificateView* certificate : certificates)
               context.out().line(tr("Its certificate is still there: `kilt cert delete {0}`",
                                     to_hex(certificate->id)));
           });
}

}  // namespace

void add_key(CLI::App& app, Context& context) {
  CLI::App* key = app.add_subcommand("key", tr("Key pairs on the token"));
  key->require_subcommand(1);
  auto options = std::make_shared<KeyOptions>();
  const std::string which = tr("The key: its label, id or pkcs11: URI");

  CLI::App* command = key->add_subcommand("generate", tr("Make a key pair on the token"));
  command
      ->add_option("--type", options->plan.algorithm,
                   tr("rsa:BITS, gost:A, gost:B, gost:C, ec:CURVE"))
      ->capture_default_str();
  command->add_option("--label", options->plan.label, tr("Its name"));
  command->add_option("--id", options->id,
                      tr("Its id, hexadecimal (default: the key identifier of X.509)"));
  command->add_flag("--sign-only", options->sign_only, tr("Not for decryption"));
  set_action(*command, context, [&context, options] { generate(context, *options); });

  command = key->add_subcommand("import", tr("Store a private key of a file on the token"));
  command->add_option("file", options->file, tr("PKCS#12, or PEM"))->required();
  command->add_option("--password-source", options->password_source,
                      tr("Where the file's password comes from: file:PATH, env:NAME, fd:NUMBER"));
  command->add_option("--label", options->plan.label, tr("Its name"));
  command->add_option("--id", options->id,
                      tr("Its id, hexadecimal (default: the key identifier of X.509)"));
  set_action(*command, context, [&context, options] { import(context, *options); });

  command = key->add_subcommand("show", tr("Show a key and its certificates"));
  command->add_option("key", options->choice, which);
  set_action(*command, context, [&context, options] { show(context, *options); });

  command = key->add_subcommand("export", tr("Write the public key to a file"));
  command->add_option("key", options->choice, which);
  command->add_option("--out", options->out, tr("File to write (default: standard output)"));
  command->add_flag("--der", options->der, tr("DER instead of PEM"));
  set_action(*command, context, [&context, options] { export_public(context, *options); });

  command = key->add_subcommand("relabel", tr("Give a key another name"));
  command->add_option("key", options->choice, which)->required();
  command->add_option("label", options->label, tr("The new name"))->required();
  set_action(*command, context, [&context, options] { relabel(context, *options); });

  command = key->add_subcommand("delete", tr("Delete a key pair"));
  command->add_option("key", options->choice, which)->required();
  command->add_flag("--force", options->force, tr("Also the only pair with a valid certificate"));
  set_action(*command, context, [&context, options] { remove(context, *options); });
}

}  // namespace kilt::tool
