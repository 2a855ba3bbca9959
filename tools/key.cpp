// kilt key: key pairs on the token.
#include "tools/commands.h"
#include "tools/keygen.h"
#include "tools/report.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

struct GenerateOptions {
  KeyPlan plan;
  std::string id;
  bool sign_only = false;
};

Bytes id_of(const std::string& text) {
  try {
    return from_hex(text);
  } catch (const std::invalid_argument&) {
    throw Failure(Kind::kUsage, tr("'{0}' is no hexadecimal id.", clean(text)));
  }
}

void generate(Context& context, GenerateOptions options) {
  options.plan.id = id_of(options.id);
  options.plan.decrypt = !options.sign_only;
  const ChosenToken token = context.token();
  check_plan(context, token, options.plan);
  Session session(context.module(), token.id(), Session::Mode::kWrite);
  context.login(session, token, Role::kUser);
  const KeyView key = make_key(context, session, options.plan);
  Output& out = context.out();
  out.line(out.paint(Colour::kGood, tr("A key pair is made: {0}.", key.algorithm)));
  if (!key.label.empty()) out.field(tr("Name"), key.label);
  out.field("ID", to_hex(key.id));
  out.field("URI", object_uri(token.token(), CKO_PRIVATE_KEY, key.id, key.label));
  out.line(tr("Next: `kilt csr {0}` makes the request for its certificate.", to_hex(key.id)));
  Json document = context.document();
  document["key"] = key_json(token, key);
  out.document(document);
}

}  // namespace

void add_key(CLI::App& app, Context& context) {
  CLI::App* key = app.add_subcommand("key", tr("Key pairs on the token"));
  key->require_subcommand(1);
  auto options = std::make_shared<GenerateOptions>();
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
}

}  // namespace kilt::tool
