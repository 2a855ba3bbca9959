// kilt verify: checks a signature without any token, and says what it checked and what not.
#include <array>
#include <ctime>
#include <filesystem>

#include "tools/commands/commands.h"
#include "tools/commands/report.h"
#include "tools/signing/cms.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"
#include "tools/x509/trust.h"

namespace kilt::tool {
namespace {

struct VerifyOptions {
  std::string file, signature, certificate, authorities, out;
  bool raw = false;
};

/// What is known about who signed, beyond that a certificate's key did.
enum class Trust { kNotChecked, kTrusted, kNoChain, kNotValidThen, kWrongPurpose };

const char* trust_name(Trust trust) {
  switch (trust) {
    case Trust::kTrusted:
      return "trusted";
    case Trust::kNoChain:
      return "no-chain";
    case Trust::kNotValidThen:
      return "not-valid-then";
    case Trust::kWrongPurpose:
      return "wrong-purpose";
    case Trust::kNotChecked:
      break;
  }
  return "not-checked";
}

struct SignerCheck {
  CertificateInfo info;
  std::time_t at = 0;         ///< the moment for which validity was judged
  bool signing_time = false;  ///< `at` is the signer's own statement, else it is now
  Trust trust = Trust::kNotChecked;
  std::string chain;  ///< for people
};

SignerCheck check_signer(const CmsSigner& signer, const std::vector<Bytes>& trusted,
                         const std::vector<Bytes>& included) {
  SignerCheck check{parse_certificate(signer.certificate), 0, false, Trust::kNotChecked, {}};
  check.signing_time = signer.signing_time.has_value();
  check.at = signer.signing_time.value_or(std::time(nullptr));
  if (trusted.empty()) return check;
  check.trust = Trust::kTrusted;
  try {
    check.chain = check_chain(signer.certificate, trusted, included);
  } catch (const Failure& failure) {
    check.trust = Trust::kNoChain;
    check.chain = failure.what();
    return check;
  }
  const Purpose purpose = purpose_of(check.info);
  if (purpose != Purpose::kSign && purpose != Purpose::kBoth) check.trust = Trust::kWrongPurpose;
  try {
    check_chain(signer.certificate, trusted, included, check.at);
  } catch (const Failure&) {
    check.trust = Trust::kNotValidThen;
  }
  return check;
}

std::string moment(const SignerCheck& check) {
  return check.signing_time ? tr("{0}, when it was signed by the signer's clock", date(check.at))
                            : tr("{0}, today: the signature has no time", date(check.at));
}

/// The sentence about one signer that is not simply trusted.
std::string objection(const SignerCheck& check) {
  switch (check.trust) {
    case Trust::kNoChain:
      return tr("The signature fits the file, but its signer is NOT known: {0}", check.chain);
    case Trust::kNotValidThen:
      return tr("The signature fits the file, but a certificate was NOT valid on {0}.",
                moment(check));
    case Trust::kWrongPurpose:
      return tr("The signature fits the file, but its certificate is NOT for signatures.");
    default:
      return {};
  }
}

void print_signers(Context& context, const std::vector<SignerCheck>& checks) {
  Output& out = context.out();
  for (const SignerCheck& check : checks) {
    print_certificate(context, check.info);
    out.field(tr("Chain"), check.trust == Trust::kNotChecked
                               ? tr("not checked (--ca FILE checks it)")
                               : check.chain);
    if (check.trust != Trust::kNotChecked) out.field(tr("Looked at for"), moment(check));
  }
}

/// The worst of them decides.
Trust worst(const std::vector<SignerCheck>& checks) {
  Trust worst = checks.empty() ? Trust::kNotChecked : Trust::kTrusted;
  for (const SignerCheck& check : checks)
    if (check.trust != Trust::kTrusted) worst = check.trust;
  return worst;
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
    Json signer = certificate_json(context, check.info);
    signer["trust"] = trust_name(check.trust);
    signer["checked_for"] = date(check.at);
    signer["time"] = check.signing_time ? "signing-time" : "now";
    document["signers"].push_back(signer);
  }
  std::string objections;
  for (const SignerCheck& check : checks)
    if (const std::string one = objection(check); !one.empty())
      objections += (objections.empty() ? "" : "\n") + one;
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
  if (fits) print_signers(context, checks);
  out.document(document);
  if (!fits || !objections.empty()) throw Finding();
  if (trust != Trust::kTrusted) throw Finding(Kind::kUnchecked);
}

std::vector<Bytes> trusted_by(const VerifyOptions& options) {
  return options.authorities.empty() ? std::vector<Bytes>{}
                                     : certificates_in(read_file(options.authorities));
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
  const SignerCheck check = check_signer({certificate, std::nullopt}, trusted_by(options), {});
  const Verification signature =
      verify_data(check.info.spki, read_file(options.file), read_file(options.signature));
  conclude(context, signature, {check}, document);
}

void verify_message(Context& context, VerifyOptions options, Json& document) {
  Bytes cms = cms_in(read_file(options.signature.empty() ? options.file : options.signature));
  if (options.signature.empty() && !is_cms(cms)) {
    options.signature = beside(options.file, {".p7s", ".cms"});
    if (options.signature.empty())
      throw Failure(Kind::kBadInput,
                    tr("{0} holds no signature, and there is no {0}.p7s beside it.", options.file),
                    tr("Name the file with the signature behind the signed one."));
    context.out().note(tr("The signature is in {0}.", options.signature));
    cms = cms_in(read_file(options.signature));
  }
  const bool detached = !options.signature.empty();
  const Bytes content = detached ? read_file(options.file) : Bytes{};
  const CmsVerdict verdict = verify_cms(cms, detached ? &content : nullptr);
  const auto trusted = trusted_by(options);
  std::vector<SignerCheck> checks;
  for (const CmsSigner& signer : verdict.signers)
    checks.push_back(check_signer(signer, trusted, verdict.included));
  if (!options.out.empty() && verdict.signature == Verification::kFits)
    write_file(options.out, verdict.content);
  conclude(context, verdict.signature, checks, document);
}

void run(Context& context, const VerifyOptions& options) {
  Json document = context.document();
  document["signers"] = Json::array();
  if (options.raw)
    verify_raw(context, options, document);
  else
    verify_message(context, options, document);
}

}  // namespace

void add_verify(CLI::App& app, Context& context) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command = app.add_subcommand("verify", tr("Check a signature"));
  command->add_option("file", options->file, tr("The signed file, or a CMS with it inside"))
      ->required();
  command->add_option("signature", options->signature,
                      tr("The detached or bare signature (default: FILE.p7s, FILE.sig)"));
  command->add_flag("--raw", options->raw, tr("A bare signature, not CMS"));
  command->add_option("--certificate", options->certificate,
                      tr("The signer's certificate, for a bare signature"));
  command->add_option("--ca", options->authorities,
                      tr("File with the CA's certificates, to check who signed"));
  command->add_option("--out", options->out, tr("Write the signed contents here"));
  set_action(*command, context, [&context, options] { run(context, *options); });
}

}  // namespace kilt::tool
