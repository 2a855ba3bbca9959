#include "drivers/delegate/templates.h"

#include "drivers/crypto/spki.h"
#include "drivers/crypto/tc26.h"
#include "drivers/crypto/x509.h"
#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

CK_KEY_TYPE key_type(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return CKK_RSA;
    case KeyType::kEc:
      return CKK_EC;
    case KeyType::kGost512:
      return tc26::kGost512Key;
    default:
      return CKK_GOSTR3410;
  }
}

Template half(const KeySpec& spec, CK_OBJECT_CLASS object_class) {
  Template attributes;
  attributes.number(CKA_CLASS, object_class)
      .number(CKA_KEY_TYPE, key_type(spec.type))
      .flag(CKA_TOKEN, true)
      .text(CKA_LABEL, spec.label);
  if (!spec.id.empty()) attributes.add(CKA_ID, spec.id);
  return attributes;
}

}  // namespace

CK_MECHANISM generation_mechanism(KeyType type) {
  switch (type) {
    case KeyType::kRsa:
      return {CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
    case KeyType::kEc:
      return {CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    case KeyType::kGost512:
      return {tc26::kGost512KeyPairGen, nullptr, 0};
    default:
      return {CKM_GOSTR3410_KEY_PAIR_GEN, nullptr, 0};
  }
}

Template public_template(const KeySpec& spec) {
  Template attributes = half(spec, CKO_PUBLIC_KEY);
  attributes.flag(CKA_PRIVATE, false)
      .flag(CKA_VERIFY, spec.usage.sign)
      .flag(CKA_ENCRYPT, spec.usage.decrypt)
      .flag(CKA_WRAP, spec.usage.unwrap)
      .flag(CKA_DERIVE, spec.usage.derive);
  return attributes;
}

Template private_template(const KeySpec& spec) {
  Template attributes = half(spec, CKO_PRIVATE_KEY);
  attributes.flag(CKA_PRIVATE, true)
      .flag(CKA_SENSITIVE, true)
      .flag(CKA_EXTRACTABLE, false)
      .flag(CKA_SIGN, spec.usage.sign)
      .flag(CKA_DECRYPT, spec.usage.decrypt)
      .flag(CKA_UNWRAP, spec.usage.unwrap)
      .flag(CKA_DERIVE, spec.usage.derive);
  if (spec.always_authenticate) attributes.flag(CKA_ALWAYS_AUTHENTICATE, true);
  if (!spec.subject.empty()) attributes.add(CKA_SUBJECT, spec.subject);
  if (spec.allowed_mechanisms) attributes.numbers(CKA_ALLOWED_MECHANISMS, *spec.allowed_mechanisms);
  return attributes;
}

void add_generation(Template& public_half, const KeySpec& spec) {
  const Bytes usual{0x01, 0x00, 0x01};
  switch (spec.type) {
    case KeyType::kRsa:
      public_half.number(CKA_MODULUS_BITS, spec.bits)
          .add(CKA_PUBLIC_EXPONENT, spec.public_exponent.empty() ? usual : spec.public_exponent);
      return;
    case KeyType::kEc:
      public_half.add(CKA_EC_PARAMS, spec.parameters);
      return;
    default:
      public_half.add(CKA_GOSTR3410_PARAMS, spec.parameters);
      if (!spec.hash_parameters.empty())
        public_half.add(CKA_GOSTR3411_PARAMS, spec.hash_parameters);
  }
}

void add_rsa_key(Template& public_half, Template& private_half, const RsaPrivateKey& key) {
  for (Template* both : {&public_half, &private_half})
    both->add(CKA_MODULUS, key.modulus).add(CKA_PUBLIC_EXPONENT, key.public_exponent);
  private_half.add(CKA_PRIVATE_EXPONENT, key.private_exponent.view())
      .add(CKA_PRIME_1, key.prime1.view())
      .add(CKA_PRIME_2, key.prime2.view())
      .add(CKA_EXPONENT_1, key.exponent1.view())
      .add(CKA_EXPONENT_2, key.exponent2.view())
      .add(CKA_COEFFICIENT, key.coefficient.view());
}

Template certificate_template(const Certificate& certificate, BytesView der) {
  constexpr CK_ULONG kTokenUser = 1, kAuthority = 2;
  const auto names = x509::fields(der);
  if (!names) throw Inconsistent("these bytes are no certificate");
  Template attributes;
  attributes.number(CKA_CLASS, CKO_CERTIFICATE)
      .number(CKA_CERTIFICATE_TYPE, CKC_X_509)
      .number(CKA_CERTIFICATE_CATEGORY, certificate.authority ? kAuthority : kTokenUser)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, certificate.is_private)
      .text(CKA_LABEL, certificate.label)
      .add(CKA_ID, certificate.id)
      .add(CKA_SUBJECT, names->subject)
      .add(CKA_ISSUER, names->issuer)
      .add(CKA_SERIAL_NUMBER, names->serial)
      .add(CKA_VALUE, der);
  return attributes;
}

Bytes key_identifier(const PublicKey& key) { return crypto::key_id(key); }

}  // namespace kilt::delegate
