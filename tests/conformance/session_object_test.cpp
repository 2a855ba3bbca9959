// Session objects: whose they are, what copies of them are (PKCS#11 v3.2, 4.4, 5.6.3, 5.7).
#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

class SessionObjects : public LoggedIn {
 protected:
  Template public_key() {
    Template key;
    key.number(CKA_CLASS, CKO_PUBLIC_KEY)
        .number(CKA_KEY_TYPE, CKK_RSA)
        .flag(CKA_TOKEN, false)
        .flag(CKA_PRIVATE, is_private_)
        .flag(CKA_VERIFY, true)
        .text(CKA_LABEL, "of a session")
        .bytes(CKA_MODULUS, Bytes(128, 0xC1))
        .bytes(CKA_PUBLIC_EXPONENT, {1, 0, 1});
    return key;
  }
  Template data() {
    Template wanted;
    wanted.number(CKA_CLASS, CKO_DATA)
        .flag(CKA_TOKEN, false)
        .flag(CKA_PRIVATE, is_private_)
        .text(CKA_LABEL, "of a session")
        .text(CKA_VALUE, "some bytes");
    return wanted;
  }
  /// False, and the test is skipped, where the module keeps no such session objects.
  bool make(CK_SESSION_HANDLE session, Template wanted, CK_OBJECT_HANDLE& object) {
    const CK_RV rv = p11().C_CreateObject(session, wanted.data(), wanted.size(), &object);
    if (rv != CKR_OK) skip();
    return rv == CKR_OK;
  }
  static void skip() { GTEST_SKIP() << "the module keeps no such session objects"; }
  std::size_t seen_from(CK_SESSION_HANDLE session) {
    Template label;
    label.text(CKA_LABEL, "of a session");
    return find(session, label).size();
  }
  CK_RV copy(CK_OBJECT_HANDLE object, Template changes, CK_OBJECT_HANDLE& made) {
    return p11().C_CopyObject(session_, object, changes.data(), changes.size(), &made);
  }
  bool is_private_ = false;
};

TEST_F(SessionObjects, AreSeenFromEverySession) {
  CK_OBJECT_HANDLE object = 0;
  const CK_SESSION_HANDLE other = open(0);
  if (!make(session_, data(), object)) return;
  EXPECT_EQ(1U, seen_from(other));
  EXPECT_TRUE(attribute(other, object, CKA_VALUE).has_value());
}

TEST_F(SessionObjects, AreUsedFromEverySession) {
  if (!can(CKM_SHA256_RSA_PKCS, CKF_VERIFY)) GTEST_SKIP() << "the token verifies nothing";
  CK_OBJECT_HANDLE object = 0;
  const CK_SESSION_HANDLE other = open(0);
  if (!make(session_, public_key(), object)) return;
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  EXPECT_EQ(CKR_OK, p11().C_VerifyInit(other, &mechanism, object));
}

TEST_F(SessionObjects, AreDestroyedFromAnySession) {
  CK_OBJECT_HANDLE object = 0;
  const CK_SESSION_HANDLE other = open(0);
  if (!make(session_, data(), object)) return;
  EXPECT_EQ(CKR_OK, p11().C_DestroyObject(other, object));
  EXPECT_EQ(0U, seen_from(session_));
}

TEST_F(SessionObjects, GoWithTheSessionThatMadeThem) {
  CK_OBJECT_HANDLE object = 0;
  const CK_SESSION_HANDLE other = open();
  if (!make(other, data(), object)) return;
  ASSERT_EQ(CKR_OK, p11().C_CloseSession(other));
  EXPECT_EQ(0U, seen_from(session_));
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, p11().C_DestroyObject(session_, object));
}

TEST_F(SessionObjects, PrivateOnesGoWithTheLogin) {
  is_private_ = true;
  CK_OBJECT_HANDLE object = 0;
  if (!make(open(), data(), object)) return;
  ASSERT_EQ(CKR_OK, p11().C_Logout(session_));
  EXPECT_EQ(0U, seen_from(session_));
  ASSERT_EQ(CKR_OK, login(session_, CKU_USER, options().pin));
  EXPECT_EQ(0U, seen_from(session_)) << "(5.6.10)";
}

TEST_F(SessionObjects, CopyStaysOfItsClass) {
  CK_OBJECT_HANDLE object = 0, made = 0;
  if (!make(session_, data(), object)) return;
  Template change;
  change.number(CKA_CLASS, CKO_PUBLIC_KEY);
  EXPECT_NE(CKR_OK, copy(object, change, made)) << "(4.1.3: data has no key type)";
}

TEST_F(SessionObjects, UncopyableIsNotCopied) {
  CK_OBJECT_HANDLE object = 0, made = 0;
  Template wanted = data();
  wanted.flag(CKA_COPYABLE, false);
  if (!make(session_, wanted, object)) return;
  Template change;
  change.text(CKA_LABEL, "a copy");
  EXPECT_EQ(CKR_ACTION_PROHIBITED, copy(object, change, made)) << "(4.4.1)";
}

TEST_F(SessionObjects, UnmodifiableIsNotModified) {
  CK_OBJECT_HANDLE object = 0;
  Template wanted = data();
  wanted.flag(CKA_MODIFIABLE, false);
  if (!make(session_, wanted, object)) return;
  Template change;
  change.text(CKA_LABEL, "another");
  EXPECT_EQ(CKR_ACTION_PROHIBITED,
            p11().C_SetAttributeValue(session_, object, change.data(), change.size()));
}

TEST_F(SessionObjects, IndestructibleIsNotDestroyed) {
  CK_OBJECT_HANDLE object = 0;
  const CK_SESSION_HANDLE other = open();
  Template wanted = data();
  wanted.flag(CKA_DESTROYABLE, false);
  if (!make(other, wanted, object)) return;
  EXPECT_EQ(CKR_ACTION_PROHIBITED, p11().C_DestroyObject(session_, object)) << "(4.4.1)";
}

TEST_F(SessionObjects, SizeOfWhatIsPublicIsTold) {
  CK_OBJECT_HANDLE object = 0;
  if (!make(session_, data(), object)) return;
  CK_ULONG size = 0;
  ASSERT_EQ(CKR_OK, p11().C_GetObjectSize(session_, object, &size));
  EXPECT_GE(size, 10UL);
}

/// A certificate of a session becomes one of the token: WebCrypto's way to store it.
TEST_F(SessionObjects, CertificateIsCopiedToTheToken) {
  const auto pair = key_pair(session_, CKK_RSA);
  if (!pair) GTEST_SKIP() << "the token has no RSA key and makes none";
  const auto key = openssl_key(session_, pair->public_key);
  ASSERT_NE(nullptr, key);
  const MadeCertificate certificate = certificate_for(key.get());
  Template wanted;
  wanted.number(CKA_CLASS, CKO_CERTIFICATE)
      .number(CKA_CERTIFICATE_TYPE, CKC_X_509)
      .flag(CKA_PRIVATE, false)
      .text(CKA_LABEL, "of a session")
      .bytes(CKA_ID, attribute(session_, pair->private_key, CKA_ID).value_or(Bytes{}))
      .bytes(CKA_SUBJECT, certificate.subject)
      .bytes(CKA_ISSUER, certificate.issuer)
      .bytes(CKA_SERIAL_NUMBER, certificate.serial)
      .bytes(CKA_VALUE, certificate.der);
  Template of_session = wanted, of_token = wanted;
  of_session.flag(CKA_TOKEN, false);
  of_token.flag(CKA_TOKEN, true);
  CK_OBJECT_HANDLE object = 0, direct = 0, made = 0;
  if (p11().C_CreateObject(session_, of_token.data(), of_token.size(), &direct) != CKR_OK)
    GTEST_SKIP() << "the token takes no certificates";
  ASSERT_EQ(CKR_OK, p11().C_DestroyObject(session_, direct));
  if (!make(session_, of_session, object)) return;
  Template change;
  change.flag(CKA_TOKEN, true);
  ASSERT_EQ(CKR_OK, copy(object, change, made));
  EXPECT_EQ(true, flag(session_, made, CKA_TOKEN));
  EXPECT_EQ(certificate.der, attribute(session_, made, CKA_VALUE));
  EXPECT_EQ(CKR_OK, p11().C_DestroyObject(session_, made));
}

}  // namespace
}  // namespace kilt::conformance
