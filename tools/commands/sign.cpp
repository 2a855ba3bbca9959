// kilt sign: a signature by a key of the token, so that it proves to work.
#include <ctime>
#include <filesystem>
#include <optional>

#include <openssl/pem.h>

#include "tools/commands/before_login.h"
#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/signing/cades.h"
#include "tools/signing/cms.h"
#include "tools/signing/content.h"
#include "tools/signing/pdf.h"
#include "tools/signing/stamp_check.h"
#include "tools/signing/time_stamp.h"
#include "tools/signing/xml.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

struct SignOptions {
  std::string file, key, out, tsa;
  bool raw = false, attached = false, pem = false, xml = false, pdf = false;
  /// The document and its signature are one file.
  [[nodiscard]] bool inside() const noexcept { return xml || pdf; }
};

void check_options(const SignOptions& options) {
  const int forms = (options.raw ? 1 : 0) + (options.attached ? 1 : 0) + (options.xml ? 1 : 0) +
                    (options.pdf ? 1 : 0);
  const bool no_cms = options.raw || options.xml;
  if (forms > 1 || (options.pem && (no_cms || options.pdf)) || (!options.tsa.empty() && no_cms))
    throw Failure(Kind::kUsage,
                  tr("--raw, --xml, --pdf and --attached exclude each other; --pem is for CMS, "
                     "--tsa for CMS and PDF."));
}

/// letter.p7s, letter.sig; of letter.xml letter.signed.xml, of letter.pdf letter.signed.pdf.
std::string default_out(const SignOptions& options) {
  if (options.file == "-") return "-";
  if (!options.inside()) return options.file + (options.raw ? ".sig" : ".p7s");
  std::filesystem::path out = options.file;
  return out.replace_extension(options.pdf ? ".signed.pdf" : ".signed.xml");
}

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

std::string_view text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};  // NOLINT: characters
}

/// Asks the service, and believes it only that its own signature fits.
Bytes stamped(const KeyView& key, const Bytes& cms, const std::string& tsa) {
  return add_time_stamps(*SignedData::parse(cms), [&](BytesView signature) {
    const StampQuestion question{signature_algorithm(key).digest, digest_data(key, signature), {}};
    Bytes token = time_stamp(tsa, question, post_by_http);
    try {
      static_cast<void>(check_stamp(token, signature));
    } catch (const Failure& failure) {
      // A service may use an algorithm that is not known here; others judge it then.
      if (failure.kind() != Kind::kUnsupported)
        throw Failure(Kind::kBadInput, tr("There is no time stamp: {0}", failure.what()));
    }
    return token;
  });
}

/// What is signed: all of it, where it stands inside of what is made; else it is read when it is
/// hashed, of any size.
class Document {
 public:
  explicit Document(const SignOptions& options) {
    if (options.pdf)
      whole_ = read_file(options.file, kMaxPdf);
    else if (options.raw || options.attached || options.xml)
      whole_ = read_file(options.file);
    else
      parts_.emplace(options.file);
    if (options.xml) check_xml(text_of(whole_), false);
    if (options.pdf) check_pdf(whole_);
  }
  [[nodiscard]] const Bytes& whole() const noexcept { return whole_; }
  Bytes digest(Hash hash) { return digests_of(*parts_, {hash}).at(hash); }

 private:
  Bytes whole_;
  std::optional<Content> parts_;
};

/// PAdES: a CMS without a signing time of its own, which stands in the PDF (ETSI EN 319
/// 142-1, 6.3).
Bytes signed_pdf(Session& session, const KeyView& key, const CertificateView& certificate,
                 const Bytes& pdf, const std::string& tsa) {
  const Suite suite = suite_of(session, key, certificate.info->spki);
  return sign_pdf(pdf, certificate.info->common_name, std::time(nullptr), [&](BytesView content) {
    const Bytes cms = make_cades(suite, certificate.der, {content, false, false, 0});
    return tsa.empty() ? cms : stamped(key, cms, tsa);
  });
}

Bytes signature_of(Session& session, const KeyView& key, const CertificateView& certificate,
                   Document& document, const SignOptions& options) {
  if (options.xml)
    return to_bytes(sign_xml(text_of(document.whole()), false,
                             suite_of(session, key, certificate.info->spki), certificate.der, {}));
  if (options.pdf) return signed_pdf(session, key, certificate, document.whole(), options.tsa);
  Bytes cms = options.attached
                  ? make_cms(session, key, certificate.der, document.whole())
                  : make_detached_cms(session, key, certificate.der, document.digest(hash_of(key)));
  if (!options.tsa.empty()) cms = stamped(key, cms, options.tsa);
  return options.pem ? to_bytes(to_pem(PEM_STRING_CMS, cms)) : cms;
}

void run(Context& context, const SignOptions& options) {
  check_options(options);
  Document signed_document(options);
  // All that can go wrong without the token goes wrong before the PIN is asked.
  const std::string out = options.out.empty() ? default_out(options) : options.out;
  if (context.options.json && out == "-")
    throw Failure(Kind::kUsage, tr("With --json the signature needs a file: --out FILE"));
  ask_to_overwrite(context, out);
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), Session::Mode::kRead);
  const Inventory inventory =
      login_for(context, session, token, Choice(options.key), [&](const Inventory& seen) {
        const KeyView& key = choose_key(seen, options.key);
        if (!options.raw) static_cast<void>(choose_certificate(seen, key));
      });
  const KeyView& key = choose_key(inventory, options.key);
  Json document = context.document();
  document["key"] = key_json(token, key);
  Bytes result;
  if (options.raw) {
    result = sign_data(session, key, signed_document.whole()).bits;
  } else {
    const CertificateView& certificate = choose_certificate(inventory, key);
    document["certificate"] = certificate_json(context, token, certificate);
    const std::time_t now = std::time(nullptr);
    if (certificate.info->not_after < now || certificate.info->not_before > now)
      context.out().warn(
          tr("The certificate is not valid today ({0}): others will not accept the "
             "signature.",
             expiry_text(*certificate.info)));
    result = signature_of(session, key, certificate, signed_document, options);
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
  command->add_option("--out", options->out,
                      tr("File to write (default: FILE.p7s, FILE.sig, "
                         "FILE.signed.xml or FILE.signed.pdf)"));
  command->add_flag("--raw", options->raw, tr("The bare signature instead of CMS"));
  command->add_flag("--attached", options->attached, tr("CMS with the file inside"));
  command->add_flag("--xml", options->xml,
                    tr("XML Signature inside the document, as the state's sites take it"));
  command->add_flag("--pdf", options->pdf,
                    tr("A signature inside the PDF (PAdES), as PDF viewers show it"));
  command->add_flag("--pem", options->pem, tr("PEM instead of DER"));
  command->add_option("--tsa", options->tsa,
                      tr("Address of a time stamp service, e.g. http://tsp.pki.gov.kz"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
