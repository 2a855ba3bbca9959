// A personalised virtual Kaztoken behind the module: SO PIN 87654321, user PIN 135790.
#pragma once

#include "tests/support/certificates.h"
#include "tests/support/module_test.h"
#include "tests/support/ready_kaztoken.h"

namespace kilt::test {

/// Attributes for a template, kept alive as long as it is used.
class Attributes {
 public:
  Attributes& add(CK_ATTRIBUTE_TYPE type, Bytes value) {
    values_.push_back(std::move(value));
    types_.push_back(type);
    return *this;
  }
  Attributes& add(CK_ATTRIBUTE_TYPE type, const std::string& value) {
    return add(type, to_bytes(value));
  }
  Attributes& flag(CK_ATTRIBUTE_TYPE type, bool value) {
    return add(type, Bytes{static_cast<Byte>(value ? CK_TRUE : CK_FALSE)});
  }
  Attributes& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
    return add(type, p11::AttributeValue::of_ulong(value).value);
  }
  CK_ATTRIBUTE* data() {
    list_.clear();
    for (std::size_t i = 0; i < values_.size(); ++i)
      list_.push_back({types_[i], values_[i].data(), values_[i].size()});
    return list_.data();
  }
  [[nodiscard]] CK_ULONG size() const { return values_.size(); }

 private:
  std::vector<CK_ATTRIBUTE_TYPE> types_;
  std::vector<Bytes> values_;
  std::vector<CK_ATTRIBUTE> list_;
};

class KaztokenTest : public ModuleTest {
 protected:
  void SetUp() override {
    ModuleTest::SetUp();
    insert("kaztoken");
    personalise();
  }

  /// C_InitToken and C_InitPIN, as an admin does it.
  void personalise() {
    std::string label = "Test token";
    label.resize(32, ' ');
    std::string so_pin = kSoPin;
    ASSERT_EQ(CKR_OK, C_InitToken(0, chars(so_pin), so_pin.size(), chars(label)));
    const CK_SESSION_HANDLE session = open_session();
    ASSERT_EQ(CKR_OK, log_in(session, CKU_SO, kSoPin));
    std::string pin = kUserPin;
    ASSERT_EQ(CKR_OK, C_InitPIN(session, chars(pin), pin.size()));
    ASSERT_EQ(CKR_OK, C_CloseSession(session));
  }

  /// A read-write session with the user logged in.
  CK_SESSION_HANDLE user_session() {
    const CK_SESSION_HANDLE session = open_session();
    EXPECT_EQ(CKR_OK, log_in(session, CKU_USER, kUserPin));
    return session;
  }

  struct Pair {
    CK_OBJECT_HANDLE public_key = 0, private_key = 0;
  };
  static Pair generate_rsa(CK_SESSION_HANDLE session, CK_ULONG bits = 1024,
                           const std::string& label = "key", const Bytes& id = {0x01}) {
    Attributes public_half, private_half;
    public_half.number(CKA_MODULUS_BITS, bits).add(CKA_LABEL, label).add(CKA_ID, id);
    private_half.add(CKA_LABEL, label).add(CKA_ID, id);
    CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
    Pair pair;
    EXPECT_EQ(CKR_OK, C_GenerateKeyPair(session, &mechanism, public_half.data(), public_half.size(),
                                        private_half.data(), private_half.size(), &pair.public_key,
                                        &pair.private_key));
    return pair;
  }

  /// A certificate over the pair's public key, written with this id; its signature is nobody's.
  static CK_OBJECT_HANDLE write_certificate(CK_SESSION_HANDLE session, const Pair& pair,
                                            const Bytes& id, const std::string& label = "key") {
    const Bytes modulus = attribute(session, pair.public_key, CKA_MODULUS);
    Attributes certificate;
    certificate.number(CKA_CLASS, CKO_CERTIFICATE)
        .number(CKA_CERTIFICATE_TYPE, CKC_X_509)
        .flag(CKA_TOKEN, true)
        .add(CKA_ID, id)
        .add(CKA_LABEL, label)
        .add(CKA_VALUE, make_certificate(RsaPublicKey{modulus, {0x01, 0x00, 0x01}}, label));
    CK_OBJECT_HANDLE handle = 0;
    EXPECT_EQ(CKR_OK, C_CreateObject(session, certificate.data(), certificate.size(), &handle));
    return handle;
  }

  static std::vector<CK_OBJECT_HANDLE> find(CK_SESSION_HANDLE session, Attributes wanted = {}) {
    EXPECT_EQ(CKR_OK, C_FindObjectsInit(session, wanted.data(), wanted.size()));
    std::vector<CK_OBJECT_HANDLE> found(100);
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, C_FindObjects(session, found.data(), found.size(), &count));
    EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session));
    found.resize(count);
    return found;
  }
  static std::vector<CK_OBJECT_HANDLE> find_class(CK_SESSION_HANDLE session,
                                                  CK_OBJECT_CLASS object_class) {
    Attributes wanted;
    wanted.number(CKA_CLASS, object_class);
    return find(session, wanted);
  }

  /// All but the profile objects, which every token shows.
  static std::vector<CK_OBJECT_HANDLE> stored(CK_SESSION_HANDLE session) {
    auto found = find(session);
    for (const CK_OBJECT_HANDLE profile : find_class(session, CKO_PROFILE))
      std::erase(found, profile);
    return found;
  }

  static Bytes attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_TYPE type) {
    CK_ATTRIBUTE wanted{type, nullptr, 0};
    EXPECT_EQ(CKR_OK, C_GetAttributeValue(session, object, &wanted, 1));
    Bytes value(wanted.ulValueLen);
    wanted.pValue = value.data();
    EXPECT_EQ(CKR_OK, C_GetAttributeValue(session, object, &wanted, 1));
    return value;
  }

  static Bytes sign(CK_SESSION_HANDLE session, CK_MECHANISM mechanism, CK_OBJECT_HANDLE key,
                    Bytes data) {
    EXPECT_EQ(CKR_OK, C_SignInit(session, &mechanism, key));
    CK_ULONG size = 0;
    EXPECT_EQ(CKR_OK, C_Sign(session, data.data(), data.size(), nullptr, &size));
    Bytes signature(size);
    EXPECT_EQ(CKR_OK, C_Sign(session, data.data(), data.size(), signature.data(), &size));
    signature.resize(size);
    return signature;
  }
};

}  // namespace kilt::test
