#include "tools/signing/cms_check.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/crypto/ber.h"
#include "drivers/crypto/errors.h"
#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/pkcs12_format.h"
#include "drivers/crypto/x509.h"
#include "drivers/crypto/x509_extensions.h"
#include "tools/signing/cades.h"
#include "tools/signing/hash_signature.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::uint32_t kInteger = 0x02, kOctets = 0x04, kOid = 0x06, kSequence = 0x30, kSet = 0x31,
                        kTag0 = 0xA0, kKeyId = 0x80;
// DER OBJECT IDENTIFIERs in hex.
constexpr const char* kContentType = "06092A864886F70D010903";
constexpr const char* kMessageDigest = "06092A864886F70D010904";

[[noreturn]] void damaged() {
  throw Failure(Kind::kBadInput, tr("This is no CMS signature, or it is damaged."));
}

tlv::Node expect(tlv::Reader& reader, std::uint32_t tag) {
  const auto node = reader.next();
  if (!node || node->tag != tag) damaged();
  return *node;
}

Hash hash_named(BytesView algorithm) {
  tlv::Reader fields(algorithm);
  const BytesView oid = expect(fields, kOid).encoded;
  const Hash gost = crypto::gost_hash_named(oid);
  return gost != Hash::kNone ? gost : crypto::pkcs12::hash_named(oid);
}

struct SignerFields {
  BytesView issuer, serial, key_id;  ///< who: issuer and serial, or the key's identifier
  Hash hash = Hash::kNone;
  std::optional<tlv::Node> attributes;
  BytesView signature;
};

SignerFields fields_of(BytesView der) {
  tlv::Reader outer(der);
  tlv::Reader fields(expect(outer, kSequence).value);
  SignerFields signer;
  static_cast<void>(expect(fields, kInteger));
  const auto who = fields.next();
  if (!who) damaged();
  if (who->tag == kSequence) {
    tlv::Reader name(who->value);
    signer.issuer = expect(name, kSequence).encoded;
    signer.serial = expect(name, kInteger).encoded;
  } else if (who->tag == kKeyId) {
    signer.key_id = who->value;
  } else {
    damaged();
  }
  signer.hash = hash_named(expect(fields, kSequence).value);
  auto next = fields.next();
  if (next && next->tag == kTag0) {
    signer.attributes = next;
    next = fields.next();
  }
  if (!next || next->tag != kSequence) damaged();  // signatureAlgorithm: the key's own decides
  signer.signature = expect(fields, kOctets).value;
  return signer;
}

/// The one value of a signed attribute; empty if it is absent or not single.
BytesView attribute(const tlv::Node& attributes, const char* type) {
  BytesView found;
  unsigned count = 0;
  tlv::Reader list(attributes.value);
  while (const auto one = list.next()) {
    tlv::Reader fields(one->value);
    const auto oid = fields.next();
    const auto values = fields.next();
    if (!oid || !values || kilt::to_hex(oid->encoded) != type) continue;
    ++count;
    tlv::Reader inside(values->value);
    const auto value = inside.next();
    if (!value || inside.next()) return {};
    found = value->encoded;
  }
  return count == 1 ? found : BytesView{};
}

bool fits(const SignerFields& signer, BytesView der) {
  const auto fields = x509::fields(der);
  if (!fields) return false;
  if (!signer.key_id.empty()) return equal(x509::subject_key_identifier(der), signer.key_id);
  return equal(fields->issuer, signer.issuer) && equal(fields->serial, signer.serial);
}

bool check_signer(const SignerFields& signer, BytesView certificate, const SignedData& message,
                  BytesView digest) {
  if (!signer.attributes) return fits_hash(certificate, signer.hash, digest, signer.signature);
  const kilt::Bytes wanted = tlv::encode(kOctets, digest);
  if (!equal(attribute(*signer.attributes, kMessageDigest), wanted)) return false;
  if (!equal(attribute(*signer.attributes, kContentType), message.content_type)) return false;
  // What was signed has the tag of a SET (RFC 5652, 5.4).
  kilt::Bytes signed_attributes = kilt::to_bytes(signer.attributes->encoded);
  signed_attributes.front() = static_cast<Byte>(kSet);
  return fits_hash(certificate, signer.hash, crypto::digest(signer.hash, signed_attributes),
                   signer.signature);
}

/// The certificate that the signature was made with, among those that the signer names: CAs of one
/// name, as after a change of a CA's key, may give the same number twice. If none fits, the first
/// of them; nullptr if there is none.
const Bytes* find_signer(const SignerFields& signer, const SignedData& message, BytesView digest,
                         bool& good) {
  constexpr int kMost = 8;  // a message may hold any number of them
  const Bytes* named = nullptr;
  int tried = 0;
  for (const Bytes& certificate : message.certificates) {
    if (!fits(signer, certificate)) continue;
    if (named == nullptr) named = &certificate;
    if (++tried > kMost) break;
    good = check_signer(signer, certificate, message, digest);
    if (good) return &certificate;
  }
  return named;
}

SignedData parse(BytesView cms) {
  kilt::Bytes der;
  try {
    der = crypto::definite(cms);
  } catch (const MalformedAnswer&) {
    damaged();
  }
  auto message = SignedData::parse(der);
  if (!message) damaged();
  return std::move(*message);
}

}  // namespace

bool has_gost_signer(BytesView cms) {
  try {
    const SignedData message = parse(cms);
    return std::ranges::any_of(message.signers,
                               [](const Bytes& der) { return is_gost(fields_of(der).hash); });
  } catch (const Error&) {
    return false;
  } catch (const Failure&) {
    return false;
  }
}

CheckedCms check_cms(BytesView cms, Content* content) {
  SignedData message = parse(cms);
  if (!message.content && content == nullptr)
    throw Failure(Kind::kUsage, tr("The signature is detached: name the file that was signed."));
  CheckedCms checked;
  checked.good = !message.signers.empty();  // a message without signers has no signature
  try {
    std::vector<SignerFields> signers;
    std::set<Hash> hashes;
    for (const Bytes& der : message.signers) {
      signers.push_back(fields_of(der));
      if (signers.back().hash == Hash::kNone)
        throw Failure(Kind::kUnsupported, tr("The hash of a signature is not known here."));
      hashes.insert(signers.back().hash);
    }
    // What was named as signed counts, whatever else the message holds.
    std::optional<Content> inside;
    if (content == nullptr) content = &inside.emplace(BytesView(*message.content));
    const std::map<Hash, Bytes> digests = digests_of(*content, hashes);
    for (const SignerFields& signer : signers) {
      bool good = false;
      const Bytes* certificate = find_signer(signer, message, digests.at(signer.hash), good);
      if (certificate == nullptr)
        throw Failure(Kind::kBadInput, tr("The signer's certificate is not in the file."));
      checked.signers.push_back(*certificate);
      checked.good = checked.good && good;
    }
    if (inside) checked.content = std::move(*message.content);
  } catch (const MalformedAnswer&) {
    damaged();
  }
  checked.content_type = std::move(message.content_type);
  checked.certificates = std::move(message.certificates);
  return checked;
}

}  // namespace kilt::tool
