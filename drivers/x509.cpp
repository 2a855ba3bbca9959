#include "drivers/x509.h"

#include <memory>
#include <new>

#include <openssl/x509.h>

#include "drivers/crypto.h"

namespace kilt::x509 {
namespace {

struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, FreeCertificate>;

Certificate parse(BytesView der) {
  X509* certificate = X509_new_ex(crypto::library(), nullptr);
  if (certificate == nullptr) throw std::bad_alloc();
  const Byte* at = der.data();
  // d2i frees and clears what it was given when it fails.
  if (d2i_X509(&certificate, &at, static_cast<long>(der.size())) == nullptr) return nullptr;
  Certificate parsed(certificate);
  return at == der.data() + der.size() ? std::move(parsed) : nullptr;
}

/// DER of an OpenSSL object, by its i2d function.
template <typename T, typename Encode>
Bytes encode(const T* object, Encode i2d) {
  unsigned char* der = nullptr;
  const int size = i2d(object, &der);
  if (size < 0) throw std::bad_alloc();
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

bool is_certificate(BytesView der) { return parse(der) != nullptr; }

Bytes public_key_bits(BytesView der) {
  const Certificate certificate = parse(der);
  if (!certificate) return {};
  const ASN1_BIT_STRING* bits = X509_get0_pubkey_bitstr(certificate.get());
  if (bits == nullptr) return {};
  const Byte* data = ASN1_STRING_get0_data(bits);
  return Bytes(data, data + ASN1_STRING_length(bits));
}

Bytes key_identifier(BytesView der) { return crypto::sha1(public_key_bits(der)); }

std::optional<Fields> parse_fields(BytesView der) {
  const Certificate certificate = parse(der);
  if (!certificate) return std::nullopt;
  Fields fields;
  fields.issuer = encode(X509_get_issuer_name(certificate.get()), i2d_X509_NAME);
  fields.subject = encode(X509_get_subject_name(certificate.get()), i2d_X509_NAME);
  fields.serial = encode(X509_get0_serialNumber(certificate.get()), i2d_ASN1_INTEGER);
  return fields;
}

std::string common_name(BytesView der) {
  const Certificate certificate = parse(der);
  if (!certificate) return {};
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (index < 0) return {};
  const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index));
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, value);
  if (size < 0) return {};
  std::string name = to_text({utf8, static_cast<std::size_t>(size)});
  OPENSSL_free(utf8);
  return name;
}

}  // namespace kilt::x509
