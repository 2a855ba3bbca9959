// The token status object (design decision 17): what is known of PINs, memory and functions, as
// attributes that any program can read. Constants and their meaning: pkcs11/kilt.h.
#pragma once

#include <string>
#include <vector>

#include "drivers/profile/profile.h"
#include "drivers/token.h"
#include "pkcs11/object.h"

namespace kilt::p11 {

/// What the object shows, as of one moment.
struct TokenStatus {
  TokenInfo info;
  PinStatus user, so;
  Capabilities capabilities;
  const Profile* profile = nullptr;  ///< may be null: a card found without a profile
  std::vector<OddObject> odd;
  std::string last_reason;
  bool factory_pin_allowed = false;  ///< as a new PIN
};

class StatusObject : public Object {
 public:
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override { return CKO_HW_FEATURE; }
  [[nodiscard]] bool is_private() const override { return false; }
  [[nodiscard]] bool on_token() const override { return false; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
};

}  // namespace kilt::p11
