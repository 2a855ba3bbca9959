// Data objects of a token (PKCS#11 v2.40, 4.5).
#pragma once

#include "pkcs11/object.h"

namespace kilt::p11 {

class DataObjectView : public Object {
 public:
  explicit DataObjectView(DataObject data) : data_(std::move(data)) {}
  [[nodiscard]] CK_OBJECT_CLASS object_class() const override { return CKO_DATA; }
  [[nodiscard]] bool is_private() const override { return data_.is_private; }
  [[nodiscard]] AttributeValue attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) override;
  void destroy(Token& token) const override { token.delete_data(data_.ref); }
  void change(Token& token, const ObjectChange& change) const override {
    token.change_data(data_.ref, change);
  }
  [[nodiscard]] const DataObject& data() const noexcept { return data_; }
  [[nodiscard]] bool is_still(Object& now, Loader& loader) override;
  void adopt(const Object& before) override;

 private:
  const Bytes& value(Loader& loader);
  DataObject data_;
  std::optional<Bytes> value_;
};

}  // namespace kilt::p11
