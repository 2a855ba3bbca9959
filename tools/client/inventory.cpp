#include "tools/client/inventory.h"

#include <algorithm>
#include <map>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "drivers/crypto/tc26.h"
#include "tools/client/gost.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

Bytes rsa_spki(const Values& values) {
  const Bytes modulus = values.bytes(CKA_MODULUS);
  const Bytes exponent = values.bytes(CKA_PUBLIC_EXPONENT);
  if (modulus.empty() || modulus.size() > 2048 || exponent.empty() || exponent.size() > 64)
    return {};
  // RSAPublicKey (RFC 8017, A.1.1): two INTEGERs, assembled with OpenSSL's ASN.1 types.
  const auto integer = [](const Bytes& number) {
    const BignumPtr value(BN_bin2bn(number.data(), static_cast<int>(number.size()), nullptr));
    return Owned<ASN1_INTEGER, ASN1_INTEGER_free>(BN_to_ASN1_INTEGER(value.get(), nullptr));
  };
  const auto n = integer(modulus);
  const auto e = integer(exponent);
  Bytes body = to_der(n.get(), i2d_ASN1_INTEGER);
  const Bytes second = to_der(e.get(), i2d_ASN1_INTEGER);
  body.insert(body.end(), second.begin(), second.end());
  return make_spki("1.2.840.113549.1.1.1", V_ASN1_NULL, {}, der_value(0x30, body));
}

Bytes ec_spki(const Values& values) {
  const Bytes parameters = values.bytes(CKA_EC_PARAMS);
  Bytes point = values.bytes(CKA_EC_POINT);
  // An OCTET STRING by the standard; some modules give the bare point.
  if (point.size() > 2 && point.front() == 0x04) {
    const unsigned char* in = point.data();
    const OctetStringPtr inner(
        d2i_ASN1_OCTET_STRING(nullptr, &in, static_cast<long>(point.size())));
    if (inner && in == point.data() + point.size()) {
      const unsigned char* data = ASN1_STRING_get0_data(inner.get());
      point.assign(data, data + ASN1_STRING_length(inner.get()));
    }
    ERR_clear_error();
  }
  if (parameters.empty() || point.empty() || point.size() > 512) return {};
  return make_spki("1.2.840.10045.2.1", V_ASN1_OBJECT, parameters, point);
}

std::string algorithm_of(const KeyView& key, const Values& values) {
  if (!key.spki.empty()) {
    try {
      const std::string name = key_algorithm(key.spki);
      const std::string curve = gost_curve_name(values.bytes(CKA_GOSTR3410_PARAMS));
      return curve.empty() ? name : name + ' ' + curve;
    } catch (const Failure&) {
      return "?";
    }
  }
  switch (key.type) {
    case CKK_RSA: {
      const auto bits = values.number(CKA_MODULUS_BITS);
      return bits ? fmt::format("RSA-{}", *bits) : "RSA";
    }
    case CKK_EC:
      return "EC";
    case CKK_GOSTR3410:
    case tc26::kGost512Key:
      return "GOST R 34.10";
    default:
      return fmt::format("CKK 0x{:X}", key.type);
  }
}

void fill(KeyView& key, const Values& values, bool private_half) {
  if (key.id.empty()) key.id = values.bytes(CKA_ID);
  if (key.label.empty()) key.label = values.text(CKA_LABEL);
  key.type = values.number(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION);
  if (key.spki.empty()) key.spki = spki_of(values);
  if (key.algorithm.empty() || !key.spki.empty()) {
    const std::string name = algorithm_of(key, values);
    if (key.algorithm.size() < name.size()) key.algorithm = name;
  }
  if (private_half) {
    key.sign = values.flag(CKA_SIGN);
    key.decrypt = values.flag(CKA_DECRYPT);
    key.always_authenticate = values.flag(CKA_ALWAYS_AUTHENTICATE);
    key.local = values.flag(CKA_LOCAL);
  }
}

std::vector<CK_OBJECT_HANDLE> find_class(Session& session, CK_OBJECT_CLASS object_class) {
  Template wanted;
  wanted.number(CKA_CLASS, object_class).flag(CKA_TOKEN, true);
  return session.find(std::move(wanted));
}

/// The halves of a pair have the same id; without one, each stands alone.
KeyView& half_of(std::vector<KeyView>& keys, const Values& values) {
  const Bytes id = values.bytes(CKA_ID);
  const auto type = values.number(CKA_KEY_TYPE);
  const auto other = std::ranges::find_if(keys, [&](const KeyView& key) {
    return !id.empty() && key.id == id && key.type == type && key.public_key == 0;
  });
  return other == keys.end() ? keys.emplace_back() : *other;
}

/// What can be read of an object: one whose value is damaged still has its names (design decision
/// 24). Throws Failure if nothing can be read.
Values read_object(Session& session, CK_OBJECT_HANDLE handle,
                   const std::vector<CK_ATTRIBUTE_TYPE>& types) {
  try {
    return session.read(handle, types);
  } catch (const Failure& failure) {
    if (failure.kind() != Kind::kToken && failure.kind() != Kind::kModule) throw;
    Values values;
    bool any = false;
    for (const CK_ATTRIBUTE_TYPE type : types) try {
        const Values one = session.read(handle, {type});
        values.set(type, one.bytes(type));
        any = true;
      } catch (const Failure&) {
        continue;
      }
    if (!any) throw;
    return values;
  }
}

CertificateView read_certificate(Session& session, CK_OBJECT_HANDLE handle) {
  const Values values = read_object(session, handle, {CKA_ID, CKA_LABEL, CKA_VALUE});
  CertificateView view;
  view.handle = handle;
  view.id = values.bytes(CKA_ID);
  view.label = values.text(CKA_LABEL);
  view.der = values.bytes(CKA_VALUE);
  try {
    view.info = parse_certificate(view.der);
  } catch (const Failure&) {
    view.info.reset();
  }
  return view;
}

/// A token may keep no public half of its own (files): the private one gives it.
void complete(Session& session, KeyView& key) {
  if (!is_gost(key.type) || key.private_key == 0 || !key.spki.empty()) return;
  const Values values = session.read(key.private_key, {CKA_PUBLIC_KEY_INFO, CKA_GOSTR3410_PARAMS});
  key.spki = values.bytes(CKA_PUBLIC_KEY_INFO);
  if (key.spki.empty()) return;
  key.algorithm = algorithm_of(key, values);
  if (key.algorithm == "?") key.spki.clear();  // nonsense
}

}  // namespace

const std::vector<CK_ATTRIBUTE_TYPE>& key_attributes() {
  static const std::vector<CK_ATTRIBUTE_TYPE> kTypes{CKA_ID,
                                                     CKA_LABEL,
                                                     CKA_KEY_TYPE,
                                                     CKA_MODULUS,
                                                     CKA_SIGN,
                                                     CKA_PUBLIC_EXPONENT,
                                                     CKA_MODULUS_BITS,
                                                     CKA_EC_PARAMS,
                                                     CKA_DECRYPT,
                                                     CKA_EC_POINT,
                                                     CKA_GOSTR3410_PARAMS,
                                                     CKA_GOSTR3411_PARAMS,
                                                     CKA_LOCAL,
                                                     CKA_ALWAYS_AUTHENTICATE};
  return kTypes;
}

Bytes spki_of(const Values& values) {
  switch (values.number(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION)) {
    case CKK_RSA:
      return rsa_spki(values);
    case CKK_EC:
      return ec_spki(values);
    case CKK_GOSTR3410:
    case tc26::kGost512Key:
      return gost_spki(values);
    default:
      return {};
  }
}

std::vector<const CertificateView*> Inventory::certificates_of(const KeyView& key) const {
  std::vector<const CertificateView*> found;
  for (const CertificateView& certificate : certificates) {
    const bool comparable = certificate.info && !key.spki.empty();
    const bool same = comparable ? certificate.info->spki == key.spki ||
                                       certificate.info->key_id == key_identifier(key.spki)
                                 : !key.id.empty() && certificate.id == key.id;
    if (same) found.push_back(&certificate);
  }
  return found;
}

const KeyView* Inventory::key_of(const CertificateView& certificate) const {
  for (const KeyView& key : keys)
    for (const CertificateView* own : certificates_of(key))
      if (own == &certificate) return &key;
  return nullptr;
}

std::string Inventory::owner_of(const KeyView& key) const {
  for (const CertificateView* certificate : certificates_of(key))
    if (certificate->info) return certificate->info->common_name;
  return {};
}

const KeyView* Inventory::key_with(BytesView spki) const {
  const Bytes wanted = key_identifier(spki);
  for (const KeyView& key : keys)
    if (!key.spki.empty() && key_identifier(key.spki) == wanted) return &key;
  return nullptr;
}

Inventory read_inventory(Session& session) {
  Inventory inventory;
  for (const CK_OBJECT_HANDLE handle : find_class(session, CKO_PRIVATE_KEY)) {
    KeyView& key = inventory.keys.emplace_back();
    key.private_key = handle;
    // The private half's values may be partly hidden; the public half completes them.
    auto types = key_attributes();
    std::erase(types, CKA_EC_POINT);
    fill(key, read_object(session, handle, types), true);
  }
  for (const CK_OBJECT_HANDLE handle : find_class(session, CKO_PUBLIC_KEY)) {
    Values values = read_object(session, handle, key_attributes());
    if (is_gost(values.number(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION)))
      values.set(CKA_VALUE, session.read(handle, {CKA_VALUE}).bytes(CKA_VALUE));
    KeyView& key = half_of(inventory.keys, values);
    key.public_key = handle;
    fill(key, values, false);
  }
  for (KeyView& key : inventory.keys) complete(session, key);
  for (const CK_OBJECT_HANDLE handle : find_class(session, CKO_CERTIFICATE))
    inventory.certificates.push_back(read_certificate(session, handle));
  for (const CK_OBJECT_HANDLE handle : find_class(session, CKO_DATA)) {
    const Values values = session.read(handle, {CKA_LABEL, CKA_APPLICATION, CKA_PRIVATE});
    inventory.data.push_back(
        {handle, values.text(CKA_LABEL), values.text(CKA_APPLICATION), values.flag(CKA_PRIVATE)});
  }
  return inventory;
}

KeyView read_key(Session& session, const Session::Pair& pair) {
  KeyView key;
  key.private_key = pair.private_key;
  key.public_key = pair.public_key;
  if (pair.public_key == 0) {  // a file keeps none
    auto types = key_attributes();
    std::erase(types, CKA_EC_POINT);
    fill(key, session.read(pair.private_key, types), true);
    complete(session, key);
    key.local = true;
    return key;
  }
  Values values = session.read(pair.public_key, key_attributes());
  if (is_gost(values.number(CKA_KEY_TYPE).value_or(CK_UNAVAILABLE_INFORMATION)))
    values.set(CKA_VALUE, session.read(pair.public_key, {CKA_VALUE}).bytes(CKA_VALUE));
  fill(key, values, false);
  key.sign = session.read(pair.private_key, {CKA_SIGN}).flag(CKA_SIGN);
  key.local = true;
  return key;
}

}  // namespace kilt::tool
