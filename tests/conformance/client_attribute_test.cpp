// What NSS, SunPKCS11, libp11, GnuTLS, OpenSSH and pkcs11-helper ask keys and certificates for: the
// standard's attributes have a value, the vendors' are politely unknown.
#include "tests/conformance/fixtures.h"

namespace kilt::conformance {
namespace {

constexpr CK_ATTRIBUTE_TYPE kNssVendor = CKA_VENDOR_DEFINED | 0x4E534350UL;  // "NSCP"

class ClientAttributes : public LoggedIn {
 protected:
  std::vector<CK_OBJECT_HANDLE> of_class(CK_OBJECT_CLASS object_class) {
    Template wanted;
    wanted.number(CKA_CLASS, object_class);
    return find(session_, wanted);
  }
  void each_has(CK_OBJECT_CLASS object_class, std::initializer_list<CK_ATTRIBUTE_TYPE> types) {
    const auto objects = of_class(object_class);
    if (objects.empty()) GTEST_SKIP() << "there is none";
    for (const CK_OBJECT_HANDLE object : objects)
      for (const CK_ATTRIBUTE_TYPE type : types)
        EXPECT_TRUE(attribute(session_, object, type).has_value())
            << "object " << object << ", attribute 0x" << std::hex << type;
  }
};

TEST_F(ClientAttributes, OfPrivateKeys) {
  // SunPKCS11 asks all keys for their flags; NSS for CKA_SUBJECT; OpenSSH and libp11 for
  // CKA_ALWAYS_AUTHENTICATE; pkcs11-helper chooses between sign, recover and decrypt.
  each_has(CKO_PRIVATE_KEY, {CKA_CLASS,
                             CKA_TOKEN,
                             CKA_PRIVATE,
                             CKA_LABEL,
                             CKA_ID,
                             CKA_KEY_TYPE,
                             CKA_SIGN,
                             CKA_SIGN_RECOVER,
                             CKA_DECRYPT,
                             CKA_UNWRAP,
                             CKA_DERIVE,
                             CKA_SENSITIVE,
                             CKA_EXTRACTABLE,
                             CKA_ALWAYS_SENSITIVE,
                             CKA_NEVER_EXTRACTABLE,
                             CKA_LOCAL,
                             CKA_MODIFIABLE,
                             CKA_SUBJECT,
                             CKA_ALWAYS_AUTHENTICATE,
                             CKA_START_DATE,
                             CKA_END_DATE});
}

TEST_F(ClientAttributes, OfPublicKeys) {
  each_has(CKO_PUBLIC_KEY, {CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_LABEL, CKA_ID, CKA_KEY_TYPE,
                            CKA_VERIFY, CKA_VERIFY_RECOVER, CKA_ENCRYPT, CKA_WRAP, CKA_DERIVE,
                            CKA_LOCAL, CKA_MODIFIABLE, CKA_SUBJECT, CKA_TRUSTED});
}

TEST_F(ClientAttributes, OfCertificates) {
  // GnuTLS looks at CKA_CERTIFICATE_CATEGORY and CKA_TRUSTED, NSS finds issuers by CKA_SUBJECT and
  // duplicates by CKA_ISSUER with CKA_SERIAL_NUMBER.
  each_has(CKO_CERTIFICATE,
           {CKA_CLASS, CKA_TOKEN, CKA_PRIVATE, CKA_LABEL, CKA_ID, CKA_CERTIFICATE_TYPE, CKA_TRUSTED,
            CKA_CERTIFICATE_CATEGORY, CKA_SUBJECT, CKA_ISSUER, CKA_SERIAL_NUMBER, CKA_VALUE,
            CKA_MODIFIABLE});
}

TEST_F(ClientAttributes, RsaKeysTellTheirNumbersOnBothSides) {
  // libp11 and pkcs11-helper take the size of a signature from the private half.
  const auto pair = key_pair(session_, CKK_RSA);
  if (!pair) GTEST_SKIP() << "the token has no RSA key";
  for (const CK_OBJECT_HANDLE half : {pair->public_key, pair->private_key})
    EXPECT_TRUE(attribute(session_, half, CKA_MODULUS).has_value());
  EXPECT_EQ(attribute(session_, pair->public_key, CKA_MODULUS),
            attribute(session_, pair->private_key, CKA_MODULUS));
  EXPECT_EQ((Bytes{1, 0, 1}), attribute(session_, pair->public_key, CKA_PUBLIC_EXPONENT));
  EXPECT_EQ(attribute(session_, pair->public_key, CKA_MODULUS)->size() * 8,
            number(session_, pair->public_key, CKA_MODULUS_BITS));
}

TEST_F(ClientAttributes, EcKeysTellTheirCurveOnBothSides) {
  const auto pair = key_pair(session_, CKK_EC);
  if (!pair) GTEST_SKIP() << "the token has no EC key";
  const auto curve = attribute(session_, pair->public_key, CKA_EC_PARAMS);
  EXPECT_TRUE(curve.has_value());
  EXPECT_EQ(curve, attribute(session_, pair->private_key, CKA_EC_PARAMS));
  const auto point = attribute(session_, pair->public_key, CKA_EC_POINT);
  ASSERT_TRUE(point.has_value());
  EXPECT_EQ(0x04, point->at(0)) << "an OCTET STRING (6.3.3)";
  EXPECT_EQ(0x04, point->at(point->at(1) < 0x80 ? 2 : 3)) << "around an uncompressed point";
}

TEST_F(ClientAttributes, LabelAndIdAreTheSameOnBothSides) {
  const auto keys = of_class(CKO_PRIVATE_KEY);
  if (keys.empty()) GTEST_SKIP() << "there is no key";
  for (const CK_OBJECT_HANDLE key : keys) {
    const auto id = attribute(session_, key, CKA_ID);
    ASSERT_TRUE(id && !id->empty()) << "object " << key;
    Template wanted;
    wanted.number(CKA_CLASS, CKO_PUBLIC_KEY).bytes(CKA_ID, *id);
    for (const CK_OBJECT_HANDLE other : find(session_, wanted))
      EXPECT_EQ(attribute(session_, key, CKA_LABEL), attribute(session_, other, CKA_LABEL));
    EXPECT_FALSE(attribute(session_, key, CKA_LABEL)->empty());
  }
}

TEST_F(ClientAttributes, CertificatesAreFoundByIssuerAndSerial) {
  const auto certificates = of_class(CKO_CERTIFICATE);
  if (certificates.empty()) GTEST_SKIP() << "there is no certificate";
  Template wanted;
  wanted.number(CKA_CLASS, CKO_CERTIFICATE)
      .bytes(CKA_ISSUER, attribute(session_, certificates[0], CKA_ISSUER).value_or(Bytes{}))
      .bytes(CKA_SERIAL_NUMBER,
             attribute(session_, certificates[0], CKA_SERIAL_NUMBER).value_or(Bytes{}));
  EXPECT_FALSE(find(session_, wanted).empty());
  EXPECT_EQ(0x02, attribute(session_, certificates[0], CKA_SERIAL_NUMBER)->at(0)) << "DER (4.6.3)";
}

TEST_F(ClientAttributes, VendorsOnesAreUnknownNotAnError) {
  for (const CK_OBJECT_HANDLE object : find(session_, {})) {
    Bytes value(64);
    CK_ATTRIBUTE nss{kNssVendor | 1, value.data(), value.size()};
    EXPECT_EQ(CKR_ATTRIBUTE_TYPE_INVALID, p11().C_GetAttributeValue(session_, object, &nss, 1));
    EXPECT_EQ(CK_UNAVAILABLE_INFORMATION, nss.ulValueLen);
  }
}

TEST_F(ClientAttributes, TrustObjectsAreNotFound) {
  EXPECT_TRUE(of_class(CKO_VENDOR_DEFINED | 0x4E534353UL).empty()) << "CKO_NSS_TRUST";
}

TEST_F(ClientAttributes, AlwaysAuthenticateMeansIt) {
  // A key that says so must refuse to sign without a login of its own; one that does not, must not.
  const auto pair = key_pair(session_, CKK_RSA);
  if (!pair || !can(CKM_SHA256_RSA_PKCS, CKF_SIGN)) GTEST_SKIP() << "no RSA key to sign with";
  const bool always = flag(session_, pair->private_key, CKA_ALWAYS_AUTHENTICATE).value_or(false);
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  Bytes data(20, 7), signature(1024);
  CK_ULONG size = signature.size();
  ASSERT_EQ(CKR_OK, p11().C_SignInit(session_, &mechanism, pair->private_key));
  EXPECT_EQ(always ? CKR_USER_NOT_LOGGED_IN : CKR_OK,
            p11().C_Sign(session_, data.data(), data.size(), signature.data(), &size));
}

}  // namespace
}  // namespace kilt::conformance
