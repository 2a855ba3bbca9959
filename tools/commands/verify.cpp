// kilt verify: checks a signature without any token, and says what it checked and what not.
#include <filesystem>
#include <optional>

#include "tools/commands/commands.h"
#include "tools/commands/signer_check.h"
#include "tools/signing/cms.h"
#include "tools/signing/content.h"
#include "tools/signing/pdf.h"
#include "tools/signing/xml_check.h"
#include "tools/terminal/text.h"
#include "tools/x509/crl.h"
#include "tools/x509/ocsp.h"
#include "tools/x509/trust_store.h"

namespace kilt::tool {
namespace {

constexpr std::uintmax_t kMaxSignature = std::uintmax_t{16} << 20U;

struct VerifyOptions {
  std::string file, signature, certificate, authorities, out;
  std::vector<std::string> crls, answers;
  bool raw = false, online = false;
};

/// What the signature is over, where it is not the whole file.
void print_part(Output& out, const std::vector<SignerCheck>& checks) {
  for (const SignerCheck& check : checks)
    if (!check.element.empty())
      out.line(out.paint(
          Colour::kWarn,
          tr("Only the element {0} is signed, and nothing else in the file:", check.element)));
}

/// Prints what is known and ends the command accordingly.
void conclude(Context& context, Verification signature, const std::vector<SignerCheck>& checks,
              Json& document) {
  Output& out = context.out();
  if (signature == Verification::kNotComputed)
    throw Failure(Kind::kUnsupported,
                  tr("Whether the signature fits could not be computed: its algorithm is not known "
                     "here, or the signer's certificate is missing."));
  const bool fits = signature == Verification::kFits;
  const Trust trust = worst(checks);
  document["valid"] = fits;
  document["trust"] = trust_name(trust);
  document["chain"] = trust == Trust::kTrusted ? Json(checks.front().chain) : Json(nullptr);
  for (const SignerCheck& check : checks) {
    document["signers"].push_back(signer_json(context, check));
    for (const std::string& trouble : check.troubles) out.warn(trouble);
  }
  std::string objections;
  for (const SignerCheck& check : checks)
    if (const std::string one = objection(check); !one.empty())
      objections += (objections.empty() ? "" : "\n") + one;
  if (fits) print_part(out, checks);
  if (!fits)
    out.line(out.paint(
        Colour::kBad,
        tr("The signature does NOT fit: the file was changed, or another key signed it.")));
  else if (!objections.empty())
    out.line(out.paint(Colour::kBad, objections));
  else if (trust == Trust::kTrusted)
    out.line(out.paint(Colour::kGood, tr("The signature fits the file, and its signer is known.")));
  else
    out.line(
        out.paint(Colour::kWarn, tr("The signature fits the file; WHO signed is not checked.")));
  if (fits)
    for (const SignerCheck& check : checks) print_signer(context, check);
  out.document(document);
  if (!fits || !objections.empty()) throw Finding();
  if (trust != Trust::kTrusted) throw Finding(Kind::kUnchecked);
}

/// --ca is used alone, else all that `kilt trust` keeps.
Judge judge_of(const VerifyOptions& options) {
  Judge judge;
  judge.trusted = options.authorities.empty() ? trusted_ders()
                                              : certificates_in(read_file(options.authorities));
  for (const std::string& file : options.crls) judge.sources.push_back(read_crl(read_file(file)));
  for (const std::string& file : options.answers)
    judge.sources.push_back(read_ocsp(read_file(file)));
  judge.online = options.online;
  if (judge.asks_revocation() && judge.trusted.empty())
    throw Failure(
        Kind::kUsage,
        tr("Whether a certificate was revoked is the word of its CA, which is not known."),
        tr("Give the CA's certificates: --ca FILE, or `kilt trust add FILE`."));
  return judge;
}

/// "letter.p7s" beside "letter", if it is there.
std::string beside(const std::string& file, std::initializer_list<const char*> endings) {
  std::error_code error;
  for (const char* ending : endings)
    if (std::filesystem::is_regular_file(file + ending, error)) return file + ending;
  return {};
}

void verify_raw(Context& context, VerifyOptions options, Json& document) {
  if (options.certificate.empty())
    throw Failure(Kind::kUsage, tr("A bare signature is checked with a certificate: --certificate "
                                   "FILE"));
  if (options.signature.empty()) options.signature = beside(options.file, {".sig"});
  if (options.signature.empty())
    throw Failure(Kind::kUsage, tr("Name the file with the signature."));
  const Bytes certificate = certificates_in(read_file(options.certificate)).front();
  const SignerCheck check = check_signer({certificate, {}, {}, {}, {}}, judge_of(options), {});
  const Verification signature =
      verify_data(check.info.spki, read_file(options.file), read_file(options.signature));
  conclude(context, signature, {check}, document);
}

void verify_document(Context& context, const VerifyOptions& options, const Bytes& file,
                     Json& document) {
  const XmlVerdict verdict = verify_xml(file);
  const Judge judge = judge_of(options);
  std::vector<Bytes> included;
  std::vector<SignerCheck> checks;
  for (const XmlSigner& signer : verdict.signers) included.push_back(signer.certificate);
  std::erase(included, Bytes());
  for (const XmlSigner& signer : verdict.signers)
    if (!signer.certificate.empty())
      checks.push_back(
          check_signer({signer.certificate, {}, {}, {}, signer.element}, judge, included));
  document["form"] = "xml";
  if (!options.out.empty() && verdict.signature == Verification::kFits)
    write_file(options.out, verdict.content);
  conclude(context, verdict.signature, checks, document);
}

/// Adds what is known of each signer of a message.
void judge_signers(const CmsVerdict& verdict, const Judge& judge,
                   std::vector<SignerCheck>& checks) {
  for (const CmsSigner& signer : verdict.signers)
    checks.push_back(check_signer(
        {signer.certificate, signer.signing_time, signer.signature, signer.time_stamp, {}}, judge,
        verdict.included));
}

/// The CMS that the command line means, and the name of what was signed, if it is not inside.
struct Message {
  Bytes cms;
  bool detached = false;
};
Message find_message(Context& context, const VerifyOptions& options, Bytes named) {
  if (!options.signature.empty()) return {cms_in(read_file(options.signature)), true};
  Message message{cms_in(std::move(named)), false};
  if (is_cms(message.cms)) return message;
  const std::string signature = beside(options.file, {".p7s", ".cms"});
  if (signature.empty())
    throw Failure(Kind::kBadInput,
                  tr("{0} holds no signature, and there is no {0}.p7s beside it.", options.file),
                  tr("Name the file with the signature behind the signed one."));
  context.out().note(tr("The signature is in {0}.", signature));
  return {cms_in(read_file(signature)), true};
}

void verify_message(Context& context, const VerifyOptions& options, Bytes named, Json& document) {
  const Message message = find_message(context, options, std::move(named));
  const Judge judge = judge_of(options);
  if (message.detached && !options.out.empty())
    throw Failure(Kind::kUsage, tr("--out is for signatures with the signed file inside."));
  std::optional<Content> content;
  if (message.detached) content.emplace(options.file);
  const CmsVerdict verdict = verify_cms(message.cms, content ? &*content : nullptr);
  std::vector<SignerCheck> checks;
  judge_signers(verdict, judge, checks);
  document["form"] = "cms";
  if (!options.out.empty() && verdict.signature == Verification::kFits)
    write_file(options.out, verdict.content);
  conclude(context, verdict.signature, checks, document);
}

/// Every signature inside a PDF is judged; the last one has to be of the whole file.
void verify_pdf(Context& context, const VerifyOptions& options, Json& document) {
  const Bytes pdf = read_file(options.file, kMaxPdf);
  const auto signatures = read_pdf_signatures(pdf);
  if (signatures.empty())
    throw Failure(Kind::kBadInput,
                  tr("{0} holds no signature, and there is no {0}.p7s beside it.", options.file),
                  tr("Name the file with the signature behind the signed one."));
  const Judge judge = judge_of(options);
  Verification all = signatures.back().whole ? Verification::kFits : Verification::kDoesNotFit;
  std::vector<SignerCheck> checks;
  for (const PdfSignature& signature : signatures) {
    Content content{BytesView(signature.content)};
    const CmsVerdict verdict = verify_cms(signature.cms, &content);
    if (verdict.signature == Verification::kNotComputed)
      all = verdict.signature;
    else if (verdict.signature == Verification::kDoesNotFit && all == Verification::kFits)
      all = verdict.signature;
    judge_signers(verdict, judge, checks);
  }
  document["form"] = "pdf";
  conclude(context, all, checks, document);
}

/// What may be a signature itself; of a file that is too large for one nothing is read.
Bytes read_signature(const VerifyOptions& options) {
  std::error_code error;
  const auto size = std::filesystem::file_size(options.file, error);
  if (!options.signature.empty() || (!error && size > kMaxSignature)) return {};
  return read_file(options.file);
}

/// Nothing of what can be read once only.
Bytes read_beginning(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) return {};
  Bytes part(8);
  Content content(file);
  part.resize(content.read(part));
  return part;
}

void run(Context& context, const VerifyOptions& options) {
  Json document = context.document();
  document["signers"] = Json::array();
  if (options.raw) {
    document["form"] = "raw";
    return verify_raw(context, options, document);
  }
  const bool alone = options.signature.empty() && beside(options.file, {".p7s", ".cms"}).empty();
  if (alone && is_pdf(read_beginning(options.file))) return verify_pdf(context, options, document);
  Bytes named = read_signature(options);
  if (alone && looks_like_xml(named)) return verify_document(context, options, named, document);
  verify_message(context, options, std::move(named), document);
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", tr("Check a signature"));
  command
      ->add_option("file", options->file,
                   tr("The signed file; or signed XML or PDF, or a CMS with the file inside"))
      ->required();
  command->add_option("signature", options->signature,
                      tr("The detached or bare signature (default: FILE.p7s, FILE.sig)"));
  command->add_flag("--raw", options->raw, tr("A bare signature, not CMS"));
  command->add_option("--certificate", options->certificate,
                      tr("The signer's certificate, for a bare signature"));
  command->add_option("--ca", options->authorities,
                      tr("File with the CA's certificates, to check who signed (default: those of "
                         "`kilt trust`)"));
  command->add_option("--crl", options->crls, tr("The CA's list of revoked certificates"))
      ->allow_extra_args(false);
  command->add_option("--ocsp", options->answers, tr("The CA's OCSP answer about the signer"))
      ->allow_extra_args(false);
  command->add_flag("--online", options->online,
                    tr("Ask the CA's services whether the certificate was revoked"));
  command->add_option("--out", options->out, tr("Write the signed contents here"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
