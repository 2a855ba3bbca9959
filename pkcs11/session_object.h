// Objects that live in a session only.
#pragma once

#include <map>

#include "pkcs11/object.h"

namespace kilt::p11 {

/// An object that lives in a session only: what the application gave, kept as it is.
class SessionObject : public Object {
 public:
  using Attributes = std::map<CK_ATTRIBUTE_TYPE, Bytes>;
  explicit SessionObject(Attributes attributes) : attributes_(std::move(attributes)) {}
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override;
  [[nodiscard]] bool is_private() const override;
  [[nodiscard]] bool on_token() const override { return false; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader&) override {
    return attribute(type);
  }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type) const;
  /// An RSA or EC public key made of the attributes; std::monostate if they do not make one.
  [[nodiscard]] PublicKey public_key() const;
  /// A secret key's CKA_VALUE, whoever may read it. Empty for any other object.
  [[nodiscard]] BytesView secret() const;
  /// The flag, or what stands for it where the object has none.
  [[nodiscard]] bool flag(CK_ATTRIBUTE_TYPE type, bool otherwise) const;
  void set(CK_ATTRIBUTE_TYPE type, Bytes value) { attributes_[type] = std::move(value); }
  [[nodiscard]] const Attributes& attributes() const noexcept { return attributes_; }

 private:
  [[nodiscard]] const Bytes* find(CK_ATTRIBUTE_TYPE type) const;
  /// A secret key's value that C_GetAttributeValue does not give.
  [[nodiscard]] bool hides_value() const;
  Attributes attributes_;
};

}  // namespace kilt::p11
