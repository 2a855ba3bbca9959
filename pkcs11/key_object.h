// Keys of a token, one object for each half (PKCS#11 v2.40, 4.7 to 4.9; mechanisms v2.40, 2.1.2 and
// 2.3.3).
#pragma once

#include "pkcs11/object.h"

namespace kilt::p11 {

/// One half of a key pair.
class KeyObject : public Object {
 public:
  KeyObject(Key key, bool private_half) : key_(std::move(key)), private_half_(private_half) {
    if (!std::holds_alternative<std::monostate>(key_.public_key)) public_key_ = key_.public_key;
  }
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override {
    return private_half_ ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
  }
  [[nodiscard]] bool is_private() const override { return private_half_; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
  void destroy(Token& token) const override;
  void change(Token& token, const ObjectChange& change) const override {
    token.change_key(key_.ref, change);
  }
  [[nodiscard]] const Key& key() const noexcept { return key_; }
  /// The public half, read at most once.
  const PublicKey& public_key(Loader& loader);
  [[nodiscard]] bool is_still(Object& now, Loader& loader) override;
  void adopt(const Object& before) override;

 private:
  [[nodiscard]] AttributeValue common(CK_ATTRIBUTE_TYPE type, Loader& loader);
  [[nodiscard]] AttributeValue private_attribute(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] AttributeValue public_attribute(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] AttributeValue material(CK_ATTRIBUTE_TYPE type, Loader& loader);
  [[nodiscard]] AttributeValue own_id(Loader& loader) const;

  Key key_;
  bool private_half_;
  std::optional<PublicKey> public_key_;
};

}  // namespace kilt::p11
