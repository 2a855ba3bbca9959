#include "tests/conformance/maker.h"

namespace kilt::conformance {

void Maker::TearDown() {
  for (const CK_OBJECT_HANDLE object : made_) p11().C_DestroyObject(session_, object);
  LoggedIn::TearDown();
}

CK_RV Maker::create(Template wanted, CK_OBJECT_HANDLE& object) {
  const CK_RV rv = p11().C_CreateObject(session_, wanted.data(), wanted.size(), &object);
  if (rv == CKR_OK) made_.push_back(object);
  return rv;
}

void Maker::kept_or_refused(CK_RV rv, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                            const Bytes& value) {
  if (rv == CKR_OK)
    EXPECT_EQ(value, attribute(session_, object, type)) << std::hex << type << " was dropped";
  else
    EXPECT_TRUE(is_one_of(rv, kRefused)) << std::hex << type;
}

}  // namespace kilt::conformance
