// Objects: made, found, read, changed, destroyed.
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

class Objects : public KaztokenTest {
 protected:
  void SetUp() override {
    KaztokenTest::SetUp();
    session_ = user_session();
  }
  CK_RV create(Attributes attributes, CK_OBJECT_HANDLE* object) const {
    return C_CreateObject(session_, attributes.data(), attributes.size(), object);
  }
  static Attributes data_object(bool is_private, const std::string& value) {
    Attributes attributes;
    attributes.number(CKA_CLASS, CKO_DATA)
        .flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, is_private)
        .add(CKA_LABEL, std::string("a label"))
        .add(CKA_APPLICATION, std::string("an application"))
        .add(CKA_VALUE, value);
    return attributes;
  }
  CK_SESSION_HANDLE session_ = 0;
};

TEST_F(Objects, DataThereAndBack) {
  for (const bool is_private : {false, true}) {
    CK_OBJECT_HANDLE object = 0;
    const std::string value(is_private ? 700 : 20, 'v');
    ASSERT_EQ(CKR_OK, create(data_object(is_private, value), &object));
    EXPECT_EQ(to_bytes(value), attribute(session_, object, CKA_VALUE));
    EXPECT_EQ(to_bytes(std::string_view("a label")), attribute(session_, object, CKA_LABEL));
  }
  EXPECT_EQ(2U, find_class(session_, CKO_DATA).size());
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  EXPECT_EQ(1U, find_class(session_, CKO_DATA).size()) << "the private one hides";
}

TEST_F(Objects, DestroyedKeyLeavesNothing) {
  const std::size_t before = stored(session_).size();
  const Pair pair = generate_rsa(session_);
  EXPECT_EQ(before + 2, stored(session_).size());
  ASSERT_EQ(CKR_OK, C_DestroyObject(session_, pair.private_key));
  EXPECT_EQ(before + 1, stored(session_).size());
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, C_DestroyObject(session_, pair.private_key));
  EXPECT_EQ(CKR_OK, C_DestroyObject(session_, pair.public_key)) << "a clean-up does not fail";
  EXPECT_EQ(before, stored(session_).size());
  generate_rsa(session_);  // the same number is free again
  EXPECT_EQ(before + 2, stored(session_).size());
}

// K9, A1: whoever deletes the public key did not ask for the private one.
TEST_F(Objects, PublicKeyIsDeletedAlone) {
  const std::size_t before = stored(session_).size();
  const Pair pair = generate_rsa(session_);
  ASSERT_EQ(CKR_OK, C_DestroyObject(session_, pair.public_key));
  EXPECT_EQ(before + 1, stored(session_).size());
  EXPECT_EQ(std::vector{pair.private_key}, find_class(session_, CKO_PRIVATE_KEY));
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  EXPECT_EQ(128U, sign(session_, mechanism, pair.private_key, Bytes{1, 2, 3}).size());
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, C_DestroyObject(session_, pair.public_key));
  EXPECT_EQ(CKR_OK, C_DestroyObject(session_, pair.private_key));
  EXPECT_EQ(before, stored(session_).size());
}

// A public key that outlived its private one does not become a later pair's half.
TEST_F(Objects, PublicKeyThatOutlivedIsNobodysHalf) {
  const Pair first = generate_rsa(session_);
  const Bytes modulus = attribute(session_, first.public_key, CKA_MODULUS);
  ASSERT_EQ(CKR_OK, C_DestroyObject(session_, first.private_key));
  const Pair second = generate_rsa(session_);
  EXPECT_NE(modulus, attribute(session_, second.private_key, CKA_MODULUS));
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  EXPECT_EQ(128U, sign(session_, mechanism, second.private_key, Bytes{1, 2, 3}).size());
  EXPECT_EQ(modulus, attribute(session_, first.public_key, CKA_MODULUS)) << "still itself";
}

// K9, A4: what was changed is read at once, what was deleted is gone at once.
TEST_F(Objects, ChangesAreSeenAtOnce) {
  const Pair pair = generate_rsa(session_);
  Attributes changes;
  changes.add(CKA_LABEL, std::string("renamed")).add(CKA_ID, Bytes{0x0A, 0x0B});
  ASSERT_EQ(CKR_OK,
            C_SetAttributeValue(session_, pair.private_key, changes.data(), changes.size()));
  for (const CK_OBJECT_HANDLE half : {pair.private_key, pair.public_key}) {
    EXPECT_EQ(to_bytes("renamed"), attribute(session_, half, CKA_LABEL));
    EXPECT_EQ((Bytes{0x0A, 0x0B}), attribute(session_, half, CKA_ID));
  }
  ASSERT_EQ(CKR_OK, C_DestroyObject(session_, pair.private_key));
  CK_ATTRIBUTE wanted{CKA_LABEL, nullptr, 0};
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, C_GetAttributeValue(session_, pair.private_key, &wanted, 1));
}

TEST_F(Objects, LabelAndIdChangeOnBothHalves) {
  const Pair pair = generate_rsa(session_);
  generate_rsa(session_, 1024, "another", {0x02});
  Attributes changes;
  changes.add(CKA_LABEL, std::string("renamed")).add(CKA_ID, Bytes{0x0A, 0x0B});
  ASSERT_EQ(CKR_OK,
            C_SetAttributeValue(session_, pair.private_key, changes.data(), changes.size()));
  Attributes wanted;
  wanted.add(CKA_ID, Bytes{0x0A, 0x0B}).add(CKA_LABEL, std::string("renamed"));
  EXPECT_EQ(2U, find(session_, wanted).size());
  restart();
  const CK_SESSION_HANDLE session = user_session();
  EXPECT_EQ(2U, find(session, wanted).size());
  Attributes other;
  other.add(CKA_ID, Bytes{0x02});
  EXPECT_EQ(2U, find(session, other).size());
}

TEST_F(Objects, WrongTemplates) {
  CK_OBJECT_HANDLE object = 0;
  Attributes no_class;
  no_class.flag(CKA_TOKEN, true);
  EXPECT_EQ(CKR_TEMPLATE_INCOMPLETE, create(no_class, &object));
  Attributes no_value;
  no_value.number(CKA_CLASS, CKO_CERTIFICATE).flag(CKA_TOKEN, true);
  EXPECT_EQ(CKR_TEMPLATE_INCOMPLETE, create(no_value, &object));
  Attributes garbage;
  garbage.number(CKA_CLASS, CKO_CERTIFICATE).flag(CKA_TOKEN, true).add(CKA_VALUE, Bytes(40, 7));
  EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID, create(garbage, &object));
  Attributes twice = data_object(false, "x");
  twice.add(CKA_LABEL, std::string("another label"));
  EXPECT_EQ(CKR_TEMPLATE_INCONSISTENT, create(twice, &object));
  Attributes short_flag;
  short_flag.number(CKA_CLASS, CKO_DATA).add(CKA_TOKEN, Bytes{});
  EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID, create(short_flag, &object));
  CK_ATTRIBUTE lies{CKA_LABEL, nullptr, CK_UNAVAILABLE_INFORMATION};
  EXPECT_EQ(CKR_ATTRIBUTE_VALUE_INVALID, C_CreateObject(session_, &lies, 1, &object));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_CreateObject(session_, &lies, ~0UL, &object));
  EXPECT_EQ(CKR_ARGUMENTS_BAD, C_CreateObject(session_, nullptr, 3, &object));
}

TEST_F(Objects, AThousandAttributesInOneTemplate) {
  Attributes many;
  for (CK_ULONG i = 0; i < 1000; ++i) many.number(CKA_VENDOR_DEFINED + i, i);
  EXPECT_TRUE(find(session_, many).empty());
  many.number(CKA_CLASS, CKO_DATA);
  CK_OBJECT_HANDLE object = 0;
  EXPECT_EQ(CKR_OK, create(many, &object));
  EXPECT_EQ(CKR_OK, C_DestroyObject(session_, object));
}

TEST_F(Objects, AttributesTheyHaveNot) {
  const Pair pair = generate_rsa(session_);
  CK_ULONG number = 0;
  Bytes small(1);
  CK_ATTRIBUTE attributes[] = {{CKA_PRIVATE_EXPONENT, nullptr, 0},
                               {CKA_WRAP_TEMPLATE, nullptr, 0},
                               {CKA_CLASS, &number, sizeof number},
                               {CKA_MODULUS, small.data(), small.size()}};
  const CK_RV rv = C_GetAttributeValue(session_, pair.private_key, attributes, 4);
  EXPECT_TRUE(rv == CKR_ATTRIBUTE_SENSITIVE || rv == CKR_ATTRIBUTE_TYPE_INVALID ||
              rv == CKR_BUFFER_TOO_SMALL);
  EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, attributes[0].ulValueLen);
  EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, attributes[1].ulValueLen);
  EXPECT_EQ(CKO_PRIVATE_KEY, number) << "good attributes are given all the same";
  EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, attributes[3].ulValueLen);
}

TEST_F(Objects, ReadOnlySessionsWriteNothing) {
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  ASSERT_EQ(CKR_OK, C_CloseSession(session_));
  session_ = open_session(0);
  ASSERT_EQ(CKR_OK, log_in(session_, CKU_USER, kUserPin));
  CK_OBJECT_HANDLE object = 0;
  EXPECT_EQ(CKR_SESSION_READ_ONLY, create(data_object(false, "x"), &object));
}

TEST_F(Objects, SearchTakesItsTurns) {
  generate_rsa(session_);
  Attributes wanted;
  wanted.add(CKA_ID, Bytes{0x01});
  ASSERT_EQ(CKR_OK, C_FindObjectsInit(session_, wanted.data(), wanted.size()));
  EXPECT_EQ(CKR_OPERATION_ACTIVE, C_FindObjectsInit(session_, nullptr, 0));
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 0;
  ASSERT_EQ(CKR_OK, C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(1UL, count);
  ASSERT_EQ(CKR_OK, C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(1UL, count);
  ASSERT_EQ(CKR_OK, C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(0UL, count);
  ASSERT_EQ(CKR_OK, C_FindObjectsFinal(session_));
  EXPECT_EQ(CKR_OPERATION_NOT_INITIALIZED, C_FindObjectsFinal(session_));
}

}  // namespace
}  // namespace kilt::test
