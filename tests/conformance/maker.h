// What tests of C_CreateObject and C_GenerateKeyPair begin with.
#pragma once

#include "tests/conformance/fixtures.h"

namespace kilt::conformance {

/// How a template may be refused. Applications shall not tell these apart (5.1.8, 5); a token may
/// say that it cannot.
inline const std::initializer_list<CK_RV> kRefused{
    CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT, CKR_ATTRIBUTE_TYPE_INVALID,
    CKR_ATTRIBUTE_READ_ONLY, CKR_FUNCTION_NOT_SUPPORTED};

/// The user is logged in; objects that a test makes are destroyed after it.
class Maker : public LoggedIn {
 protected:
  void TearDown() override;
  /// The code of C_CreateObject.
  CK_RV create(Template wanted, CK_OBJECT_HANDLE& object);
  /// The attribute reads as it was asked for, or the object was refused.
  void kept_or_refused(CK_RV rv, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                       const Bytes& value);
  std::vector<CK_OBJECT_HANDLE> made_;
};

}  // namespace kilt::conformance
