// States in which a token may come: with the system folders in place, formatted by the vendor's
// software.
#include <algorithm>
#include <memory>
#include <stdexcept>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "tests/virtual/kaztoken/crypto.h"
#include "tests/virtual/kaztoken/kaztoken.h"

namespace kilt::vtoken::kaztoken {
namespace {

const Bytes kSystem{0x43, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0xFF};
const Bytes kOpen{0x43, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02};
const Bytes kMaster{0x47, 0x02, 0x02, 0x01, 0x00, 0x00, 0x00, 0xFF};
const Bytes kPrivateKey{0x46, 0x00, 0x02, 0x02, 0x00, 0x00, 0x00, 0x02};
const Bytes kPublicKey{0x46, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x02};
const Bytes kSoPin{0x43, 0xFF, 0x01, 0x00, 0x00, 0x00, 0x00, 0xFF};
const Bytes kUserPin{0x43, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0xFF};

Bytes text(const char* characters) {
  const std::string value = characters;
  return {value.begin(), value.end()};
}

void set_access(File& file, const Bytes& access) { std::ranges::copy(access, file.access.begin()); }

std::unique_ptr<File> pin_object(std::uint16_t id, const char* value, std::uint8_t minimum,
                                 std::uint8_t tries, const Bytes& access) {
  auto file = std::make_unique<File>();
  file->id = id;
  file->type = Type::kRsf;
  file->body = text(value);
  file->size = static_cast<std::uint16_t>(file->body.size());
  file->properties = {0x01, minimum, 0x01, tries, 0x00, 0x00};
  file->loaded = true;
  set_access(*file, access);
  return file;
}

/// One of the numbers of a private object's body: p at 0, q behind p and the gap.
BIGNUM* number(const Bytes& body, std::size_t at, std::size_t size) {
  return BN_lebin2bn(body.data() + at, static_cast<int>(size), nullptr);
}

/// A certificate for the key, signed by itself.
Bytes self_signed(const RsaKey& key) {
  const std::size_t half = key.modulus.size() / 2;
  BIGNUM* n = number(key.modulus, 0, 2 * half);
  BIGNUM* p = number(key.private_body, 0, half);
  BIGNUM* q = number(key.private_body, half + 4, half);
  BIGNUM* e = BN_new();
  BIGNUM* d = BN_new();
  BIGNUM* phi = BN_new();
  BN_CTX* context = BN_CTX_new();
  BN_set_word(e, 65537);
  BN_sub_word(p, 1);
  BN_sub_word(q, 1);
  BN_mul(phi, p, q, context);
  BN_mod_inverse(d, e, phi, context);
  OSSL_PARAM_BLD* build = OSSL_PARAM_BLD_new();
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e);
  OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_D, d);
  OSSL_PARAM* params = OSSL_PARAM_BLD_to_param(build);
  EVP_PKEY_CTX* maker = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* pair = nullptr;
  EVP_PKEY_fromdata_init(maker);
  EVP_PKEY_fromdata(maker, &pair, EVP_PKEY_KEYPAIR, params);
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 365L * 24 * 3600);
  X509_NAME* name = X509_get_subject_name(certificate);
  const Bytes owner = text("Virtual owner");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, owner.data(),
                             static_cast<int>(owner.size()), -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_set_pubkey(certificate, pair);
  X509_sign(certificate, pair, EVP_sha256());
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate, nullptr)));
  std::uint8_t* out = der.data();
  i2d_X509(certificate, &out);
  X509_free(certificate);
  EVP_PKEY_free(pair);
  EVP_PKEY_CTX_free(maker);
  OSSL_PARAM_free(params);
  OSSL_PARAM_BLD_free(build);
  for (BIGNUM* one : {n, p, q, e, d, phi}) BN_free(one);
  BN_CTX_free(context);
  return der;
}

}  // namespace

File* Kaztoken::add_file(File* parent, std::uint16_t id, Type type, const Bytes& body,
                         const Bytes& access) {
  auto file = std::make_unique<File>();
  file->id = id;
  file->type = type;
  file->body = body;
  file->size = static_cast<std::uint16_t>(body.size());
  file->parent = parent;
  set_access(*file, access);
  parent->children.push_back(std::move(file));
  return parent->children.back().get();
}

File* Kaztoken::add_folder(const std::vector<std::uint16_t>& path) {
  File* at = master_.get();
  for (const std::uint16_t id : path) {
    File* next = at->child(id);
    at = next != nullptr ? next : add_file(at, id, Type::kDf, {}, kSystem);
  }
  return at;
}

void Kaztoken::make_system_folders() {
  for (std::uint16_t id = 0x6001; id <= 0x6005; ++id) add_folder({0x1000, 0x1000, id});
  for (std::uint16_t id = 0x1001; id <= 0x1004; ++id) add_folder({0x1000, id});
  add_folder({0x1000, 0x1001, 0x8001});
  add_folder({0x1000, 0x1001, 0x8002});
}

/// A key with this number, its certificate behind an unknown header in 1000/1004/NNNN/NNNN.
void Kaztoken::add_vendor_key(std::uint16_t number) {
  const RsaKey key = make_rsa(2048);
  File* private_object = add_file(add_folder({0x1000, 0x1000, 0x6002}), number, Type::kRsf,
                                  key.private_body, kPrivateKey);
  private_object->properties = {0x23, 0x00, 0x01, 0xAA, 0x00, 0x00};
  private_object->loaded = true;
  File* public_object = add_file(add_folder({0x1000, 0x1000, 0x6001}), number, Type::kRsf,
                                 key.public_body, kPublicKey);
  public_object->properties = {0x33, 0x00, 0x01, 0xAA, 0x00, 0x00};
  public_object->loaded = true;
  const Bytes der = self_signed(key);
  Bytes contents{0x00, 0x01, static_cast<std::uint8_t>(der.size() >> 8),
                 static_cast<std::uint8_t>(der.size())};
  contents.insert(contents.end(), der.begin(), der.end());
  add_file(add_folder({0x1000, 0x1004, number}), number, Type::kEf, contents, kOpen);
}

/// No PKCS#15; keys from number 3 on.
void Kaztoken::vendor_format() {
  master_ = std::make_unique<File>();
  master_->id = 0x3F00;
  master_->type = Type::kDf;
  set_access(*master_, kMaster);
  make_system_folders();
  pins_[1] = pin_object(1, "87654321", 8, 0xAA, kSoPin);
  pins_[2] = pin_object(2, "12345678", 6, 0x55, kUserPin);
  add_vendor_key(3);
  if (is("vendor-keys", "2")) add_vendor_key(4);
  Bytes map(0x100, 0x00);
  std::ranges::copy(Bytes{0x52, 0x50, 0x01, 0x00, 0x00, 0x01, 0xCB, 0xC0}, map.begin());
  add_file(add_folder({0x1000, 0x1001}), 0x8000, Type::kEf, map, kOpen);
  initialised_ = true;
}

}  // namespace kilt::vtoken::kaztoken
