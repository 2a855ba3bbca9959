#include "tools/client/gost.h"

#include <algorithm>
#include <array>

#include "drivers/crypto/spki.h"
#include "drivers/crypto/tc26.h"
#include "tools/x509/openssl.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kPoint256 = 64, kPoint512 = 128;
constexpr const char* kHash94 = "1.2.643.2.2.30.1";

struct Curve {
  const char* name;
  const char* oid;
};
constexpr std::array kCurves{Curve{"A", "1.2.643.2.2.35.1"}, Curve{"B", "1.2.643.2.2.35.2"},
                             Curve{"C", "1.2.643.2.2.35.3"}};

Bytes der_oid(const char* oid) {
  const ObjectPtr object = object_of(oid);
  return to_der(object.get(), i2d_ASN1_OBJECT);
}

}  // namespace

Bytes der_value(Byte tag, BytesView contents) {
  const int size = ASN1_object_size(1, static_cast<int>(contents.size()), tag & 0x1FU);
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  ASN1_put_object(&out, (tag & 0x20U) != 0 ? 1 : 0, static_cast<int>(contents.size()), tag & 0x1F,
                  tag & 0xC0);
  std::ranges::copy(contents, out);
  return der;
}

Bytes make_spki(const std::string& algorithm, int parameter_type, const Bytes& parameters,
                const Bytes& key) {
  const X509PubkeyPtr spki(X509_PUBKEY_new());
  void* parameter = nullptr;
  const unsigned char* in = parameters.data();
  if (parameter_type == V_ASN1_OBJECT) {
    parameter = d2i_ASN1_OBJECT(nullptr, &in, static_cast<long>(parameters.size()));
  } else if (parameter_type == V_ASN1_SEQUENCE) {
    ASN1_STRING* sequence = ASN1_STRING_type_new(V_ASN1_SEQUENCE);
    ASN1_STRING_set(sequence, parameters.data(), static_cast<int>(parameters.size()));
    parameter = sequence;
  }
  need_openssl(parameter != nullptr || parameter_type == V_ASN1_NULL, "SPKI", Kind::kToken);
  auto* bits = static_cast<unsigned char*>(OPENSSL_memdup(key.data(), key.size()));
  need_openssl(X509_PUBKEY_set0_param(spki.get(), object_of(algorithm).release(), parameter_type,
                                      parameter, bits, static_cast<int>(key.size())) == 1,
               "SPKI");
  return to_der(spki.get(), i2d_X509_PUBKEY);
}

bool is_gost(CK_KEY_TYPE type) noexcept {
  return type == CKK_GOSTR3410 || type == tc26::kGost512Key;
}

Bytes gost_spki(const Values& values) {
  GostPublicKey key;
  key.point = kilt::to_bytes(BytesView(values.bytes(CKA_VALUE)));
  key.parameters = kilt::to_bytes(BytesView(values.bytes(CKA_GOSTR3410_PARAMS)));
  key.hash_parameters = kilt::to_bytes(BytesView(values.bytes(CKA_GOSTR3411_PARAMS)));
  const bool right_size = key.point.size() == kPoint256 || key.point.size() == kPoint512;
  if (!right_size || key.parameters.empty() || key.parameters.size() > 32 ||
      key.hash_parameters.size() > 32)
    return {};
  if (key.hash_parameters.empty() && key.point.size() == kPoint256)
    key.hash_parameters = kilt::to_bytes(BytesView(der_oid(kHash94)));
  return plain(crypto::public_key_info(key));
}

std::string gost_curve_name(const Bytes& parameters) {
  const auto row = std::ranges::find_if(
      kCurves, [&](const Curve& curve) { return der_oid(curve.oid) == parameters; });
  return row == kCurves.end() ? "" : row->name;
}

std::optional<Bytes> gost_curve(const std::string& name) {
  const auto row =
      std::ranges::find_if(kCurves, [&](const Curve& curve) { return name == curve.name; });
  if (row == kCurves.end()) return std::nullopt;
  return der_oid(row->oid);
}

Bytes gost_hash_parameters() { return der_oid(kHash94); }

}  // namespace kilt::tool
