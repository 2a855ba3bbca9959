// A GOST R 34.10 signature that the token, or the road to it, spoilt: the host verifies each one
// against the public key of the handle before it leaves the module.
#include "tests/support/each_family.h"
#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

class GostOnKaztoken : public EachFamily {
 protected:
  void SetUp() override {
    EachFamily::SetUp();
    if (delegated_) return;
    ASSERT_EQ(CKR_OK, log_in_user());
    Attributes public_half, private_half;
    // The curve CryptoPro-A and the S-boxes of GOST R 34.11-94 (RFC 4357, 10.8 and 10.2).
    public_half
        .add(CKA_GOSTR3410_PARAMS, Bytes{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, 0x01})
        .add(CKA_GOSTR3411_PARAMS, Bytes{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x1E, 0x01})
        .flag(CKA_TOKEN, true);
    private_half.flag(CKA_TOKEN, true);
    CK_MECHANISM mechanism{CKM_GOSTR3410_KEY_PAIR_GEN, nullptr, 0};
    CK_OBJECT_HANDLE public_key = 0;
    ASSERT_EQ(CKR_OK,
              C_GenerateKeyPair(session_, &mechanism, public_half.data(), public_half.size(),
                                private_half.data(), private_half.size(), &public_key, &key_));
  }
  std::pair<CK_RV, Bytes> sign_hash() {
    CK_MECHANISM mechanism{CKM_GOSTR3410, nullptr, 0};
    Bytes hash(32, 0x42), signature(128);
    CK_ULONG size = signature.size();
    CK_RV rv = C_SignInit(session_, &mechanism, key_);
    if (rv == CKR_OK) rv = C_Sign(session_, hash.data(), hash.size(), signature.data(), &size);
    signature.resize(rv == CKR_OK ? size : 0);
    return {rv, signature};
  }
  CK_OBJECT_HANDLE key_ = 0;
};

TEST_P(GostOnKaztoken, AWrongSignatureNeverLeaves) {
  const auto good = sign_hash();
  ASSERT_EQ(CKR_OK, good.first);
  ASSERT_EQ(64U, good.second.size());
  // The signature is the one answer of 64 bytes and the status word.
  for (const std::size_t at : {0U, 31U, 32U, 63U}) {
    unsigned spoilt = 0;
    contacts_->spoil([&](Bytes& answer) {
      if (answer.size() != 66) return;
      answer[at] = static_cast<Byte>(answer[at] ^ 0x01);
      ++spoilt;
    });
    const auto bad = sign_hash();
    contacts_->spoil({});
    EXPECT_EQ(1U, spoilt) << at;
    EXPECT_NE(CKR_OK, bad.first) << at;
    EXPECT_TRUE(bad.second.empty());
    static_cast<void>(log_in_user());
  }
  EXPECT_EQ(CKR_OK, sign_hash().first) << "the key is as good as before";
}

INSTANTIATE_TEST_SUITE_P(Cards, GostOnKaztoken, testing::Values(family_of("kaztoken")),
                         family_name);

}  // namespace
}  // namespace kilt::test
