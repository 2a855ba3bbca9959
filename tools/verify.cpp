// kilt verify: checks a signature without any token.
#include <openssl/err.h>
#include <openssl/pem.h>

#include "tools/cms.h"
#include "tools/commands.h"
#include "tools/report.h"
#include "tools/text.h"

namespace kilt::tool {
namespace {

struct VerifyOptions {
  std::string file, signature, certificate, authorities, out;
  bool raw = false;
};

Bytes der_of(Bytes file) {
  const BioPtr bio(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) {
    ERR_clear_error();
    return file;
  }
  Bytes der(data, data + size);
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(data);
  return der;
}

[[noreturn]] void bad(Context& context, const Json& document) {
  context.out().line(context.out().paint(
      Colour::kBad,
      tr("The signature does NOT fit: the file was changed, or another key signed it.")));
  context.out().document(document);
  throw Finding();
}

void verify_raw(Context& context, const VerifyOptions& options, Json& document) {
  if (options.certificate.empty())
    throw Failure(Kind::kUsage, tr("A bare signature is checked with a certificate: --certificate "
                                   "FILE"));
  const CertificateInfo info =
      parse_certificate(certificates_in(read_file(options.certificate)).front());
  const auto good = verify_data(info.spki, read_file(options.file), read_file(options.signature));
  if (!good)
    throw Failure(Kind::kUnsupported, tr("OpenSSL does not know the signature's algorithm."));
  document["valid"] = *good;
  document["signers"].push_back(certificate_json(context, info));
  if (!*good) bad(context, document);
  context.out().line(context.out().paint(Colour::kGood, tr("The signature is good.")));
  print_certificate(context, info);
}

void verify_message(Context& context, const VerifyOptions& options, Json& document) {
  const bool detached = !options.signature.empty();
  const Bytes cms = der_of(read_file(detached ? options.signature : options.file));
  const Bytes content = detached ? read_file(options.file) : Bytes{};
  const auto trusted = options.authorities.empty()
                           ? std::vector<Bytes>{}
                           : certificates_in(read_file(options.authorities));
  const CmsVerdict verdict = verify_cms(cms, detached ? &content : nullptr, trusted);
  document["valid"] = verdict.signature;
  document["chain"] = verdict.chain.empty() ? Json(nullptr) : Json(verdict.chain);
  for (const Bytes& signer : verdict.signers)
    document["signers"].push_back(certificate_json(context, parse_certificate(signer)));
  if (!verdict.signature) bad(context, document);
  Output& out = context.out();
  out.line(out.paint(Colour::kGood, tr("The signature is good.")));
  for (const Bytes& signer : verdict.signers) print_certificate(context, parse_certificate(signer));
  out.field(tr("Chain"),
            verdict.chain.empty() ? tr("not checked (--ca FILE checks it)") : verdict.chain);
  if (!options.out.empty()) write_file(options.out, verdict.content);
}

void run(Context& context, const VerifyOptions& options) {
  Json document = context.document();
  document["signers"] = Json::array();
  if (options.raw)
    verify_raw(context, options, document);
  else
    verify_message(context, options, document);
  context.out().document(document);
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", tr("Check a signature"));
  command->add_option("file", options->file, tr("The signed file, or a CMS with it inside"))
      ->required();
  command->add_option("signature", options->signature, tr("The detached or bare signature"));
  command->add_flag("--raw", options->raw, tr("A bare signature, not CMS"));
  command->add_option("--certificate", options->certificate,
                      tr("The signer's certificate, for a bare signature"));
  command->add_option("--ca", options->authorities,
                      tr("File with the CA's certificates, to check the chain"));
  command->add_option("--out", options->out, tr("Write the signed contents here"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
