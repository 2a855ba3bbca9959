// Profile objects: which OASIS profiles the token in a slot conforms to (PKCS#11 v3.2, 4.13;
// PKCS#11 Profiles v3.2). Public, read-only, not stored on the token.
#pragma once

#include <vector>

#include "drivers/token.h"
#include "pkcs11/object.h"

namespace kilt::p11 {

class ProfileObject : public Object {
 public:
  explicit ProfileObject(CK_PROFILE_ID profile) : profile_(profile) {}
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override { return CKO_PROFILE; }
  [[nodiscard]] bool is_private() const override { return false; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;

 private:
  CK_PROFILE_ID profile_;
};

/// The profiles that hold for a token with these objects. The provider profiles hold always; the
/// token profiles depend on what is on the token.
[[nodiscard]] std::vector<CK_PROFILE_ID> profiles_of(const ObjectList& objects,
                                                     const Capabilities& capabilities);

}  // namespace kilt::p11
