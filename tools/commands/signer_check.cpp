#include "tools/commands/signer_check.h"

#include "tools/commands/report.h"
#include "tools/signing/stamp_check.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"
#include "tools/x509/online.h"
#include "tools/x509/trust.h"

namespace kilt::tool {
namespace {

std::string moment(const SignerCheck& check) {
  switch (check.source) {
    case TimeSource::kTimeStamp:
      return tr("{0}, when its time stamp was made", date(check.at));
    case TimeSource::kSigningTime:
      return tr("{0}, when it was signed by the signer's clock", date(check.at));
    case TimeSource::kNow:
      break;
  }
  return tr("{0}, today: the signature has no time", date(check.at));
}

const char* source_name(TimeSource source) noexcept {
  switch (source) {
    case TimeSource::kTimeStamp:
      return "time-stamp";
    case TimeSource::kSigningTime:
      return "signing-time";
    case TimeSource::kNow:
      break;
  }
  return "now";
}

/// A time stamp counts only if its service's certificate is of a trusted CA.
void use_stamp(const SignerFacts& signer, const Judge& judge, SignerCheck& check) {
  if (signer.time_stamp.empty()) return;
  try {
    const CheckedStamp stamp = check_stamp(signer.time_stamp, signer.signature);
    if (judge.trusted.empty()) {
      check.stamp = tr("its service is not checked");
      return;
    }
    static_cast<void>(check_chain(stamp.signer, judge.trusted, stamp.included, stamp.time));
    check.at = stamp.time;
    check.source = TimeSource::kTimeStamp;
  } catch (const Failure& failure) {
    check.stamp = failure.what();
  }
}

/// The signer's own certificate must be known not to be revoked; of the CAs above it only a
/// revocation counts, since not every one of them is looked after online.
void look_at_revocation(const Chain& chain, const Judge& judge, SignerCheck& check) {
  for (std::size_t i = 0; i + 1 < chain.certificates.size(); ++i) {
    const RevocationQuestion question{chain.certificates[i], chain.certificates[i + 1], check.at};
    RevocationAnswer answer = ask(judge.sources, question);
    if (judge.online && answer.state == Revocation::kUnknown && i == 0)
      answer = ask(fetch_revocation(question, check.troubles), question);
    if (i == 0) check.revocation = answer;
    // After a time that the signer alone tells, nothing is known of before and after.
    const bool later = check.source == TimeSource::kTimeStamp && answer.revoked > check.at;
    if (answer.state == Revocation::kRevoked && !later) {
      check.revocation = answer;
      check.trust = Trust::kRevoked;
      return;
    }
    if (i == 0 && answer.state == Revocation::kUnknown) check.trust = Trust::kRevocationUnknown;
  }
}

void judge_by_chain(const SignerFacts& signer, const Judge& judge,
                    const std::vector<Bytes>& included, SignerCheck& check) {
  Chain chain;
  try {
    chain = check_chain(signer.certificate, judge.trusted, included);
  } catch (const Failure& failure) {
    check.trust = Trust::kNoChain;
    check.chain = failure.what();
    return;
  }
  check.chain = chain.text;
  check.trust = Trust::kTrusted;
  if (judge.asks_revocation()) look_at_revocation(chain, judge, check);
  if (check.trust == Trust::kRevoked) return;
  const Purpose purpose = purpose_of(check.info);
  if (purpose != Purpose::kSign && purpose != Purpose::kBoth) check.trust = Trust::kWrongPurpose;
  try {
    static_cast<void>(check_chain(signer.certificate, judge.trusted, included, check.at));
  } catch (const Failure&) {
    check.trust = Trust::kNotValidThen;
  }
}

}  // namespace

const char* trust_name(Trust trust) noexcept {
  switch (trust) {
    case Trust::kTrusted:
      return "trusted";
    case Trust::kNoChain:
      return "no-chain";
    case Trust::kNotValidThen:
      return "not-valid-then";
    case Trust::kWrongPurpose:
      return "wrong-purpose";
    case Trust::kRevoked:
      return "revoked";
    case Trust::kRevocationUnknown:
      return "revocation-unknown";
    case Trust::kNotChecked:
      break;
  }
  return "not-checked";
}

SignerCheck check_signer(const SignerFacts& signer, const Judge& judge,
                         const std::vector<Bytes>& included) {
  SignerCheck check;
  check.info = parse_certificate(signer.certificate);
  check.element = signer.element;
  check.source = signer.signing_time ? TimeSource::kSigningTime : TimeSource::kNow;
  check.at = signer.signing_time.value_or(std::time(nullptr));
  use_stamp(signer, judge, check);
  if (!judge.trusted.empty()) judge_by_chain(signer, judge, included, check);
  return check;
}

std::string objection(const SignerCheck& check) {
  switch (check.trust) {
    case Trust::kNoChain:
      return tr("The signature fits the file, but its signer is NOT known: {0}", check.chain);
    case Trust::kNotValidThen:
      return tr("The signature fits the file, but a certificate was NOT valid on {0}.",
                moment(check));
    case Trust::kWrongPurpose:
      return tr("The signature fits the file, but its certificate is NOT for signatures.");
    case Trust::kRevoked:
      return tr("The signature fits the file, but its certificate is REVOKED: {0}",
                check.revocation->text);
    case Trust::kRevocationUnknown:
      return tr(
          "The signature fits the file, but whether its certificate was revoked is NOT "
          "known: {0}",
          check.revocation->text);
    case Trust::kNotChecked:
    case Trust::kTrusted:
      break;
  }
  return {};
}

Trust worst(const std::vector<SignerCheck>& checks) {
  Trust worst = checks.empty() ? Trust::kNotChecked : Trust::kTrusted;
  for (const SignerCheck& check : checks)
    if (check.trust != Trust::kTrusted) worst = check.trust;
  return worst;
}

void print_signer(Context& context, const SignerCheck& check) {
  Output& out = context.out();
  print_certificate(context, check.info);
  if (!check.element.empty()) out.field(tr("Signed"), tr("only the element {0}", check.element));
  if (!check.stamp.empty()) out.field(tr("Time stamp"), tr("does not count: {0}", check.stamp));
  out.field(tr("Chain"), check.trust == Trust::kNotChecked
                             ? tr("not checked (--ca FILE or `kilt trust add` checks it)")
                             : check.chain);
  if (check.revocation) out.field(tr("Revocation"), check.revocation->text);
  if (check.trust != Trust::kNotChecked) out.field(tr("Looked at for"), moment(check));
}

Json signer_json(const Context& context, const SignerCheck& check) {
  Json json = certificate_json(context, check.info);
  json["trust"] = trust_name(check.trust);
  json["checked_for"] = date(check.at);
  json["time"] = source_name(check.source);
  json["element"] = check.element.empty() ? Json(nullptr) : Json(check.element);
  if (check.revocation) {
    const RevocationAnswer& answer = *check.revocation;
    json["revocation"] = {
        {"state", revocation_name(answer.state)},
        {"text", answer.text},
        {"revoked", answer.revoked == 0 ? Json(nullptr) : Json(date(answer.revoked))}};
  }
  return json;
}

}  // namespace kilt::tool
