// kilt sign: a signature by a key of the token, so that it proves to work.
#include <ctime>
#include <filesystem>

#include <openssl/pem.h>

#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/signing/cms.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

struct SignOptions {
  std::string file, key, out;
  bool raw = false, attached = false, pem = false;
};

/// Without a name: the key that signs documents by its certificate, of several the one valid
/// longest.
const KeyView& choose_key(const Inventory& inventory, const std::string& name) {
  const KeyView* best = nullptr;
  std::time_t until = std::time(nullptr);
  if (name.empty())
    for (const KeyView& key : inventory.keys)
      for (const CertificateView* certificate : inventory.certificates_of(key)) {
        if (!certificate->info || certificate->info->not_after <= until) continue;
        const Purpose purpose = purpose_of(*certificate->info);
        if (purpose != Purpose::kSign && purpose != Purpose::kBoth) continue;
        best = &key;
        until = certificate->info->not_after;
      }
  return best == nullptr ? one_key(inventory, Choice(name)) : *best;
}

/// The key's certificate that is valid longest.
const CertificateView& choose_certificate(const Inventory& inventory, const KeyView& key) {
  const CertificateView* best = nullptr;
  for (const CertificateView* one : inventory.certificates_of(key))
    if (one->info && (best == nullptr || one->info->not_after > best->info->not_after)) best = one;
  if (best == nullptr)
    throw Failure(Kind::kNotFound, tr("The key has no certificate on the token."),
                  tr("--raw signs without one."));
  return *best;
}

/// An older signature is not lost by a slip.
void ask_to_overwrite(Context& context, const std::string& out) {
  std::error_code error;
  if (out == "-" || !std::filesystem::is_regular_file(out, error)) return;
  context.confirm(tr("{0} is there already. Type \"yes\" to overwrite it", out), "yes");
}

void run(Context& context, const SignOptions& options) {
  const Bytes content = read_file(options.file);
  // All that can go wrong without the token goes wrong before the PIN is asked.
  std::string out = options.out;
  if (out.empty()) out = options.file == "-" ? "-" : options.file + (options.raw ? ".sig" : ".p7s");
  if (context.options.json && out == "-")
    throw Failure(Kind::kUsage, tr("With --json the signature needs a file: --out FILE"));
  ask_to_overwrite(context, out);
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kRead);
  context.login(session, token, Role::kUser);
  const Inventory inventory = read_inventory(session);
  const KeyView& key = choose_key(inventory, options.key);
  Json document = context.document();
  document["key"] = key_json(token, key);
  Bytes result;
  if (options.raw) {
    result = sign_data(session, key, content).bits;
  } else {
    const CertificateView& certificate = choose_certificate(inventory, key);
    document["certificate"] = certificate_json(context, token, certificate);
    const std::time_t now = std::time(nullptr);
    if (certificate.info->not_after < now || certificate.info->not_before > now)
      context.out().warn(
          tr("The certificate is not valid today ({0}): others will not accept the "
             "signature.",
             expiry_text(*certificate.info)));
    result = make_cms(session, key, certificate.der, content,
                      options.attached ? CmsForm::kAttached : CmsForm::kDetached);
    if (options.pem) {
      const std::string pem = to_pem(PEM_STRING_CMS, result);
      result = to_bytes(pem);
    }
  }
  write_file(out, result, Access::kAll);
  document["file"] = out;
  context.out().note(tr("The signature is in {0}.", out));
  context.out().document(document);
}

}  // namespace

void add_sign(CLI::App& app, Context& context) {
  auto options = std::make_shared<SignOptions>();
  CLI::App* command = app.add_subcommand("sign", tr("Sign a file with a key of the token"));
  command->add_option("file", options->file, tr("The file (-: standard input)"))->required();
  command->add_option("--key", options->key,
                      tr("The key: its label, id or pkcs11: URI (default: the one that signs)"));
  command->add_option("--out", options->out, tr("File to write (default: FILE.p7s or FILE.sig)"));
  command->add_flag("--raw", options->raw, tr("The bare signature instead of CMS"));
  command->add_flag("--attached", options->attached, tr("CMS with the file inside"));
  command->add_flag("--pem", options->pem, tr("PEM instead of DER"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
