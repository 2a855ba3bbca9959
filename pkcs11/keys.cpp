// Key generation (PKCS#11 v2.40 base, 5.14).
#include <bit>

#include "drivers/crypto/random.h"
#include "pkcs11/entry.h"
#include "pkcs11/new_object.h"
#include "pkcs11/new_session_object.h"

using namespace kilt;
using namespace kilt::p11;

namespace {

/// What an application may leave to the mechanism.
Template with_key_type(const Template& wanted, CK_KEY_TYPE type) {
  auto values = wanted.all();
  values.try_emplace(CKA_KEY_TYPE, AttributeValue::of_ulong(type).value);
  return Template(std::move(values));
}

/// Each byte of a DES key has an odd number of ones.
SecureBytes with_odd_parity(SecureBytes key) {
  Bytes bytes = key.release();
  for (Byte& byte : bytes)
    if (std::popcount(byte) % 2 == 0) byte = static_cast<Byte>(byte ^ 1U);
  return SecureBytes(std::move(bytes));
}

}  // namespace

CK_RV C_GenerateKey(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism, CK_ATTRIBUTE* attributes,
                    CK_ULONG count, CK_OBJECT_HANDLE* key) {
  return session_entry(__func__, handle, [&](Session& session) {
    const Mechanism checked =
        check_mechanism(mechanism, CKF_GENERATE, session.slot().capabilities());
    need_pointer(key);
    const CK_KEY_TYPE type = secret_key_type(checked.spec).value_or(CKK_GENERIC_SECRET);
    const Template wanted = with_key_type(Template(attributes, count), type);
    refuse_if(wanted.number(CKA_KEY_TYPE) != type, CKR_TEMPLATE_INCONSISTENT);
    const auto size = secret_size(wanted);
    refuse_if(!size, CKR_TEMPLATE_INCOMPLETE);
    SecureBytes value = crypto::random_secret(*size);
    if (type == CKK_DES3) value = with_odd_parity(std::move(value));
    *key =
        keep_secret(session, wanted, SecretOrigin::kGenerated, std::move(value), checked.spec.type);
  });
}

CK_RV C_GenerateKeyPair(CK_SESSION_HANDLE handle, CK_MECHANISM* mechanism,
                        CK_ATTRIBUTE* public_attributes, CK_ULONG public_count,
                        CK_ATTRIBUTE* private_attributes, CK_ULONG private_count,
                        CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  return session_entry(__func__, handle, [&](Session& session) {
    const Mechanism checked =
        check_mechanism(mechanism, CKF_GENERATE_KEY_PAIR, session.slot().capabilities());
    refuse_if(public_key == nullptr || private_key == nullptr, CKR_ARGUMENTS_BAD);
    const NewPair made = generate_pair(session, checked, Template(public_attributes, public_count),
                                       Template(private_attributes, private_count));
    *public_key = made.public_key;
    *private_key = made.private_key;
  });
}
