#include "pkcs11/data_object.h"

#include "pkcs11/unique_id.h"

namespace kilt::p11 {

AttributeValue DataObjectView::attribute(CK_ATTRIBUTE_TYPE type, Loader& loader) {
  switch (type) {
    case CKA_CLASS:
      return AttributeValue::of_ulong(CKO_DATA);
    case CKA_TOKEN:
      return AttributeValue::of_bool(true);
    case CKA_PRIVATE:
      return AttributeValue::of_bool(data_.is_private);
    case CKA_MODIFIABLE:
    case CKA_DESTROYABLE:
      return AttributeValue::of_bool(data_.modifiable);
    case CKA_COPYABLE:
      return AttributeValue::of_bool(false);
    case CKA_LABEL:
      return AttributeValue::of_text(data_.label);
    case CKA_UNIQUE_ID:
      return unique_id(loader, CKO_DATA, data_.ref, {});
    case CKA_APPLICATION:
      return AttributeValue::of_text(data_.application);
    case CKA_OBJECT_ID:
      return AttributeValue::of(data_.oid);
    case CKA_VALUE:
      return AttributeValue::of(value(loader));
    default:
      return AttributeValue::invalid();
  }
}

const Bytes& DataObjectView::value(Loader& loader) {
  if (!value_) value_ = loader.load_data(data_);
  return *value_;
}

bool DataObjectView::is_still(Object& now, Loader& loader) {
  auto* data = dynamic_cast<DataObjectView*>(&now);
  return data != nullptr && value_ && *value_ == data->value(loader);
}

void DataObjectView::adopt(const Object& before) {
  const auto* data = dynamic_cast<const DataObjectView*>(&before);
  if (data != nullptr && !value_) value_ = data->value_;
}

}  // namespace kilt::p11
