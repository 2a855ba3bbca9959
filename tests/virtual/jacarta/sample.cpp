// Objects that the vendors' software leaves, each in its own conventions, so that a program meets
// them without a card that such software filled.
#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "tests/virtual/jacarta/attributes.h"
#include "tests/virtual/jacarta/laser.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

struct Free {
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(X509* p) const { X509_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

const Bytes kId{0x01, 0x02, 0x03, 0x04, 0x05};

/// A certificate of the key for CN=Sample, signed by itself.
Owned<X509> self_signed(const RsaKey& key) {
  const auto number = [](const Bytes& bytes) {
    return Owned<BIGNUM>(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
  };
  const Owned<BIGNUM> n = number(key.n), e = number(key.e), d = number(key.d);
  const Owned<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_D, d.get());
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(build.get()));
  const Owned<EVP_PKEY_CTX> maker(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* pair = nullptr;
  EVP_PKEY_fromdata_init(maker.get());
  EVP_PKEY_fromdata(maker.get(), &pair, EVP_PKEY_KEYPAIR, parameters.get());
  const Owned<EVP_PKEY> holder(pair);
  Owned<X509> certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 0x1234);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 365L * 24 * 3600);
  X509_set_pubkey(certificate.get(), pair);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const Bytes common_name{'S', 'a', 'm', 'p', 'l', 'e'};
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name.data(),
                             static_cast<int>(common_name.size()), -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  if (X509_sign(certificate.get(), pair, EVP_sha256()) == 0)
    throw std::logic_error("signing the sample certificate failed");
  return certificate;
}

template <class Object, class Encode>
Bytes der(const Object* object, Encode encode) {
  unsigned char* out = nullptr;
  const int size = encode(object, &out);
  if (size < 0) throw std::logic_error("encoding failed");
  Bytes bytes(out, out + size);
  OPENSSL_free(out);
  return bytes;
}

Bytes bits_le(unsigned bits) { return {0x00, static_cast<std::uint8_t>(bits >> 8), 0x00, 0x00}; }

Bytes private_file(bool athena, const Bytes& id, const char* label) {
  AttributeFile file(0x0200);
  const auto flag = [&](unsigned type, std::uint8_t flags, bool value) {
    file.add(type, flags, {static_cast<std::uint8_t>(value)});
  };
  const std::uint8_t use = athena ? 0x50 : 0x00;
  file.add(0x0000, 0x00, {3, 0, 0, 0});
  flag(0x0001, 0x00, true);
  flag(0x0002, 0x00, true);
  file.add(0x0003, 0x10, text_bytes(label), athena ? 64 : 0);
  file.add(0x0100, 0x00, {0, 0, 0, 0});
  file.add(0x0101, 0x10, athena ? Bytes{} : unhex("300A4A414341525441504B49"), athena ? 32 : 0);
  file.add(0x0102, 0x10, id, athena ? 32 : 0);
  flag(0x0103, 0x30, true);
  for (const unsigned type : {0x0105U, 0x0107U, 0x0108U}) flag(type, use, true);
  flag(0x0109, use, !athena);
  flag(0x010C, 0x10, false);
  file.add(0x0110, 0x10, {}, athena ? 8 : 0);
  file.add(0x0111, 0x10, {}, athena ? 8 : 0);
  flag(0x0162, 0x50, false);
  flag(0x0163, 0x00, true);
  flag(0x0164, 0x00, athena);
  flag(0x0165, 0x00, athena);
  file.add(0x0166, 0x00, athena ? Bytes{0, 0, 0, 0} : Bytes(4, 0xFF));
  flag(0x0170, 0x00, athena);
  flag(0x8010, 0x00, false);
  return file.bytes({0x03, 0x00, 0x03, 0x00});
}

Bytes public_file(bool athena, const Bytes& id, const char* label, const RsaKey& key) {
  AttributeFile file(0x0140);
  const auto flag = [&](unsigned type, std::uint8_t flags, bool value) {
    file.add(type, flags, {static_cast<std::uint8_t>(value)});
  };
  file.add(0x0000, 0x00, {2, 0, 0, 0});
  flag(0x0001, 0x00, true);
  flag(0x0002, 0x00, athena);
  file.add(0x0003, 0x10, text_bytes(label), athena ? 64 : 0);
  flag(0x0086, 0x32, false);
  file.add(0x0100, 0x00, {0, 0, 0, 0});
  file.add(0x0101, 0x10, {}, athena ? 32 : 0);
  file.add(0x0102, 0x10, id, athena ? 32 : 0);
  flag(0x0104, 0x00, true);
  flag(0x0106, 0x00, athena);
  flag(0x010A, 0x00, true);
  flag(0x010B, 0x00, !athena);
  flag(0x010C, 0x10, false);
  file.add(0x0110, 0x10, athena ? Bytes{} : Bytes(8, 0), athena ? 8 : 0);
  file.add(0x0111, 0x10, athena ? Bytes{} : Bytes(8, 0), athena ? 8 : 0);
  file.add(0x0120, 0x00, key.n);
  file.add(0x0121, 0x00, bits_le(static_cast<unsigned>(8 * key.n.size())));
  file.add(0x0122, 0x00, key.e);
  flag(0x0163, 0x00, athena);
  if (athena) file.add(0x0166, 0x00, {0, 0, 0, 0});
  flag(0x0170, 0x00, true);
  flag(0x8010, 0x00, !athena);
  return file.bytes({0x04, 0x00, 0x04, 0x00});
}

Bytes certificate_file(const X509* certificate) {
  const X509_NAME* name = X509_get_subject_name(certificate);
  const Bytes subject = der(name, i2d_X509_NAME);
  AttributeFile file(0x8400);
  file.add(0x8013, 0x10, Bytes(20, 0));
  file.add(0x0000, 0x00, {1, 0, 0, 0});
  file.add(0x0001, 0x00, {1});
  file.add(0x0002, 0x00, {0});
  file.add(0x0003, 0x10, text_bytes("sample"));
  file.add(0x0011, 0x00, der(certificate, i2d_X509));
  file.add(0x0080, 0x00, {0, 0, 0, 0});
  file.add(0x0081, 0x10, subject);
  file.add(0x0082, 0x10, der(X509_get0_serialNumber(certificate), i2d_ASN1_INTEGER));
  file.add(0x0086, 0x50, {0});
  file.add(0x0101, 0x00, subject);
  file.add(0x0102, 0x10, kId);
  file.add(0x0170, 0x00, {1});
  file.add(0x8010, 0x00, {1});
  return file.bytes({0x05, 0x00, 0x05, 0x00});
}

Bytes data_file() {
  AttributeFile file(0x0600);
  file.add(0x8013, 0x10, Bytes(20, 0));
  file.add(0x0000, 0x00, {0, 0, 0, 0});
  file.add(0x0001, 0x00, {1});
  file.add(0x0002, 0x00, {0});
  file.add(0x0003, 0x10, text_bytes("note"));
  file.add(0x0010, 0x10, text_bytes("sample"));
  file.add(0x0011, 0x10, text_bytes("public data of the sample"));
  file.add(0x0012, 0x10, Bytes(64, 0xFF));
  file.add(0x0170, 0x00, {1});
  file.add(0x8010, 0x00, {0});
  return file.bytes({0x06, 0x00, 0x06, 0x00});
}

/// The record of the first container: name, flags, key sizes.
Bytes container(const Bytes& id, unsigned sign_bits, unsigned exchange_bits) {
  Bytes record(90, 0);
  for (std::size_t i = 0; i < id.size(); ++i) record[2 * i] = id[i];
  record[80] = 0x03;
  record[82] = static_cast<std::uint8_t>(sign_bits);
  record[83] = static_cast<std::uint8_t>(sign_bits >> 8);
  record[84] = static_cast<std::uint8_t>(exchange_bits);
  record[85] = static_cast<std::uint8_t>(exchange_bits >> 8);
  record[86] = static_cast<std::uint8_t>(id.size());
  return record;
}

}  // namespace

void Laser::add_key(File* parent, std::uint16_t id, std::size_t size, const char* properties,
                    const char* access, const std::optional<RsaKey>& rsa) {
  File* key = add(parent, Type::kKo, id, "", access);
  key->size = static_cast<std::uint16_t>(size);
  key->properties = unhex(properties);
  key->rsa = rsa;
}

void Laser::add_samples() {
  const bool athena = is("personality", "athena");
  const auto ef = Type::kEf;
  File* pkcs = master_->child(0x3000);
  File* open = pkcs->child(0x3001);
  File* closed = pkcs->child(0x3002);
  const RsaKey key = make_rsa(athena ? 1024 : 2048);
  const RsaKey half{key.n, key.e, {}};
  const std::size_t size = key.n.size();
  const auto bits = static_cast<unsigned>(8 * size);
  const Bytes id = athena ? Bytes{0x03} : kId;
  if (athena) {
    // A private pair: both halves among the private objects; a secret key that everybody can use.
    const char* pair = "000000FF00FF0020002000000020";
    add(closed, ef, 0x0140, "", "0020002000200020", public_file(true, id, "pub", key));
    add(closed, ef, 0x0200, "kxs0", "0000002000200020", private_file(true, id, "priv"));
    add_key(closed, 0x0041, size, "050C2000A3", pair, key);
    add_key(closed, 0x0081, size, "05082000A3", pair, half);
    add_key(open, 0x00C1, 32, "010C1100A3", "000000FF00FF0000000000000000", {});
    open->child(0x00C1)->body = random_bytes(32);
  } else {
    add_key(closed, 0x0041, size, "050C2000A3", "0000002000FF0000002000200020", key);
    add(closed, ef, 0x0200, "kxs00", "0000002000FF0020", private_file(false, id, "sample"));
    add_key(open, 0x0081, size, "050C2000A3", "000000FF00FF0000000000000000", half);
    add(open, ef, 0x0140, "", "0000002000FF0020", public_file(false, id, "sample", key));
    const Owned<X509> certificate = self_signed(key);
    add(open, ef, 0x8400, "kxc00", "0000002000FF0020", certificate_file(certificate.get()));
    add(open, ef, 0x0600, "", "0000000000FF0000", data_file());
  }
  File* map = open->child(0x867F);
  map->body = cmapfile(athena, container(id, 0, bits));
  map->size = static_cast<std::uint16_t>(map->body.size());
  // Aladdin's driver makes the file anew at each change, then with the user's rules.
  if (!athena) map->access = unhex("0000002000200020");
  pkcs->child(0x3003)->child(0x4001)->body = unhex("0006000306000600");
}

}  // namespace kilt::vtoken::jacarta
