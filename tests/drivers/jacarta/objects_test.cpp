// Keys, certificates, data on the virtual token, in both personalities.
#include "drivers/errors.h"
#include "tests/drivers/jacarta/rsa_check.h"
#include "tests/drivers/jacarta/token_rig.h"

namespace kilt::jacarta::test {
namespace {

class Objects : public BothPersonalities {
 protected:
  void SetUp() override {
    BothPersonalities::SetUp();
    rig_->log_in();
  }
  /// Another program sees the same.
  void reopen() {
    rig_->restart();
    rig_->log_in();
  }
};
INSTANTIATE_TEST_SUITE_P(Jacarta, Objects, ::testing::Values("aladdin", "athena"));

TEST_P(Objects, EmptyAtFirst) {
  const ObjectList& list = token().list();
  EXPECT_TRUE(list.keys.empty());
  EXPECT_TRUE(list.certificates.empty());
  EXPECT_TRUE(list.data.empty());
  EXPECT_TRUE(list.odd.empty());
}

TEST_P(Objects, GeneratedKeySigns) {
  const ObjectRef ref = rig_->generate(2048, "signing key", {0x0A, 0x0B});
  reopen();
  ASSERT_EQ(1U, token().list().keys.size());
  const Key key = rig_->key(ref);
  EXPECT_EQ("signing key", key.label);
  EXPECT_EQ((Bytes{0x0A, 0x0B}), key.id);
  EXPECT_EQ(2048U, key.bits);
  EXPECT_TRUE(key.has_private && key.has_public && key.local && key.never_extractable);
  EXPECT_TRUE(key.usage.sign && key.usage.decrypt && key.usage.unwrap);
  const HostKey host = public_key(key.public_key);
  const Bytes signature =
      token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, digest_info("text"));
  EXPECT_TRUE(verifies(*host, "text", signature));
  EXPECT_FALSE(verifies(*host, "other", signature));
  EXPECT_EQ(std::get<RsaPublicKey>(key.public_key).modulus,
            std::get<RsaPublicKey>(token().read_public_key(ref)).modulus);
}

TEST_P(Objects, SignatureOfRsa2048IsTwoCommands) {
  const Key key = rig_->key(rig_->generate(2048));
  rig_->restart_count();
  EXPECT_EQ(256U,
            token().sign(key, SignScheme::kRsaPkcs1, Hash::kSha256, digest_info("text")).size());
  EXPECT_EQ(2U, rig_->count());  // SELECT, PSO
}

TEST_P(Objects, IdIsTheSubjectKeyIdentifierByDefault) {
  const Key key = rig_->key(rig_->generate(1024, "no id", {}));
  EXPECT_EQ(20U, key.id.size());
  reopen();
  EXPECT_EQ(key.id, rig_->key(key.ref).id);
}

TEST_P(Objects, WholeBlocksAndCryptograms) {
  const Key key = rig_->key(rig_->generate(1024));
  const HostKey host = public_key(key.public_key);
  Bytes block(128, 0x5A);
  block[0] = 0x00;
  EXPECT_EQ(block, raw_public(*host, token().sign(key, SignScheme::kRsaRaw, Hash::kNone, block)));
  const Bytes cryptogram = encrypt_pkcs1(*host, "a secret");
  EXPECT_EQ(to_bytes("a secret"),
            token().decrypt(key, DecryptScheme::kRsaPkcs1, Hash::kNone, cryptogram).release());
  const Bytes padded =
      token().decrypt(key, DecryptScheme::kRsaRaw, Hash::kNone, cryptogram).release();
  ASSERT_EQ(128U, padded.size());
  EXPECT_EQ(0x02, padded[1]);
  EXPECT_EQ(to_bytes("a secret"), Bytes(padded.end() - 8, padded.end()));
  EXPECT_THROW(token().decrypt(key, DecryptScheme::kRsaOaep, Hash::kNone, cryptogram),
               NotSupported);
  EXPECT_THROW(token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, Bytes(118, 1)), InvalidData);
  EXPECT_NO_THROW(token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, Bytes(117, 1)));
}

TEST_P(Objects, ImportedKeyWorks) {
  const HostKey host = make_key(2048);
  KeySpec spec;
  spec.label = "imported";
  spec.id = {0x77};
  spec.usage.sign = true;
  const ObjectRef ref = token().import_key(spec, private_parts(*host));
  reopen();
  const Key key = rig_->key(ref);
  EXPECT_EQ(2048U, key.bits);
  EXPECT_FALSE(key.local || key.never_extractable);
  EXPECT_FALSE(key.usage.decrypt);
  EXPECT_TRUE(verifies(*host, "text",
                       token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text"))));
}

TEST_P(Objects, ImportRefusesWhatIsNotAKey) {
  const HostKey host = make_key(1024);
  KeySpec spec;
  RsaPrivateKey parts = private_parts(*host);
  parts.prime1 = SecureBytes();
  EXPECT_THROW(token().import_key(spec, std::move(parts)), InvalidData);
  parts = private_parts(*host);
  parts.public_exponent = {0x03};
  EXPECT_THROW(token().import_key(spec, std::move(parts)), NotSupported);
  EXPECT_THROW(token().import_key(spec, ScalarPrivateKey{}), NotSupported);
  EXPECT_THROW(token().import_key(spec, private_parts(*make_key(1536))), NotSupported);
  EXPECT_TRUE(token().list().keys.empty()) << "nothing is left behind";
  EXPECT_TRUE(token().list().odd.empty());
}

TEST_P(Objects, OtherKeysAreRefusedWithAReason) {
  KeySpec spec;
  spec.bits = 1536;
  EXPECT_THROW(token().generate_key(spec), NotSupported);
  spec.bits = 2048;
  spec.public_exponent = {0x03};
  EXPECT_THROW(token().generate_key(spec), NotSupported);
  spec.type = KeyType::kEc;
  EXPECT_THROW(token().generate_key(spec), NotSupported);
}

TEST_P(Objects, CertificateOfAKey) {
  const ObjectRef ref = rig_->generate(1024, "key", {0x42});
  const Bytes der = self_signed(*public_key(rig_->key(ref).public_key), "Somebody");
  Certificate certificate;
  certificate.id = {0x42};
  certificate.label = "certificate";
  const ObjectRef written = token().write_certificate(certificate, der);
  reopen();
  ASSERT_EQ(1U, token().list().certificates.size());
  const Certificate& seen = token().list().certificates[0];
  EXPECT_EQ(written, seen.ref);
  EXPECT_EQ("certificate", seen.label);
  EXPECT_EQ(Bytes{0x42}, seen.id);
  EXPECT_EQ(der, *seen.der);
  EXPECT_EQ(der, token().read_certificate(seen.ref));
  EXPECT_TRUE(ok(rig_->transmit("80A4080008 3F00 3000 3001 8400"))) << "the key's place";
  token().delete_certificate(written);
  EXPECT_TRUE(token().list().certificates.empty());
  EXPECT_THROW(token().delete_certificate(written), ObjectNotFound);
  EXPECT_EQ(1U, token().list().keys.size());
}

TEST_P(Objects, FreeCertificates) {
  const Bytes der = self_signed(*make_key(1024), "Authority");
  Certificate certificate;
  certificate.id = {0x01};
  token().write_certificate(certificate, der);
  certificate.id = {0x02};
  certificate.is_private = true;
  token().write_certificate(certificate, der);
  EXPECT_TRUE(ok(rig_->transmit("80A4080008 3F00 3000 3001 0440")));
  EXPECT_EQ(2U, token().list().certificates.size());
  rig_->restart();
  EXPECT_EQ(1U, token().list().certificates.size()) << "the private one only after login";
  EXPECT_THROW(token().write_certificate(certificate, Bytes(50, 0x30)), Error);
}

TEST_P(Objects, Data) {
  DataObject object;
  object.label = "note";
  object.application = "test";
  object.oid = from_hex("06 03 2A 03 04");
  const ObjectRef open = token().write_data(object, to_bytes("open"));
  object.label = "secret note";
  object.is_private = true;
  const ObjectRef closed = token().write_data(object, Bytes(3000, 0x77));
  rig_->restart();
  ASSERT_EQ(1U, token().list().data.size()) << "the private one only after login";
  EXPECT_EQ("note", token().list().data[0].label);
  EXPECT_EQ("test", token().list().data[0].application);
  EXPECT_EQ(object.oid, token().list().data[0].oid);
  EXPECT_EQ(to_bytes("open"), token().read_data(open));
  EXPECT_THROW(token().read_data(closed), ObjectNotFound);
  rig_->log_in();
  ASSERT_EQ(2U, token().list().data.size());
  EXPECT_EQ(Bytes(3000, 0x77), token().read_data(closed));
  token().logout();
  EXPECT_EQ(1U, token().list().data.size()) << "nor after logout";
  rig_->log_in();
  EXPECT_EQ(2U, token().list().data.size());
  token().delete_data(closed);
  token().delete_data(open);
  EXPECT_TRUE(token().list().data.empty());
}

TEST_P(Objects, NamesChange) {
  const ObjectRef key = rig_->generate(1024, "old", {0x01});
  Certificate certificate;
  certificate.id = {0x01};
  const Bytes der = self_signed(*public_key(rig_->key(key).public_key), "Somebody");
  token().write_certificate(certificate, der);
  DataObject object;
  object.label = "old data";
  token().write_data(object, to_bytes("value"));
  ObjectChange change;
  change.label = "a much longer label than the old one, by far and with a little more";
  token().change_key(key, change);
  change.id = Bytes{0xAA, 0xBB, 0xCC};
  token().change_key(key, change);
  token().change_certificate(token().list().certificates[0].ref, change);
  token().change_data(token().list().data[0].ref, change);
  reopen();
  EXPECT_EQ(change.label, rig_->key(key).label);
  EXPECT_EQ(change.id, rig_->key(key).id);
  EXPECT_TRUE(rig_->key(key).has_public) << "the halves still belong together";
  EXPECT_EQ(change.id, token().list().certificates[0].id) << "decision 18";
  EXPECT_EQ(change.label, token().list().certificates[0].label);
  EXPECT_EQ(der, *token().list().certificates[0].der);
  EXPECT_EQ(change.label, token().list().data[0].label);
  EXPECT_EQ(to_bytes("value"), token().read_data(token().list().data[0].ref));
  EXPECT_TRUE(token().list().odd.empty());
}

TEST_P(Objects, DeletionLeavesNothing) {
  delete_pair(token(), rig_->generate(1024, "for the container map's sake", {0x09}));
  reopen();
  const auto free_at_first = token().info().memory_free;
  const ObjectRef first = rig_->generate(1024, "first", {0x01});
  const ObjectRef second = rig_->generate(1024, "second", {0x02});
  delete_pair(token(), first);
  reopen();
  ASSERT_EQ(1U, token().list().keys.size());
  EXPECT_EQ("second", token().list().keys[0].label);
  EXPECT_THROW(token().delete_key(first, KeyHalf::kPrivate), ObjectNotFound);
  const ObjectRef third = rig_->generate(1024, "third", {0x03});
  EXPECT_NE(first, third) << "the same number, but another object";
  delete_pair(token(), second);
  delete_pair(token(), third);
  EXPECT_TRUE(token().list().keys.empty());
  EXPECT_TRUE(token().list().odd.empty());
  reopen();
  EXPECT_EQ(free_at_first, token().info().memory_free) << "key objects are gone too";
}

TEST_P(Objects, NothingIsWrittenWithoutLogin) {
  token().logout();
  EXPECT_THROW(rig_->generate(), NotLoggedIn);
  EXPECT_THROW(token().write_data({}, to_bytes("x")), NotLoggedIn);
  rig_->log_in();
  EXPECT_TRUE(token().list().keys.empty());
  EXPECT_TRUE(token().list().odd.empty());
  const ObjectRef ref = rig_->generate();
  const Key key = rig_->key(ref);
  token().logout();
  EXPECT_THROW(token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("x")),
               NotLoggedIn);
  EXPECT_THROW(token().delete_key(ref, KeyHalf::kPrivate), NotLoggedIn);
}

TEST_P(Objects, ThirtyKeysAndNoMore) {
  for (unsigned i = 0; i < 30; ++i) rig_->generate(1024, "key " + std::to_string(i), {Byte(i)});
  EXPECT_THROW(rig_->generate(1024, "one too many", {0x55}), TokenFull);
  reopen();
  const auto keys = token().list().keys;
  ASSERT_EQ(30U, keys.size());
  for (const Key& key : keys) {
    EXPECT_TRUE(key.has_private && key.has_public);
    EXPECT_TRUE(
        verifies(*public_key(key.public_key), "text",
                 token().sign(key, SignScheme::kRsaPkcs1, Hash::kNone, digest_info("text"))));
  }
  EXPECT_TRUE(token().list().odd.empty());
}

TEST_P(Objects, LargeObjectsAndTooLargeOnes) {
  DataObject object;
  object.label = "large";
  // With its frame of 160 bytes and the label, just below 32 KB.
  const Bytes large(32768 - 200, 0x5A);
  const ObjectRef ref = token().write_data(object, large);
  reopen();
  for (const OddObject& odd : token().list().odd) ADD_FAILURE() << odd.description;
  EXPECT_EQ(large, token().read_data(ref));
  EXPECT_THROW(token().write_data(object, Bytes(32768, 0x5A)), TokenFull);
  EXPECT_THROW(token().write_data(object, Bytes(70000, 0x5A)), Error);
  EXPECT_EQ(1U, token().list().data.size());
  EXPECT_TRUE(token().list().odd.empty());
}

}  // namespace
}  // namespace kilt::jacarta::test
