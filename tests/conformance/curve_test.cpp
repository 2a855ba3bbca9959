// Signatures on curves of their own: Ed25519 against OpenSSL, GOST R 34.10-2001 against OpenSSL's
// gost engine (PKCS#11 v3.2, 6.3 and 6.57).
#include <array>
#include <cstdlib>
#include <fstream>

#include <unistd.h>

#include "tests/conformance/fixtures.h"
#include "tests/conformance/referee.h"

namespace kilt::conformance {
namespace {

class Curves : public LoggedIn {
 protected:
  void TearDown() override {
    for (const CK_OBJECT_HANDLE half : {pair_.private_key, pair_.public_key})
      if (half != 0) p11().C_DestroyObject(session_, half);
    LoggedIn::TearDown();
  }
  CK_RV make(CK_MECHANISM_TYPE type, Template public_half) {
    CK_MECHANISM mechanism{type, nullptr, 0};
    Template private_half;
    public_half.flag(CKA_TOKEN, true).flag(CKA_VERIFY, true).bytes(CKA_ID, {0xC0, 0x77});
    private_half.flag(CKA_TOKEN, true)
        .flag(CKA_PRIVATE, true)
        .flag(CKA_SENSITIVE, true)
        .flag(CKA_SIGN, true)
        .bytes(CKA_ID, {0xC0, 0x77});
    return p11().C_GenerateKeyPair(session_, &mechanism, public_half.data(), public_half.size(),
                                   private_half.data(), private_half.size(), &pair_.public_key,
                                   &pair_.private_key);
  }
  Bytes sign(CK_MECHANISM_TYPE type, Bytes data) {
    CK_MECHANISM mechanism{type, nullptr, 0};
    EXPECT_EQ(CKR_OK, p11().C_SignInit(session_, &mechanism, pair_.private_key));
    Bytes signature(200);
    CK_ULONG size = signature.size();
    EXPECT_EQ(CKR_OK, p11().C_Sign(session_, data.data(), data.size(), signature.data(), &size));
    signature.resize(size);
    return signature;
  }
  CK_RV verify(CK_MECHANISM_TYPE type, Bytes data, Bytes signature) {
    CK_MECHANISM mechanism{type, nullptr, 0};
    const CK_RV rv = p11().C_VerifyInit(session_, &mechanism, pair_.public_key);
    if (rv != CKR_OK) return rv;
    return p11().C_Verify(session_, data.data(), data.size(), signature.data(), signature.size());
  }
  Pair pair_;
};

TEST_F(Curves, Ed25519IsOpenSsls) {
  if (!can(CKM_EC_EDWARDS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR) || !can(CKM_EDDSA, CKF_SIGN))
    GTEST_SKIP() << "not advertised";
  // The curve's name, or its identifier: 6.3.5 allows both, a token needs one.
  Template by_name, by_id;
  Bytes name{0x13, 12};
  for (const char letter : std::string("edwards25519"))
    name.push_back(static_cast<CK_BYTE>(letter));
  by_name.bytes(CKA_EC_PARAMS, name);
  by_id.bytes(CKA_EC_PARAMS, {0x06, 0x03, 0x2B, 0x65, 0x70});
  if (make(CKM_EC_EDWARDS_KEY_PAIR_GEN, by_name) != CKR_OK) {
    ASSERT_EQ(CKR_OK, make(CKM_EC_EDWARDS_KEY_PAIR_GEN, by_id));
  }
  const Bytes point = attribute(session_, pair_.public_key, CKA_EC_POINT).value_or(Bytes{});
  ASSERT_GE(point.size(), 32U);
  const EvpPkey key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, point.data() + point.size() - 32, 32),
      EVP_PKEY_free);
  const Bytes message(200, 'e');
  const Bytes signature = sign(CKM_EDDSA, message);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        EVP_MD_CTX_free);
  ASSERT_EQ(1, EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()));
  EXPECT_EQ(1, EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                                message.size()));
  if (!can(CKM_EDDSA, CKF_VERIFY)) return;
  EXPECT_EQ(CKR_OK, verify(CKM_EDDSA, message, signature));
  EXPECT_EQ(CKR_SIGNATURE_INVALID, verify(CKM_EDDSA, Bytes(200, 'f'), signature));
}

/// A folder for the files of the program openssl.
class Gost : public Curves {
 protected:
  void SetUp() override {
    Curves::SetUp();
    ASSERT_NE(nullptr, mkdtemp(folder_.data()));
  }
  void TearDown() override {
    for (const char* name : {"key", "hash", "signature"}) unlink(path(name).c_str());
    rmdir(folder_.c_str());
    Curves::TearDown();
  }
  std::string path(const char* name) const { return folder_ + "/" + name; }
  void write(const char* name, const Bytes& bytes) const {
    std::ofstream file(path(name), std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),  // NOLINT: plain bytes
               static_cast<std::streamsize>(bytes.size()));
  }
  /// `curve`: number of CryptoPro's parameter set, 1 to 3 for A to C.
  bool engine_verifies(CK_BYTE curve, Bytes point, const Bytes& hash,
                       const Bytes& signature) const {
    point.erase(point.begin(), point.end() - 64);  // without an OCTET STRING's header
    // SubjectPublicKeyInfo (RFC 4491, 2.3.2).
    Bytes key{0x30, 0x63, 0x30, 0x1C, 0x06, 0x06, 0x2A, 0x85, 0x03, 0x02,  0x02, 0x13, 0x30,
              0x12, 0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, curve, 0x06, 0x07, 0x2A,
              0x85, 0x03, 0x02, 0x02, 0x1E, 0x01, 0x03, 0x43, 0x00, 0x04,  0x40};
    key.insert(key.end(), point.begin(), point.end());
    write("key", key);
    write("hash", hash);
    write("signature", signature);
    const std::string command = "openssl pkeyutl -engine gost -verify -pubin -keyform der -inkey " +
                                path("key") + " -in " + path("hash") + " -sigfile " +
                                path("signature") + " >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;  // NOLINT: no input of anybody's
  }
  std::string folder_ = "/tmp/kilt-gost.XXXXXX";
};

TEST_F(Gost, SignaturesAreVerifiedByTheEngine) {
  if (!can(CKM_GOSTR3410_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR) || !can(CKM_GOSTR3410, CKF_SIGN))
    GTEST_SKIP() << "not advertised";
  const Bytes curve{0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x23, 0x01};
  Template wanted;
  wanted.bytes(CKA_GOSTR3410_PARAMS, curve)
      .bytes(CKA_GOSTR3411_PARAMS, {0x06, 0x07, 0x2A, 0x85, 0x03, 0x02, 0x02, 0x1E, 0x01});
  ASSERT_EQ(CKR_OK, make(CKM_GOSTR3410_KEY_PAIR_GEN, wanted));
  EXPECT_EQ(curve, attribute(session_, pair_.public_key, CKA_GOSTR3410_PARAMS));
  const Bytes point = attribute(session_, pair_.public_key, CKA_VALUE).value_or(Bytes{});
  ASSERT_GE(point.size(), 64U);
  Bytes hash = openssl_digest("SHA256", Bytes(10, 'g'));  // 32 bytes of a hash, whichever
  const Bytes signature = sign(CKM_GOSTR3410, hash);
  ASSERT_EQ(64U, signature.size());
  EXPECT_TRUE(engine_verifies(1, point, hash, signature));
  if (can(CKM_GOSTR3410, CKF_VERIFY)) {
    EXPECT_EQ(CKR_OK, verify(CKM_GOSTR3410, hash, signature));
  }
  hash.at(0) ^= 1U;
  EXPECT_FALSE(engine_verifies(1, point, hash, signature)) << "the engine looks at the hash";
}

}  // namespace
}  // namespace kilt::conformance
