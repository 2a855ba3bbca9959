// Changing and destroying objects that a token keeps.
#pragma once

#include "pkcs11/session.h"
#include "pkcs11/template.h"

namespace kilt::p11 {

/// Throws Refusal(CKR_ACTION_PROHIBITED) for an object that cannot be destroyed.
void destroy_token_object(Session& session, const Object& object);
/// Changes CKA_LABEL and CKA_ID. Throws Refusal(CKR_ATTRIBUTE_READ_ONLY) for any other attribute
/// that is not already as wished.
void change_token_object(Session& session, Object& object, const Template& changes);

}  // namespace kilt::p11
