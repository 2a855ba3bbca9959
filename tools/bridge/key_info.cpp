// What getKeyInfo answers.
#include <openssl/x509v3.h>

#include "tools/bridge/methods.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

std::string short_name(const ASN1_OBJECT* type) {
  switch (OBJ_obj2nid(type)) {
    case NID_surname:
      return "SURNAME";
    case NID_givenName:
      return "GIVENNAME";
    case NID_serialNumber:
      return "SERIALNUMBER";
    case NID_pkcs9_emailAddress:
      return "E";
    case NID_undef:
      return tool::dotted(type);
    default:
      return OBJ_nid2sn(OBJ_obj2nid(type));
  }
}

std::string utf8(const ASN1_STRING* value) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, value);
  if (size < 0) return {};
  std::string result(text, text + size);
  OPENSSL_free(text);
  return tool::clean(result);
}

/// In the order of the encoding, without blanks: sites split it at commas.
std::string distinguished_name(const X509_NAME* name) {
  std::string line;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    std::string value = utf8(X509_NAME_ENTRY_get_data(entry));
    for (std::size_t at = 0; (at = value.find_first_of(",\\", at)) != std::string::npos; at += 2)
      value.insert(at, 1, '\\');
    if (!line.empty()) line += ',';
    line += short_name(X509_NAME_ENTRY_get_object(entry)) + '=' + value;
  }
  return line;
}

std::string common_name(const X509_NAME* name) {
  const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (index < 0) return {};
  return utf8(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::string decimal(const ASN1_INTEGER* number) {
  const tool::BignumPtr bignum(ASN1_INTEGER_to_BN(number, nullptr));
  char* text = bignum ? BN_bn2dec(bignum.get()) : nullptr;
  std::string result = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return result;
}

std::string hex(const ASN1_OCTET_STRING* octets) {
  if (octets == nullptr) return {};
  return tool::to_hex(
      {ASN1_STRING_get0_data(octets), static_cast<std::size_t>(ASN1_STRING_length(octets))});
}

std::string algorithm_name(const std::string& algorithm) {
  if (algorithm.starts_with("RSA")) return "RSA";
  if (algorithm == "GOST 34.310-2004") return "ECGOST34310";
  if (algorithm == "GOST R 34.10-2015-512") return "ECGOST3410-2015-512";
  return algorithm;
}

std::string pem_with_crlf(BytesView der) {
  std::string text;
  for (const char c : tool::to_pem("CERTIFICATE", der)) {
    if (c == '\n') text += '\r';
    text += c;
  }
  return text;
}

std::string milliseconds(std::time_t time) { return fmt::format("{}000", time); }

}  // namespace

Json key_info(BytesView der) {
  const tool::CertificateInfo info = tool::parse_certificate(der);
  const tool::X509Ptr certificate = tool::x509_of(der);
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const X509_NAME* issuer = X509_get_issuer_name(certificate.get());
  std::string key_id = hex(X509_get0_subject_key_id(certificate.get()));
  if (key_id.empty()) key_id = tool::to_hex(info.key_id);
  return {{"alias", key_id},
          {"keyId", key_id},
          {"algorithm", algorithm_name(info.key_algorithm)},
          {"subjectCn", common_name(subject)},
          {"subjectDn", distinguished_name(subject)},
          {"issuerCn", common_name(issuer)},
          {"issuerDn", distinguished_name(issuer)},
          {"serialNumber", decimal(X509_get0_serialNumber(certificate.get()))},
          {"certNotAfter", milliseconds(info.not_after)},
          {"certNotBefore", milliseconds(info.not_before)},
          {"authorityKeyIdentifier", hex(X509_get0_authority_key_id(certificate.get()))},
          {"pem", pem_with_crlf(der)}};
}

}  // namespace kilt::bridge
