// Making, changing and destroying objects: what C_CreateObject and its kin mean for a session or
// a token.
#pragma once

#include "pkcs11/session.h"
#include "pkcs11/template.h"

namespace kilt::p11 {

/// Makes a session or token object of a template; answers its handle. Throws Refusal with the
/// template's fault, CKR_SESSION_READ_ONLY, CKR_USER_NOT_LOGGED_IN; what the driver throws.
[[nodiscard]] Handle create_object(Session& session, const Template& wanted);
/// A secret key that lives in the session until logout; its value is shown as the template's
/// CKA_SENSITIVE and CKA_EXTRACTABLE say.
[[nodiscard]] Handle keep_secret(Session& session, const Template& wanted, BytesView value);
/// Throws Refusal(CKR_ACTION_PROHIBITED) for a secret.
[[nodiscard]] Handle copy_session_object(Session& session, const SessionObject& source,
                                         const Template& changes);
/// Throws Refusal: CKR_ACTION_PROHIBITED (CKA_MODIFIABLE is false), CKR_ATTRIBUTE_READ_ONLY (what
/// an object is made with stays: class, type, key material; of a secret, all but its names).
void change_session_object(SessionObject& object, const Template& changes);
/// Throws Refusal(CKR_ACTION_PROHIBITED) for an object that cannot be destroyed.
void destroy_token_object(Session& session, const Object& object);
/// Changes CKA_LABEL and CKA_ID. Throws Refusal(CKR_ATTRIBUTE_READ_ONLY) for any other attribute
/// that is not already as wished.
void change_token_object(Session& session, Object& object, const Template& changes);

}  // namespace kilt::p11
