#include "pkcs11/key_template.h"

#include <algorithm>

#include "drivers/crypto/tc26.h"
#include "pkcs11/kilt.h"

namespace kilt::p11 {
namespace {

Bytes number_of(const Bytes& value) {
  const auto first = std::ranges::find_if(value, [](Byte byte) { return byte != 0; });
  return Bytes(first, value.end());
}

SecureBytes secret_of(const Template& wanted, CK_ATTRIBUTE_TYPE type) {
  return SecureBytes(number_of(wanted.need(type)));
}

/// Label and id may stand in either half; the private one wins.
void read_names(KeySpec& spec, const Template& public_half, const Template& private_half) {
  spec.id = private_half.has(CKA_ID) ? private_half.bytes(CKA_ID) : public_half.bytes(CKA_ID);
  spec.label =
      private_half.has(CKA_LABEL) ? private_half.text(CKA_LABEL) : public_half.text(CKA_LABEL);
}

/// No private key leaves a token, whatever was asked for.
void refuse_weak_secrecy(const Template& private_half) {
  if (private_half.flag(CKA_EXTRACTABLE).value_or(false) ||
      !private_half.flag(CKA_SENSITIVE).value_or(true) ||
      !private_half.flag(CKA_PRIVATE).value_or(true))
    throw Refusal(CKR_TEMPLATE_INCONSISTENT,
                  "a private key of this token is private, sensitive and not extractable");
}

/// What the private half is for, made on the token or brought to it: what the template names, else
/// all that a key of this type does.
KeyUsage usage_of(KeyType type, const Template& half) {
  const bool named =
      half.has(CKA_SIGN) || half.has(CKA_DECRYPT) || half.has(CKA_UNWRAP) || half.has(CKA_DERIVE);
  const bool deciphers = !named && type == KeyType::kRsa;
  KeyUsage usage;
  usage.sign = half.flag(CKA_SIGN).value_or(!named);
  usage.decrypt = half.flag(CKA_DECRYPT).value_or(deciphers);
  usage.unwrap = half.flag(CKA_UNWRAP).value_or(deciphers);
  usage.derive = half.flag(CKA_DERIVE).value_or(false);
  return usage;
}

void read_private_half(KeySpec& spec, const Template& half) {
  spec.always_authenticate = half.flag(CKA_ALWAYS_AUTHENTICATE).value_or(false);
  spec.subject = half.name(CKA_SUBJECT);
  spec.allowed_mechanisms = allowed_mechanisms(half);
}

void refuse_session_key(const Template& half) {
  refuse_if(!half.flag(CKA_TOKEN).value_or(true), CKR_TEMPLATE_INCONSISTENT);
}

KeyType check_type(const Template& half, CK_KEY_TYPE expected, KeyType type) {
  refuse_if(half.number(CKA_KEY_TYPE).value_or(expected) != expected, CKR_TEMPLATE_INCONSISTENT);
  return type;
}

void read_rsa(KeySpec& spec, const Template& public_half) {
  refuse_if(!public_half.has(CKA_MODULUS_BITS), CKR_TEMPLATE_INCOMPLETE);
  const CK_ULONG bits = *public_half.number(CKA_MODULUS_BITS);
  refuse_if(bits > 16384, CKR_KEY_SIZE_RANGE);
  spec.bits = static_cast<unsigned>(bits);
  spec.public_exponent = number_of(public_half.bytes(CKA_PUBLIC_EXPONENT));
}

/// Which key the new one may take the place of: named and confirmed, or none.
Bytes replaced_key(const Template& half) {
  const Bytes id = half.bytes(CKA_KILT_REPLACE_KEY);
  if (half.has(CKA_KILT_REPLACE_KEY) &&
      (id.empty() || !half.flag(CKA_KILT_REPLACE_CONFIRMED).value_or(false)))
    throw Refusal(CKR_TEMPLATE_INCONSISTENT,
                  "to replace a key, name it in CKA_KILT_REPLACE_KEY and confirm it with "
                  "CKA_KILT_REPLACE_CONFIRMED");
  return id;
}

}  // namespace

PrivateKeyInput private_key_of(const Template& wanted) {
  refuse_if(!wanted.has(CKA_KEY_TYPE), CKR_TEMPLATE_INCOMPLETE);
  refuse_if(*wanted.number(CKA_KEY_TYPE) != CKK_RSA, CKR_TEMPLATE_INCONSISTENT);
  refuse_weak_secrecy(wanted);
  PrivateKeyInput input;
  RsaPrivateKey key;
  key.modulus = number_of(wanted.need(CKA_MODULUS));
  key.public_exponent = number_of(wanted.need(CKA_PUBLIC_EXPONENT));
  key.private_exponent = secret_of(wanted, CKA_PRIVATE_EXPONENT);
  key.prime1 = secret_of(wanted, CKA_PRIME_1);
  key.prime2 = secret_of(wanted, CKA_PRIME_2);
  key.exponent1 = secret_of(wanted, CKA_EXPONENT_1);
  key.exponent2 = secret_of(wanted, CKA_EXPONENT_2);
  key.coefficient = secret_of(wanted, CKA_COEFFICIENT);
  refuse_if(key.modulus.empty() || key.modulus.size() > 2048, CKR_ATTRIBUTE_VALUE_INVALID);
  input.spec.bits = static_cast<unsigned>(key.modulus.size() * 8);
  input.spec.public_exponent = key.public_exponent;
  input.spec.usage = usage_of(KeyType::kRsa, wanted);
  read_private_half(input.spec, wanted);
  read_names(input.spec, wanted, wanted);
  input.key = std::move(key);
  return input;
}

KeySpec key_spec(const Mechanism& mechanism, const Template& public_half,
                 const Template& private_half) {
  refuse_if(public_half.has(CKA_UNIQUE_ID) || private_half.has(CKA_UNIQUE_ID),
            CKR_ATTRIBUTE_READ_ONLY);
  refuse_weak_secrecy(private_half);
  refuse_session_key(public_half);
  refuse_session_key(private_half);
  KeySpec spec;
  switch (mechanism.spec.scheme) {
    case Scheme::kRsaKeyGen:
      spec.type = check_type(public_half, CKK_RSA, KeyType::kRsa);
      read_rsa(spec, public_half);
      break;
    case Scheme::kEcKeyGen:
      spec.type = check_type(public_half, CKK_EC, KeyType::kEc);
      spec.parameters = public_half.need(CKA_EC_PARAMS);
      break;
    case Scheme::kGost512KeyGen:
      spec.type = check_type(public_half, tc26::kGost512Key, KeyType::kGost512);
      spec.parameters = public_half.need(CKA_GOSTR3410_PARAMS);
      spec.hash_parameters = public_half.bytes(CKA_GOSTR3411_PARAMS);
      spec.bits = 512;
      break;
    default:
      spec.type = check_type(public_half, CKK_GOSTR3410, KeyType::kGost256);
      spec.parameters = public_half.need(CKA_GOSTR3410_PARAMS);
      spec.hash_parameters = public_half.bytes(CKA_GOSTR3411_PARAMS);
      spec.bits = 256;
  }
  spec.usage = usage_of(spec.type, private_half);
  read_private_half(spec, private_half);
  read_names(spec, public_half, private_half);
  spec.replace = replaced_key(public_half);
  if (spec.replace.empty()) spec.replace = replaced_key(private_half);
  return spec;
}

}  // namespace kilt::p11
