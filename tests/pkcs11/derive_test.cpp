// C_DeriveKey on a virtual IDPrime: the same secret as OpenSSL's on the other side; points and
// templates that are none; what becomes of the secret.
#include <openssl/evp.h>

#include "drivers/objects.h"
#include "tests/support/module_test.h"

namespace kilt::test {
namespace {

using Pkey = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
constexpr std::size_t kField = 32;  // bytes, P-256

class Derive : public ModuleTest {
 protected:
  void SetUp() override {
    if (delegated_) GTEST_SKIP() << "about a token's own keys";
    ModuleTest::SetUp();
    auto card = vtoken::make_card("idprime");
    card->set("keys", "p-256");
    card->set("pin", "24681357");
    virtual_ = std::make_shared<VirtualEndpoint>(std::move(card));
    card_ = std::make_shared<CountingEndpoint>(virtual_);
    readers_->insert(kReader, card_);
    list_slots();
    session_ = open_session();
    ASSERT_EQ(CKR_OK, log_in(session_, CKU_USER, "24681357"));
    key_ = object(CKO_PRIVATE_KEY);
    ASSERT_NE(0U, key_);
  }
  void TearDown() override {
    if (!delegated_) ModuleTest::TearDown();
  }
  CK_OBJECT_HANDLE object(CK_OBJECT_CLASS object_class) {
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, C_FindObjectsInit(session_, &wanted, 1));
    EXPECT_EQ(CKR_OK, C_FindObjects(session_, &found, 1, &count));
    EXPECT_EQ(CKR_OK, C_FindObjectsFinal(session_));
    return found;
  }
  CK_RV derive(Bytes point, CK_ULONG size, bool readable = true) {
    CK_ECDH1_DERIVE_PARAMS parameters{};
    parameters.kdf = kdf_;
    parameters.pPublicData = point.empty() ? nullptr : point.data();
    parameters.ulPublicDataLen = point.size();
    CK_MECHANISM mechanism{CKM_ECDH1_DERIVE, &parameters, sizeof parameters};
    CK_OBJECT_CLASS secret = CKO_SECRET_KEY;
    CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
    CK_BBOOL sensitive = readable ? CK_FALSE : CK_TRUE, extractable = readable ? CK_TRUE : CK_FALSE;
    std::vector<CK_ATTRIBUTE> wanted{{CKA_CLASS, &secret, sizeof secret},
                                     {CKA_KEY_TYPE, &generic, sizeof generic},
                                     {CKA_TOKEN, &token_, sizeof token_},
                                     {CKA_SENSITIVE, &sensitive, sizeof sensitive},
                                     {CKA_EXTRACTABLE, &extractable, sizeof extractable}};
    if (size != 0) wanted.push_back({CKA_VALUE_LEN, &size, sizeof size});
    return C_DeriveKey(session_, &mechanism, key_, wanted.data(), wanted.size(), &secret_);
  }
  /// CKA_VALUE of the secret; empty and `rv_` if it is not given.
  Bytes value() {
    Bytes bytes(100);
    CK_ATTRIBUTE wanted{CKA_VALUE, bytes.data(), bytes.size()};
    rv_ = C_GetAttributeValue(session_, secret_, &wanted, 1);
    if (rv_ != CKR_OK) return {};
    bytes.resize(wanted.ulValueLen);
    return bytes;
  }
  static Bytes point_of(const Pkey& key) {
    Bytes point(1 + 2 * kField);
    std::size_t size = 0;
    EXPECT_EQ(1, EVP_PKEY_get_octet_string_param(key.get(), "encoded-pub-key", point.data(),
                                                 point.size(), &size));
    point.resize(size);
    return point;
  }
  /// What the other side computes, with the token's public key as C_GetAttributeValue gives it.
  Bytes expected(const Pkey& other) {
    Bytes own(200);
    CK_ATTRIBUTE wanted{CKA_EC_POINT, own.data(), own.size()};
    EXPECT_EQ(CKR_OK, C_GetAttributeValue(session_, object(CKO_PUBLIC_KEY), &wanted, 1));
    const Pkey peer(EVP_PKEY_new(), EVP_PKEY_free);
    EXPECT_EQ(1, EVP_PKEY_copy_parameters(peer.get(), other.get()));
    EXPECT_EQ(1, EVP_PKEY_set1_encoded_public_key(peer.get(), own.data() + 2, 1 + 2 * kField));
    const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
        EVP_PKEY_CTX_new(other.get(), nullptr), EVP_PKEY_CTX_free);
    Bytes secret(kField);
    std::size_t size = secret.size();
    EXPECT_EQ(1, EVP_PKEY_derive_init(context.get()));
    EXPECT_EQ(1, EVP_PKEY_derive_set_peer(context.get(), peer.get()));
    EXPECT_EQ(1, EVP_PKEY_derive(context.get(), secret.data(), &size));
    return secret;
  }

  const Pkey other_{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free};
  CK_SESSION_HANDLE session_ = 0;
  CK_OBJECT_HANDLE key_ = 0, secret_ = 0;
  CK_BBOOL token_ = CK_FALSE;
  CK_ULONG kdf_ = CKD_NULL;
  CK_RV rv_ = CKR_OK;
};

TEST_F(Derive, GivesTheSecretOfTheOtherSide) {
  const Bytes secret = expected(other_);
  ASSERT_EQ(CKR_OK, derive(point_of(other_), 0));
  EXPECT_EQ(secret, value());
  Bytes wrapped{0x04, 1 + 2 * kField};
  append(wrapped, point_of(other_));
  ASSERT_EQ(CKR_OK, derive(wrapped, 0)) << "in an OCTET STRING";
  EXPECT_EQ(secret, value());
  ASSERT_EQ(CKR_OK, derive(point_of(other_), 20));
  EXPECT_EQ(Bytes(secret.end() - 20, secret.end()), value()) << "cut at its leading end";
}

TEST_F(Derive, PointsAreJudgedBeforeTheTokenSeesThem) {
  const Bytes good = point_of(other_);
  std::vector<Bytes> bad{{}, {0x00}, {0x04}, Bytes(good.begin(), good.end() - 1), Bytes(65, 0x04)};
  bad.push_back(good);
  bad.back().back() ^= 1;  // not on the curve
  bad.push_back(good);
  bad.back().push_back(0);
  bad.push_back(good);
  bad.back().front() = 0x02;
  const Pkey larger(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"), EVP_PKEY_free);
  Bytes point(97);
  std::size_t size = 0;
  ASSERT_EQ(1, EVP_PKEY_get_octet_string_param(larger.get(), "encoded-pub-key", point.data(),
                                               point.size(), &size));
  bad.push_back(point);
  ASSERT_EQ(CKR_OK, derive(good, 0));
  card_->restart_count();
  for (const Bytes& one : bad) EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, derive(one, 0)) << one.size();
  kdf_ = CKD_SHA1_KDF;
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, derive(good, 0));
  kdf_ = CKD_NULL;
  EXPECT_EQ(CKR_KEY_SIZE_RANGE, derive(good, kField + 1));
  token_ = CK_TRUE;
  EXPECT_EQ(CKR_TEMPLATE_INCONSISTENT, derive(good, 0));
  CK_MECHANISM bare{CKM_ECDH1_DERIVE, nullptr, 0};
  EXPECT_EQ(CKR_MECHANISM_PARAM_INVALID, C_DeriveKey(session_, &bare, key_, nullptr, 0, &secret_));
  EXPECT_EQ(0U, card_->count());
}

TEST_F(Derive, TheSecretIsShownOnlyIfAskedForAndGoesWithTheLogin) {
  ASSERT_EQ(CKR_OK, derive(point_of(other_), 0, false));
  EXPECT_TRUE(value().empty());
  EXPECT_EQ(CKR_ATTRIBUTE_SENSITIVE, rv_);
  CK_BBOOL no = CK_FALSE;
  CK_ATTRIBUTE change{CKA_SENSITIVE, &no, sizeof no};
  EXPECT_EQ(CKR_ATTRIBUTE_READ_ONLY, C_SetAttributeValue(session_, secret_, &change, 1));
  CK_OBJECT_HANDLE copy = 0;
  EXPECT_EQ(CKR_ACTION_PROHIBITED, C_CopyObject(session_, secret_, &change, 1, &copy));
  ASSERT_EQ(CKR_OK, derive(point_of(other_), 0));
  EXPECT_EQ(kField, value().size());
  ASSERT_EQ(CKR_OK, C_Logout(session_));
  EXPECT_TRUE(value().empty());
  EXPECT_EQ(CKR_OBJECT_HANDLE_INVALID, rv_);
}

TEST_F(Derive, IsOfferedWhereTheTokenDoesIt) {
  CK_MECHANISM_INFO info{};
  ASSERT_EQ(CKR_OK, C_GetMechanismInfo(0, CKM_ECDH1_DERIVE, &info));
  EXPECT_EQ(CKF_HW | CKF_DERIVE | CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS, info.flags);
  readers_->remove_card(kReader);
  insert("kaztoken");
  EXPECT_EQ(CKR_MECHANISM_INVALID, C_GetMechanismInfo(0, CKM_ECDH1_DERIVE, &info));
}

}  // namespace
}  // namespace kilt::test
