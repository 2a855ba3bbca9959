// Whether a signature fits: yes, no, or not computed, which is neither.
#include "tools/signing/signer.h"

#include <gtest/gtest.h>

#include "tests/tools/certificate.h"

namespace kilt::tool::test {
namespace {

const Bytes kText = to_bytes("what was signed");

struct Signed {
  Bytes spki, signature;
};

Signed signed_by(const PkeyPtr& key, const EVP_MD* hash) {
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EXPECT_EQ(1, EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key.get()));
  Signed result;
  std::size_t size = 1024;
  result.signature.resize(size);
  EXPECT_EQ(
      1, EVP_DigestSign(context.get(), result.signature.data(), &size, kText.data(), kText.size()));
  result.signature.resize(size);
  result.spki = to_der(key.get(), i2d_PUBKEY);
  return result;
}

TEST(Signer, KnownAlgorithmsFitOrDoNot) {
  for (const PkeyPtr& key :
       {PkeyPtr(EVP_RSA_gen(2048)), PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"))}) {
    Signed good = signed_by(key, EVP_sha256());
    EXPECT_EQ(Verification::kFits, verify_data(good.spki, kText, good.signature));
    good.signature.back() = static_cast<Byte>(good.signature.back() ^ 1);
    EXPECT_EQ(Verification::kDoesNotFit, verify_data(good.spki, kText, good.signature));
  }
}

// A good signature, even: nobody here can tell.
TEST(Signer, OfAnAlgorithmThatIsNotKnownNothingIsComputed) {
  const Signed good = signed_by(PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")), nullptr);
  EXPECT_EQ(Verification::kNotComputed, verify_data(good.spki, kText, good.signature));
}

// GOST R 34.10-2012 of 256 bits on 1.2.643.7.1.2.1.1.1, TC 26's twisted curve.
TEST(Signer, OnAGostCurveThatIsNotKnownNothingIsComputed) {
  Bytes spki = from_hex(
      "305E 3017 06082A85030701010101 300B 06092A8503070102010101"
      "0343 00 0440");
  spki.resize(spki.size() + 64, 0x42);
  EXPECT_EQ(Verification::kNotComputed, verify_data(spki, kText, Bytes(64, 0x42)));
}

}  // namespace
}  // namespace kilt::tool::test
