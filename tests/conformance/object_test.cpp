// Objects: made, copied, changed, destroyed, read (PKCS#11 v3.2, 5.7 and 4.1).
#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

Template data(bool token, const std::string& label) {
  Template wanted;
  wanted.number(CKA_CLASS, CKO_DATA)
      .flag(CKA_TOKEN, token)
      .flag(CKA_PRIVATE, false)
      .text(CKA_LABEL, label)
      .text(CKA_APPLICATION, "conformance")
      .text(CKA_VALUE, "some bytes");
  return wanted;
}

class Objects : public LoggedIn {
 protected:
  CK_RV create(Template wanted, CK_OBJECT_HANDLE& object) {
    return p11().C_CreateObject(session_, wanted.data(), wanted.size(), &object);
  }
  /// Skips the test where the module has no session objects of this kind.
  static bool made(CK_RV rv) {
    if (rv != CKR_OK) skip();
    return rv == CKR_OK;
  }
  static void skip() { GTEST_SKIP() << "the module keeps no such session objects"; }
  /// A token object, or nothing if the token keeps no data.
  std::optional<CK_OBJECT_HANDLE> token_object(const std::string& label) {
    CK_OBJECT_HANDLE object = 0;
    if (create(data(true, label), object) != CKR_OK) return std::nullopt;
    return object;
  }
};

TEST_F(Objects, SessionObjectLivesAsLongAsItsSession) {
  CK_OBJECT_HANDLE object = 0;
  const CK_SESSION_HANDLE other = open();
  Template wanted = data(false, "session object");
  if (!made(p11().C_CreateObject(other, wanted.data(), wanted.size(), &object))) return;
  EXPECT_EQ(false, flag(other, object, CKA_TOKEN));
  ASSERT_EQ(CKR_OK, p11().C_CloseSession(other));
  Template label;
  label.text(CKA_LABEL, "session object");
  EXPECT_TRUE(find(session_, label).empty());
}

TEST_F(Objects, ReadOnlySessionMakesSessionObjects) {
  CK_OBJECT_HANDLE object = 0;
  if (!made(create(data(false, "of a read-write session"), object))) return;
  Template wanted = data(false, "of a read-only session");
  EXPECT_EQ(CKR_OK, p11().C_CreateObject(open(0), wanted.data(), wanted.size(), &object));
}

TEST_F(Objects, TokenObjectOutlivesTheProgram) {
  if (!token_object("kept")) GTEST_SKIP() << "the token keeps no data objects";
  ASSERT_EQ(CKR_OK, p11().C_Finalize(nullptr));
  ASSERT_EQ(CKR_OK, p11().C_Initialize(nullptr));
  test_slot();
  session_ = open();
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  Template label;
  label.text(CKA_LABEL, "kept");
  const auto found = find(session_, label);
  ASSERT_EQ(1U, found.size());
  EXPECT_EQ(Bytes({'s', 'o', 'm', 'e', ' ', 'b', 'y', 't', 'e', 's'}),
            attribute(session_, found[0], CKA_VALUE));
  EXPECT_EQ(CKR_OK, p11().C_DestroyObject(session_, found[0]));
  EXPECT_TRUE(find(session_, label).empty());
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, p11().C_DestroyObject(session_, found[0]));
}

TEST_F(Objects, PublicTokenObjectIsSeenWithoutLogin) {
  const auto object = token_object("public");
  if (!object) GTEST_SKIP() << "the token keeps no data objects";
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  Template label;
  label.text(CKA_LABEL, "public");
  EXPECT_EQ(1U, find(session_, label).size());
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  EXPECT_EQ(CKR_OK, p11().C_DestroyObject(session_, find(session_, label).at(0)));
}

TEST_F(Objects, LabelCanBeChanged) {
  const auto object = token_object("before");
  if (!object) GTEST_SKIP() << "the token keeps no data objects";
  Template label;
  label.text(CKA_LABEL, "after");
  EXPECT_EQ(CKR_OK, p11().C_SetAttributeValue(session_, *object, label.data(), label.size()));
  EXPECT_EQ(1U, find(session_, label).size());
  EXPECT_EQ(CKR_OK, p11().C_DestroyObject(session_, find(session_, label).at(0)));
}

TEST_F(Objects, ClassCannotBeChanged) {
  CK_OBJECT_HANDLE object = 0;
  if (!made(create(data(false, "x"), object))) return;
  Template change;
  change.number(CKA_CLASS, CKO_CERTIFICATE);
  EXPECT_TRUE(
      is_one_of(p11().C_SetAttributeValue(session_, object, change.data(), change.size()),
                {CKR_ATTRIBUTE_READ_ONLY, CKR_ATTRIBUTE_TYPE_INVALID, CKR_TEMPLATE_INCONSISTENT}));
}

/// Applications shall not tell these apart (5.1.8, 5).
const std::initializer_list<CK_RV> kBadTemplate{CKR_ATTRIBUTE_VALUE_INVALID,
                                                CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT};

TEST_F(Objects, ClassIsWanted) {
  Template nothing;
  nothing.text(CKA_LABEL, "x");
  CK_OBJECT_HANDLE object = 0;
  EXPECT_TRUE(is_one_of(create(nothing, object), kBadTemplate));
}

TEST_F(Objects, UnknownAttributeIsRefused) {
  CK_OBJECT_HANDLE object = 0;
  if (!made(create(data(false, "x"), object))) return;
  Template odd = data(false, "x");
  odd.number(0x00F01234UL, 1024);  // no attribute of the standard, none of a vendor
  EXPECT_TRUE(is_one_of(create(odd, object), {CKR_ATTRIBUTE_TYPE_INVALID}));
}

TEST_F(Objects, WrongLengthIsRefused) {
  Template odd;
  odd.bytes(CKA_CLASS, {0}).text(CKA_LABEL, "x");
  CK_OBJECT_HANDLE object = 0;
  EXPECT_TRUE(is_one_of(create(odd, object), kBadTemplate));
}

TEST_F(Objects, CopyIsAnotherObject) {
  CK_OBJECT_HANDLE object = 0, copy = 0;
  if (!made(create(data(false, "original"), object))) return;
  Template label;
  label.text(CKA_LABEL, "copy");
  const CK_RV rv = p11().C_CopyObject(session_, object, label.data(), label.size(), &copy);
  if (rv == CKR_FUNCTION_NOT_SUPPORTED) GTEST_SKIP() << "the module copies nothing";
  ASSERT_EQ(CKR_OK, rv);
  EXPECT_NE(object, copy);
  EXPECT_EQ(attribute(session_, object, CKA_VALUE), attribute(session_, copy, CKA_VALUE));
  EXPECT_EQ(Bytes({'c', 'o', 'p', 'y'}), attribute(session_, copy, CKA_LABEL));
}

TEST_F(Objects, PublicKeyOfAnotherCanBeASessionObject) {
  if (!can(CKM_RSA_PKCS, CKF_VERIFY) && !can(CKM_SHA256_RSA_PKCS, CKF_VERIFY))
    GTEST_SKIP() << "the token verifies nothing";
  Template key;
  key.number(CKA_CLASS, CKO_PUBLIC_KEY)
      .number(CKA_KEY_TYPE, CKK_RSA)
      .flag(CKA_TOKEN, false)
      .flag(CKA_VERIFY, true)
      .bytes(CKA_MODULUS, Bytes(128, 0xC1))
      .bytes(CKA_PUBLIC_EXPONENT, {1, 0, 1});
  CK_OBJECT_HANDLE object = 0;
  if (!made(create(key, object))) return;
  EXPECT_EQ(Bytes(128, 0xC1), attribute(session_, object, CKA_MODULUS));
}

TEST_F(Objects, SizeIsToldOrNot) {
  CK_OBJECT_HANDLE object = 0;
  if (!made(create(data(false, "sized"), object))) return;
  CK_ULONG size = 0;
  EXPECT_TRUE(is_one_of(p11().C_GetObjectSize(session_, object, &size),
                        {CKR_OK, CKR_INFORMATION_SENSITIVE, CKR_FUNCTION_NOT_SUPPORTED}));
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, p11().C_GetObjectSize(session_, ~0UL, &size));
}

class Find : public LoggedIn {};

TEST_F(Find, ZeroAtATimeIsAllowed) {
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 7;
  EXPECT_EQ(CKR_OK, p11().C_FindObjects(session_, &object, 0, &count));
  EXPECT_EQ(0UL, count);
}

TEST_F(Find, EndsWithZeroAgainAndAgain) {
  Template nothing;
  nothing.text(CKA_LABEL, "nobody has this label");
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nothing.data(), nothing.size()));
  CK_OBJECT_HANDLE object = 0;
  for (int i = 0; i < 3; ++i) {
    CK_ULONG count = 7;
    EXPECT_EQ(CKR_OK, p11().C_FindObjects(session_, &object, 1, &count));
    EXPECT_EQ(0UL, count);
  }
  EXPECT_EQ(CKR_OK, p11().C_FindObjectsFinal(session_));
}

TEST_F(Find, OneByOneIsAllAtOnce) {
  const auto all = find(session_, {});
  ASSERT_EQ(CKR_OK, p11().C_FindObjectsInit(session_, nullptr, 0));
  std::vector<CK_OBJECT_HANDLE> one_by_one;
  CK_OBJECT_HANDLE object = 0;
  for (CK_ULONG count = 1; one_by_one.size() < 4096;) {
    ASSERT_EQ(CKR_OK, p11().C_FindObjects(session_, &object, 1, &count));
    if (count == 0) break;
    one_by_one.push_back(object);
  }
  EXPECT_EQ(CKR_OK, p11().C_FindObjectsFinal(session_));
  EXPECT_EQ(all, one_by_one);
}

TEST_F(Find, EachHandleIsAnObjectOfItsOwn) {
  const auto all = find(session_, {});
  EXPECT_EQ(all.size(), std::set(all.begin(), all.end()).size());
  for (const CK_OBJECT_HANDLE object : all) {
    EXPECT_NE(CK_INVALID_HANDLE, object);
    EXPECT_TRUE(number(session_, object, CKA_CLASS).has_value());
  }
}

TEST_F(Find, HardwareFeaturesOnlyWhenAskedFor) {
  for (const CK_OBJECT_HANDLE object : find(session_, {}))
    EXPECT_NE(CKO_HW_FEATURE, number(session_, object, CKA_CLASS)) << "(4.3)";
}

// Programs of the time before v3.0 stop at a class that they do not know.
TEST_F(Find, ProfilesOnlyWhenAskedFor) {
  for (const CK_OBJECT_HANDLE object : find(session_, {}))
    EXPECT_NE(CKO_PROFILE, number(session_, object, CKA_CLASS));
}

TEST_F(Find, UnknownAttributeMatchesNothing) {
  Template odd;
  odd.number(CKA_VENDOR_DEFINED | 0x1234, 1);
  const CK_RV rv = p11().C_FindObjectsInit(session_, odd.data(), odd.size());
  if (rv != CKR_OK) {
    EXPECT_EQ(CKR_ATTRIBUTE_TYPE_INVALID, rv);
    return;
  }
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 7;
  EXPECT_EQ(CKR_OK, p11().C_FindObjects(session_, &object, 1, &count));
  EXPECT_EQ(0UL, count);
}

class Attributes : public WithRsa {};

TEST_F(Attributes, LengthThenValue) {
  CK_ATTRIBUTE modulus{CKA_MODULUS, nullptr, 0};
  ASSERT_EQ(CKR_OK, p11().C_GetAttributeValue(session_, pair_.public_key, &modulus, 1));
  const CK_ULONG size = modulus.ulValueLen;
  EXPECT_GE(size, 64UL);
  Bytes value(size);
  modulus = {CKA_MODULUS, value.data(), size - 1};
  EXPECT_EQ(CKR_BUFFER_TOO_SMALL,
            p11().C_GetAttributeValue(session_, pair_.public_key, &modulus, 1));
  EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, modulus.ulValueLen);
  modulus = {CKA_MODULUS, value.data(), size};
  EXPECT_EQ(CKR_OK, p11().C_GetAttributeValue(session_, pair_.public_key, &modulus, 1));
}

TEST_F(Attributes, OneThatIsNotThereSpoilsNoOther) {
  Bytes value(1024);
  CK_ATTRIBUTE two[]{{CKA_CERTIFICATE_TYPE, nullptr, 0}, {CKA_MODULUS, value.data(), value.size()}};
  EXPECT_EQ(CKR_ATTRIBUTE_TYPE_INVALID,
            p11().C_GetAttributeValue(session_, pair_.public_key, two, 2));
  EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, two[0].ulValueLen);
  EXPECT_NE(CK_UNAVAILABLE_INFORMATION, two[1].ulValueLen);
  EXPECT_LT(two[1].ulValueLen, value.size());
}

TEST_F(Attributes, SecretOnesAreSensitive) {
  for (const CK_ATTRIBUTE_TYPE type : {CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_COEFFICIENT}) {
    Bytes value(1024);
    CK_ATTRIBUTE secret{type, value.data(), value.size()};
    EXPECT_EQ(CKR_ATTRIBUTE_SENSITIVE,
              p11().C_GetAttributeValue(session_, pair_.private_key, &secret, 1))
        << std::hex << type;
    EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, secret.ulValueLen);
    EXPECT_EQ(Bytes(1024), value) << "not one byte";
  }
}

TEST_F(Attributes, SecrecyIsTold) {
  EXPECT_EQ(true, flag(session_, pair_.private_key, CKA_SENSITIVE));
  EXPECT_EQ(false, flag(session_, pair_.private_key, CKA_EXTRACTABLE));
  EXPECT_EQ(true, flag(session_, pair_.private_key, CKA_PRIVATE));
  EXPECT_TRUE(flag(session_, pair_.private_key, CKA_ALWAYS_SENSITIVE).has_value());
  EXPECT_TRUE(flag(session_, pair_.private_key, CKA_NEVER_EXTRACTABLE).has_value());
}

TEST_F(Attributes, SecrecyCannotBeGivenUp) {
  Template weaker;
  weaker.flag(CKA_SENSITIVE, false);
  EXPECT_TRUE(is_one_of(p11().C_SetAttributeValue(session_, pair_.private_key, weaker.data(), 1),
                        {CKR_ATTRIBUTE_READ_ONLY, CKR_ACTION_PROHIBITED}));
}

}  // namespace
}  // namespace kilt::conformance
