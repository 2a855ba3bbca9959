#include "tools/signing/cades.h"

#include <algorithm>

#include <openssl/sha.h>

#include "tools/terminal/text.h"
#include "tools/x509/certificate.h"

namespace kilt::tool {
namespace {

constexpr Byte kInteger = 0x02, kOctets = 0x04, kNull = 0x05, kUtcTime = 0x17, kSequence = 0x30,
               kSet = 0x31, kTag0 = 0xA0, kTag1 = 0xA1;
constexpr const char* kData = "1.2.840.113549.1.7.1";
constexpr const char* kSignedData = "1.2.840.113549.1.7.2";
constexpr const char* kContentType = "1.2.840.113549.1.9.3";
constexpr const char* kMessageDigest = "1.2.840.113549.1.9.4";
constexpr const char* kSigningTime = "1.2.840.113549.1.9.5";
constexpr const char* kSigningCertificateV2 = "1.2.840.113549.1.9.16.2.47";
constexpr const char* kTimeStamp = "1.2.840.113549.1.9.16.2.14";
constexpr std::size_t kMaxParts = 256;

/// One value; its contents are these, one after another.
Bytes der(Byte tag, std::initializer_list<BytesView> parts) {
  std::size_t size = 0;
  for (const BytesView part : parts) size += part.size();
  Bytes value;
  value.reserve(size + 10);
  value.push_back(tag);
  if (size < 0x80) {
    value.push_back(static_cast<Byte>(size));
  } else {
    Byte count = 0;
    for (std::size_t rest = size; rest != 0; rest >>= 8U) ++count;
    value.push_back(static_cast<Byte>(0x80U | count));
    for (unsigned i = count; i-- > 0;) value.push_back(static_cast<Byte>(size >> (8 * i)));
  }
  for (const BytesView part : parts) value.insert(value.end(), part.begin(), part.end());
  return value;
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// SET OF: the encodings in order (X.690, 11.6).
Bytes set_of(Byte tag, std::vector<Bytes> parts) {
  std::ranges::sort(parts);
  return der(tag, {joined(parts)});
}

Bytes oid(const std::string& text) { return to_der(object_of(text).get(), i2d_ASN1_OBJECT); }

Bytes algorithm(const std::string& text) { return der(kSequence, {oid(text), der(kNull, {})}); }

Bytes attribute(const char* type, const Bytes& value) {
  return der(kSequence, {oid(type), der(kSet, {value})});
}

Bytes utc_time(std::time_t time) {
  std::tm parts{};
  gmtime_r(&time, &parts);
  return der(kUtcTime, {view(fmt::format("{:02}{:02}{:02}{:02}{:02}{:02}Z", parts.tm_year % 100,
                                         parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                                         parts.tm_min, parts.tm_sec))});
}

/// ESSCertIDv2 of the default hash, SHA-256, without issuerSerial (RFC 5035).
Bytes signing_certificate(BytesView certificate) {
  Bytes hash(SHA256_DIGEST_LENGTH);
  SHA256(certificate.data(), certificate.size(), hash.data());
  return der(kSequence, {der(kSequence, {der(kSequence, {der(kOctets, {hash})})})});
}

Bytes signer_info(const Suite& suite, BytesView certificate, const Bytes& hash, std::time_t time) {
  const X509Ptr x509 = x509_of(certificate);
  // i2d takes names without const in OpenSSL 3.0.
  const Bytes issuer = to_der(X509_get_issuer_name(x509.get()), i2d_X509_NAME);
  const Bytes serial = to_der(X509_get0_serialNumber(x509.get()), i2d_ASN1_INTEGER);
  std::vector<Bytes> attributes{attribute(kContentType, oid(kData)),
                                attribute(kMessageDigest, der(kOctets, {hash})),
                                attribute(kSigningCertificateV2, signing_certificate(certificate))};
  if (time != 0) attributes.push_back(attribute(kSigningTime, utc_time(time)));
  // What is signed has the tag of a SET, what is sent that of a field (RFC 5652, 5.4).
  Bytes signed_attributes = set_of(kSet, std::move(attributes));
  const Bytes signature = suite.sign(signed_attributes);
  signed_attributes.front() = kTag0;
  const Byte one = 1;
  return der(kSequence, {der(kInteger, {BytesView(&one, 1)}), der(kSequence, {issuer, serial}),
                         algorithm(suite.digest_oid), signed_attributes,
                         algorithm(suite.signature_oid), der(kOctets, {signature})});
}

/// Reads DER values one after another. Every step checks its bounds; a length is definite.
class Reader {
 public:
  explicit Reader(BytesView bytes) : rest_(bytes) {}
  struct Value {
    Byte tag = 0;
    BytesView contents, whole;
  };
  /// nullopt: nothing more, or damage; see good().
  std::optional<Value> next() {
    if (rest_.empty()) return std::nullopt;
    good_ = false;
    if (rest_.size() < 2 || (rest_[0] & 0x1FU) == 0x1F) return std::nullopt;
    std::size_t head = 2;
    std::size_t size = rest_[1];
    if (size >= 0x80) {
      const std::size_t count = size & 0x7FU;
      if (count == 0 || count > 4 || rest_.size() < 2 + count) return std::nullopt;
      size = 0;
      for (std::size_t i = 0; i < count; ++i) size = size << 8U | rest_[2 + i];
      head += count;
    }
    if (size > rest_.size() - head) return std::nullopt;
    good_ = true;
    Value value{rest_[0], rest_.subspan(head, size), rest_.first(head + size)};
    rest_ = rest_.subspan(head + size);
    return value;
  }
  /// The next one, if it has this tag; else nothing is taken.
  std::optional<Value> next(Byte tag) {
    if (rest_.empty() || rest_[0] != tag) return std::nullopt;
    return next();
  }
  [[nodiscard]] bool at_end() const noexcept { return good_ && rest_.empty(); }

 private:
  BytesView rest_;
  bool good_ = true;
};

bool read_all(BytesView contents, std::vector<Bytes>& parts) {
  Reader reader(contents);
  while (const auto value = reader.next()) {
    if (parts.size() >= kMaxParts) return false;
    parts.emplace_back(value->whole.begin(), value->whole.end());
  }
  return reader.at_end();
}

bool same(BytesView a, BytesView b) { return std::ranges::equal(a, b); }

/// The fields of a SignerInfo; `unsigned_attributes` are those that it has.
struct Signer {
  Bytes before;  ///< all but the unsigned attributes
  Bytes signature;
  std::vector<Bytes> unsigned_attributes;
};

std::optional<Signer> read_signer(BytesView der_bytes) {
  Reader outer(der_bytes);
  const auto sequence = outer.next(kSequence);
  if (!sequence) return std::nullopt;
  Reader fields(sequence->contents);
  Signer signer;
  std::optional<Reader::Value> field;
  while ((field = fields.next())) {
    if (field->tag == kTag1 && !signer.signature.empty()) {
      if (!read_all(field->contents, signer.unsigned_attributes)) return std::nullopt;
      continue;
    }
    if (field->tag == kOctets)
      signer.signature.assign(field->contents.begin(), field->contents.end());
    signer.before.insert(signer.before.end(), field->whole.begin(), field->whole.end());
  }
  if (!fields.at_end() || signer.signature.empty()) return std::nullopt;
  return signer;
}

bool has_time_stamp(const Signer& signer) {
  const Bytes wanted = oid(kTimeStamp);
  return std::ranges::any_of(signer.unsigned_attributes, [&](const Bytes& attribute_der) {
    Reader outer(attribute_der);
    const auto sequence = outer.next(kSequence);
    if (!sequence) return false;
    Reader fields(sequence->contents);
    const auto type = fields.next();
    return type && same(type->whole, wanted);
  });
}

}  // namespace

std::optional<SignedData> SignedData::parse(BytesView bytes) {
  Reader outer(bytes);
  const auto info = outer.next(kSequence);
  if (!info || !outer.at_end()) return std::nullopt;
  Reader fields(info->contents);
  const auto type = fields.next();
  if (!type || !same(type->whole, oid(kSignedData))) return std::nullopt;
  const auto explicit0 = fields.next(kTag0);
  if (!explicit0 || !fields.at_end()) return std::nullopt;
  Reader wrapped(explicit0->contents);
  const auto sequence = wrapped.next(kSequence);
  if (!sequence || !wrapped.at_end()) return std::nullopt;

  SignedData result;
  Reader parts(sequence->contents);
  if (!parts.next(kInteger)) return std::nullopt;
  const auto digests = parts.next(kSet);
  const auto encapsulated = parts.next(kSequence);
  if (!digests || !encapsulated || !read_all(digests->contents, result.digest_algorithms))
    return std::nullopt;
  Reader content(encapsulated->contents);
  const auto content_type = content.next();
  if (!content_type) return std::nullopt;
  result.content_type.assign(content_type->whole.begin(), content_type->whole.end());
  if (const auto inside = content.next(kTag0)) {
    Reader octets(inside->contents);
    const auto value = octets.next(kOctets);
    if (!value || !octets.at_end()) return std::nullopt;
    result.content.emplace(value->contents.begin(), value->contents.end());
  }
  if (!content.at_end()) return std::nullopt;
  if (const auto certificates = parts.next(kTag0);
      certificates && !read_all(certificates->contents, result.certificates))
    return std::nullopt;
  if (const auto crls = parts.next(kTag1))
    result.crls.assign(crls->whole.begin(), crls->whole.end());
  const auto signers = parts.next(kSet);
  if (!signers || !read_all(signers->contents, result.signers) || result.signers.empty() ||
      !parts.at_end())
    return std::nullopt;
  return result;
}

Bytes SignedData::der() const {
  const Byte one = 1;
  Bytes encapsulated;
  if (content) {
    const Bytes octets = tool::der(kOctets, {*content});
    encapsulated = tool::der(kSequence, {content_type, tool::der(kTag0, {octets})});
  } else {
    encapsulated = tool::der(kSequence, {content_type});
  }
  const Bytes certificate_set = certificates.empty() ? Bytes() : set_of(kTag0, certificates);
  const Bytes body = tool::der(
      kSequence, {tool::der(kInteger, {BytesView(&one, 1)}), set_of(kSet, digest_algorithms),
                  std::exchange(encapsulated, {}), certificate_set, crls, set_of(kSet, signers)});
  return tool::der(kSequence, {oid(kSignedData), tool::der(kTag0, {body})});
}

Bytes make_cades(const Suite& suite, BytesView certificate, const CadesInput& input) {
  if (input.digested && input.content.size() != suite.digest_size)
    throw Failure(Kind::kBadInput, tr("A digest for this key has {0} bytes, not {1}.",
                                      suite.digest_size, input.content.size()));
  const Bytes hash = input.digested ? Bytes(input.content.begin(), input.content.end())
                                    : suite.digest(input.content);
  SignedData result;
  result.digest_algorithms = {algorithm(suite.digest_oid)};
  result.content_type = oid(kData);
  result.certificates.emplace_back(certificate.begin(), certificate.end());
  result.signers = {signer_info(suite, certificate, hash, input.time)};
  if (input.encapsulate && !input.digested)
    result.content.emplace(input.content.begin(), input.content.end());
  return result.der();
}

Bytes add_signer(const Suite& suite, BytesView certificate, SignedData signed_data,
                 std::time_t time) {
  if (!signed_data.content)
    throw Failure(Kind::kBadInput,
                  tr("A signature cannot be added: what was signed is not in this file."));
  const Bytes digest_algorithm = algorithm(suite.digest_oid);
  if (std::ranges::find(signed_data.digest_algorithms, digest_algorithm) ==
      signed_data.digest_algorithms.end())
    signed_data.digest_algorithms.push_back(digest_algorithm);
  const Bytes own(certificate.begin(), certificate.end());
  if (std::ranges::find(signed_data.certificates, own) == signed_data.certificates.end())
    signed_data.certificates.push_back(own);
  signed_data.signers.push_back(
      signer_info(suite, certificate, suite.digest(*signed_data.content), time));
  return signed_data.der();
}

Bytes add_time_stamps(SignedData signed_data, const Stamp& stamp) {
  for (Bytes& der_bytes : signed_data.signers) {
    auto signer = read_signer(der_bytes);
    if (!signer) throw Failure(Kind::kBadInput, tr("This is no CMS signature, or it is damaged."));
    if (has_time_stamp(*signer)) continue;
    signer->unsigned_attributes.push_back(attribute(kTimeStamp, stamp(signer->signature)));
    der_bytes = der(kSequence, {signer->before, set_of(kTag1, signer->unsigned_attributes)});
  }
  return signed_data.der();
}

}  // namespace kilt::tool
