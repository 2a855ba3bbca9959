// Making, copying and changing session objects: public keys to verify and encrypt with,
// certificates, data, secret keys that the host keeps (PKCS#11 v3.2, 4.4 to 4.11).
#pragma once

#include "pkcs11/session.h"
#include "pkcs11/template.h"

namespace kilt::p11 {

/// C_CreateObject without CKA_TOKEN. Throws Refusal with the template's fault.
[[nodiscard]] Handle create_session_object(Session& session, const Template& wanted);

/// Where a secret key's value comes from.
enum class SecretOrigin {
  kGiven,      ///< C_CreateObject: CKA_VALUE
  kGenerated,  ///< C_GenerateKey
  kFromKey,    ///< a private key of the token: C_UnwrapKey, C_DeriveKey; goes with the login
};
/// A secret key that the host keeps. By default it is neither sensitive nor unextractable: nothing
/// would be gained, as its value is in the application's memory anyway. Throws Refusal with the
/// template's fault; CKR_TEMPLATE_INCONSISTENT for CKA_TOKEN, as no token here keeps secret keys.
[[nodiscard]] Handle keep_secret(Session& session, const Template& wanted, SecretOrigin origin,
                                 SecureBytes value,
                                 CK_MECHANISM_TYPE made_by = CK_UNAVAILABLE_INFORMATION);
/// The bytes that a secret key of this template has: what its type says or CKA_VALUE_LEN; nothing
/// where neither does. Throws Refusal: CKR_TEMPLATE_INCONSISTENT (no secret key, or none of a type
/// that is known), CKR_KEY_SIZE_RANGE, CKR_ATTRIBUTE_VALUE_INVALID.
[[nodiscard]] std::optional<std::size_t> secret_size(const Template& wanted);

/// What C_CopyObject makes of a session object: its attributes, `changes` applied, CKA_UNIQUE_ID
/// left out. Throws Refusal: CKR_ACTION_PROHIBITED (CKA_COPYABLE is false), CKR_ATTRIBUTE_READ_ONLY
/// (what an object is made with stays: class, type, key material).
[[nodiscard]] Template copied(const SessionObject& source, const Template& changes);
/// C_DestroyObject. Throws Refusal(CKR_ACTION_PROHIBITED) if CKA_DESTROYABLE is false.
void destroy_session_object(Session& session, Handle handle);
/// C_SetAttributeValue. Throws Refusal: CKR_ACTION_PROHIBITED (CKA_MODIFIABLE is false),
/// CKR_ATTRIBUTE_READ_ONLY (also all of a secret but its names and what makes it more secret).
void change_session_object(SessionObject& object, const Template& changes);

}  // namespace kilt::p11
