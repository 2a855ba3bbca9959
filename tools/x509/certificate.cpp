#include "tools/x509/certificate.h"

#include <algorithm>
#include <array>
#include <regex>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr const char* kStorageExtension = "1.2.398.3.3.5";
constexpr std::size_t kMaxFile = std::size_t{4} << 20U;
constexpr long kDay = 24L * 60 * 60;

std::string utf8_of(const ASN1_STRING* string) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, string);
  if (size < 0) {
    ERR_clear_error();
    return "?";
  }
  std::string result(text, text + size);
  OPENSSL_free(text);
  return clean(result);
}

std::string entry_of(const X509_NAME* name, int nid) {
  const int index = X509_NAME_get_index_by_NID(name, nid, -1);
  if (index < 0) return {};
  return utf8_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

/// "IIN" or "BIN" and twelve digits, in the attribute where the CA puts it.
std::string number_of(const X509_NAME* name, int nid, std::string_view prefix) {
  const std::string value = entry_of(name, nid);
  if (value.size() != prefix.size() + 12 || !value.starts_with(prefix)) return {};
  const std::string digits = value.substr(prefix.size());
  return std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }) ? digits : "";
}

std::time_t time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1)
    throw Failure(Kind::kBadInput, tr("The certificate has a damaged date."));
  return timegm(&parts);
}

void read_extensions(const X509* certificate, CertificateInfo& info) {
  // OpenSSL's cache of extensions: asking for usage fills it; damaged ones make it fail.
  auto* mutable_certificate = const_cast<X509*>(certificate);  // NOLINT: its cache is not const
  if (X509_get_ext_by_NID(certificate, NID_key_usage, -1) >= 0)
    info.key_usage = X509_get_key_usage(mutable_certificate);
  const Owned<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free> usages(static_cast<EXTENDED_KEY_USAGE*>(
      X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; usages && i < sk_ASN1_OBJECT_num(usages.get()); ++i)
    info.extended_usage.push_back(dotted(sk_ASN1_OBJECT_value(usages.get(), i)));
  const Owned<CERTIFICATEPOLICIES, CERTIFICATEPOLICIES_free> policies(
      static_cast<CERTIFICATEPOLICIES*>(
          X509_get_ext_d2i(certificate, NID_certificate_policies, nullptr, nullptr)));
  for (int i = 0; policies && i < sk_POLICYINFO_num(policies.get()); ++i)
    info.policies.push_back(dotted(sk_POLICYINFO_value(policies.get(), i)->policyid));
  const Owned<GENERAL_NAMES, GENERAL_NAMES_free> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_EMAIL && info.email.empty()) info.email = utf8_of(name->d.rfc822Name);
  }
  info.authority = X509_check_ca(mutable_certificate) == 1;
  ERR_clear_error();
}

/// SEQUENCE { storage OID, [path] }
std::string storage_of(const X509* certificate) {
  const ObjectPtr wanted = object_of(kStorageExtension);
  const int index = X509_get_ext_by_OBJ(certificate, wanted.get(), -1);
  if (index < 0) return {};
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(certificate, index));
  const unsigned char* in = ASN1_STRING_get0_data(value);
  const Owned<ASN1_SEQUENCE_ANY,
              [](ASN1_SEQUENCE_ANY* any) { sk_ASN1_TYPE_pop_free(any, ASN1_TYPE_free); }>
      sequence(d2i_ASN1_SEQUENCE_ANY(nullptr, &in, ASN1_STRING_length(value)));
  std::string oid;
  if (sequence && sk_ASN1_TYPE_num(sequence.get()) > 0) {
    const ASN1_TYPE* first = sk_ASN1_TYPE_value(sequence.get(), 0);
    if (first->type == V_ASN1_OBJECT) oid = dotted(first->value.object);
  }
  ERR_clear_error();
  return oid;
}

X509PubkeyPtr pubkey_of(BytesView spki) {
  const unsigned char* in = spki.data();
  X509PubkeyPtr key(d2i_X509_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
  need_openssl(key != nullptr, "SubjectPublicKeyInfo", Kind::kBadInput);
  return key;
}

}  // namespace

long CertificateInfo::days_left(std::time_t now) const noexcept {
  const long left = not_after - now;
  return left >= 0 ? left / kDay : -((-left + kDay - 1) / kDay);
}

X509Ptr x509_of(BytesView der) {
  const unsigned char* in = der.data();
  X509Ptr certificate(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
  if (!certificate || in != der.data() + der.size()) {
    ERR_clear_error();
    throw Failure(Kind::kBadInput, tr("This is not a certificate, or it is damaged."));
  }
  return certificate;
}

CertificateInfo parse_certificate(BytesView der) {
  const X509Ptr certificate = x509_of(der);
  CertificateInfo info;
  info.der.assign(der.begin(), der.end());
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  info.subject = name_line(subject);
  info.issuer = name_line(X509_get_issuer_name(certificate.get()));
  info.self_issued = X509_NAME_cmp(subject, X509_get_issuer_name(certificate.get())) == 0;
  info.common_name = entry_of(subject, NID_commonName);
  info.organisation = entry_of(subject, NID_organizationName);
  info.iin = number_of(subject, NID_serialNumber, "IIN");
  info.bin = number_of(subject, NID_organizationalUnitName, "BIN");
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  info.serial =
      to_hex({ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))});
  info.not_before = time_of(X509_get0_notBefore(certificate.get()));
  info.not_after = time_of(X509_get0_notAfter(certificate.get()));
  info.spki = to_der(X509_get_X509_PUBKEY(certificate.get()), i2d_X509_PUBKEY);
  info.key_id = key_identifier(info.spki);
  info.key_algorithm = key_algorithm(info.spki);
  read_extensions(certificate.get(), info);
  info.storage_oid = storage_of(certificate.get());
  return info;
}

std::vector<Bytes> certificates_in(BytesView file) {
  if (file.size() > kMaxFile) throw Failure(Kind::kBadInput, tr("The file is too large."));
  std::vector<Bytes> found;
  const BioPtr bio(BIO_new_mem_buf(file.data(), static_cast<int>(file.size())));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  while (PEM_read_bio(bio.get(), &name, &header, &data, &size) == 1) {
    const std::string_view type = name;
    if (type == PEM_STRING_X509 || type == PEM_STRING_X509_OLD || type == PEM_STRING_X509_TRUSTED)
      found.emplace_back(data, data + size);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, static_cast<std::size_t>(size));
  }
  ERR_clear_error();
  if (!found.empty()) return found;
  const unsigned char* in = file.data();
  if (const Pkcs7Ptr bundle(d2i_PKCS7(nullptr, &in, static_cast<long>(file.size())));
      bundle && PKCS7_type_is_signed(bundle.get())) {
    const auto* stack = bundle->d.sign->cert;
    for (int i = 0; i < sk_X509_num(stack); ++i)
      found.push_back(to_der(sk_X509_value(stack, i), i2d_X509));
    if (!found.empty()) return found;
  }
  ERR_clear_error();
  found.emplace_back(file.begin(), file.end());
  static_cast<void>(x509_of(found.front()));
  return found;
}

std::string name_line(const X509_NAME* name) {
  std::string line;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
    const int nid = OBJ_obj2nid(type);
    std::string key = nid == NID_undef ? dotted(type) : OBJ_nid2sn(nid);
    if (nid == NID_surname) key = "SURNAME";
    if (nid == NID_givenName) key = "GIVENNAME";
    if (!line.empty()) line += ", ";
    std::string value = utf8_of(X509_NAME_ENTRY_get_data(entry));
    for (std::size_t at = 0; (at = value.find_first_of(",\\", at)) != std::string::npos; at += 2)
      value.insert(at, 1, '\\');
    line += key + '=' + value;
  }
  return line;
}

std::string hide_ids(std::string line) {
  static const std::regex kId("(IIN|BIN)[0-9]{12}");
  return std::regex_replace(line, kId, "$1************");
}

Bytes key_identifier(BytesView spki) {
  const X509PubkeyPtr key = pubkey_of(spki);
  const unsigned char* bits = nullptr;
  int size = 0;
  need_openssl(X509_PUBKEY_get0_param(nullptr, &bits, &size, nullptr, key.get()) == 1, "SPKI");
  Bytes hash(SHA_DIGEST_LENGTH);
  SHA1(bits, static_cast<std::size_t>(size), hash.data());
  return hash;
}

std::string key_algorithm(BytesView spki) {
  const X509PubkeyPtr key = pubkey_of(spki);
  ASN1_OBJECT* algorithm = nullptr;
  need_openssl(X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, nullptr, key.get()) == 1,
               "SPKI");
  const std::string oid = dotted(algorithm);
  if (const EVP_PKEY* pkey = X509_PUBKEY_get0(key.get())) {
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA)
      return fmt::format("RSA-{}", EVP_PKEY_get_bits(pkey));
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
      return fmt::format("EC-{}", EVP_PKEY_get_bits(pkey));
  }
  ERR_clear_error();
  constexpr std::array<std::pair<std::string_view, const char*>, 7> kNames{{
      {"1.2.643.2.2.19", "GOST R 34.10-2001"},
      {"1.2.643.7.1.1.1.1", "GOST R 34.10-2012-256"},
      {"1.2.643.7.1.1.1.2", "GOST R 34.10-2012-512"},
      {"1.2.398.3.10.1.1.1.1", "GOST 34.310-2004"},
      {"1.2.398.3.10.1.1.2.1", "GOST R 34.10-2015-256"},
      {"1.2.398.3.10.1.1.2.2", "GOST R 34.10-2015-512"},
      {"1.2.840.113549.1.1.1", "RSA"},
  }};
  const auto row = std::ranges::find(kNames, oid, [](const auto& entry) { return entry.first; });
  return row == kNames.end() ? oid : row->second;
}

std::string to_pem(const char* type, BytesView der) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  need_openssl(PEM_write_bio(bio.get(), type, "", der.data(), static_cast<long>(der.size())) > 0,
               "PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, text + size};
}

std::string date(std::time_t time) {
  std::tm parts{};
  localtime_r(&time, &parts);
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

}  // namespace kilt::tool
