// The power fails at every single write of an operation, one after the other: the next start must
// show the old state or the new one, nothing half-made, and the operation must work when tried
// again.
#include <set>

#include "pkcs11/kilt.h"
#include "tests/support/kaztoken_test.h"
#include "tests/support/rsa_key.h"

namespace kilt::test {
namespace {

const std::string kOtherPin = "975310";

/// What a user can tell of the token's state.
struct View {
  std::set<Bytes> private_keys, public_keys, certificates, data;
  bool operator==(const View&) const = default;
};

class PowerLoss : public KaztokenTest {
 protected:
  void SetUp() override {
    KaztokenTest::SetUp();
    const CK_SESSION_HANDLE session = user_session();
    const Pair pair = generate_rsa(session, 1024, "first", {0x01});
    write_certificate(session, pair, {0x01});
    ASSERT_EQ(CKR_OK, C_CloseSession(session));
    blank_ = virtual_->card().save();
  }

  /// The same token as before the operation, in another start of the program.
  void start_over() {
    virtual_->card().load(blank_);
    virtual_->card().reset();
    restart();
  }

  std::set<Bytes> ids(CK_SESSION_HANDLE session, CK_OBJECT_CLASS object_class) {
    std::set<Bytes> found;
    for (const CK_OBJECT_HANDLE object : find_class(session, object_class))
      found.insert(attribute(session, object, object_class == CKO_DATA ? CKA_LABEL : CKA_ID));
    return found;
  }

  View view(CK_SESSION_HANDLE session) {
    return {ids(session, CKO_PRIVATE_KEY), ids(session, CKO_PUBLIC_KEY),
            ids(session, CKO_CERTIFICATE), ids(session, CKO_DATA)};
  }

  /// Every object that is shown is whole: keys sign, certificates and data can be read.
  void expect_whole(CK_SESSION_HANDLE session) {
    // A public half may outlive its private one, which was deleted alone.
    for (const Bytes& id : ids(session, CKO_PRIVATE_KEY))
      EXPECT_TRUE(ids(session, CKO_PUBLIC_KEY).contains(id));
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    Bytes text{1, 2, 3};
    for (const CK_OBJECT_HANDLE key : find_class(session, CKO_PRIVATE_KEY)) {
      Bytes signature = sign(session, mechanism, key, text);
      Attributes same_id;
      same_id.number(CKA_CLASS, CKO_PUBLIC_KEY).add(CKA_ID, attribute(session, key, CKA_ID));
      const auto public_key = find(session, same_id);
      ASSERT_EQ(1U, public_key.size());
      ASSERT_EQ(CKR_OK, C_VerifyInit(session, &mechanism, public_key.front()));
      EXPECT_EQ(CKR_OK,
                C_Verify(session, text.data(), text.size(), signature.data(), signature.size()));
    }
    for (const CK_OBJECT_HANDLE certificate : find_class(session, CKO_CERTIFICATE))
      EXPECT_TRUE(x509::fields(attribute(session, certificate, CKA_VALUE)));
    for (const CK_OBJECT_HANDLE data : find_class(session, CKO_DATA))
      EXPECT_EQ(to_bytes("some data"), attribute(session, data, CKA_VALUE));
    EXPECT_EQ("[]", odd_objects(session));
  }
  std::string odd_objects(CK_SESSION_HANDLE session) {
    const auto status = find_class(session, CKO_HW_FEATURE);
    return to_text(attribute(session, status.at(0), CKA_KILT_ODD_OBJECTS));
  }

  /// Runs the operation with the power failing at write 1, 2, … until it comes through.
  void at_every_write(const std::function<CK_RV(CK_SESSION_HANDLE)>& operation) {
    View before, after;
    {
      const CK_SESSION_HANDLE session = user_session();
      before = view(session);
      ASSERT_EQ(CKR_OK, operation(session));
      after = view(session);
      ASSERT_NE(before, after);
    }
    unsigned cuts = 0;
    for (;; ++cuts) {
      ASSERT_LT(cuts, 200U);
      SCOPED_TRACE("power fails at write " + std::to_string(cuts + 1));
      start_over();
      CK_SESSION_HANDLE session = user_session();
      virtual_->card().set("power-loss", std::to_string(cuts + 1));
      const CK_RV rv = operation(session);
      virtual_->card().set("power-loss", "0");
      if (rv == CKR_OK) break;
      EXPECT_EQ(CKR_DEVICE_REMOVED, rv);
      restart();
      session = user_session();
      const View now = view(session);
      EXPECT_TRUE(now == before || now == after);
      expect_whole(session);
      // Again: now it works, and leaves just what it should.
      if (now == before) {
        EXPECT_EQ(CKR_OK, operation(session));
        EXPECT_EQ(after, view(session));
        expect_whole(session);
      }
    }
    EXPECT_LT(1U, cuts) << "the operation wrote at all";
    RecordProperty("writes", static_cast<int>(cuts));
  }

  nlohmann::json blank_;
};

TEST_F(PowerLoss, KeyGeneration) {
  at_every_write([](CK_SESSION_HANDLE session) {
    Attributes public_half, private_half;
    public_half.number(CKA_MODULUS_BITS, 1024).add(CKA_ID, Bytes{0x02});
    private_half.add(CKA_ID, Bytes{0x02});
    CK_MECHANISM mechanism{CKM_RSA_PKCS_KEY_PAIR_GEN, nullptr, 0};
    CK_OBJECT_HANDLE public_key = 0, private_key = 0;
    return C_GenerateKeyPair(session, &mechanism, public_half.data(), public_half.size(),
                             private_half.data(), private_half.size(), &public_key, &private_key);
  });
}

TEST_F(PowerLoss, KeyImport) {
  const TestRsaKey key = make_rsa_key(1024);
  at_every_write([&](CK_SESSION_HANDLE session) {
    Attributes imported = key.import_template({0x03});
    CK_OBJECT_HANDLE handle = 0;
    return C_CreateObject(session, imported.data(), imported.size(), &handle);
  });
}

TEST_F(PowerLoss, CertificateWrite) {
  const Bytes der = make_certificate(RsaPublicKey{Bytes(128, 0xC5), {0x03}}, "another");
  at_every_write([&](CK_SESSION_HANDLE session) {
    Attributes certificate;
    certificate.number(CKA_CLASS, CKO_CERTIFICATE)
        .number(CKA_CERTIFICATE_TYPE, CKC_X_509)
        .flag(CKA_TOKEN, true)
        .add(CKA_ID, Bytes{0x04})
        .add(CKA_VALUE, der);
    CK_OBJECT_HANDLE handle = 0;
    return C_CreateObject(session, certificate.data(), certificate.size(), &handle);
  });
}

TEST_F(PowerLoss, DataWrite) {
  at_every_write([](CK_SESSION_HANDLE session) {
    Attributes data;
    data.number(CKA_CLASS, CKO_DATA)
        .flag(CKA_TOKEN, true)
        .add(CKA_LABEL, std::string("notes"))
        .add(CKA_VALUE, std::string("some data"));
    CK_OBJECT_HANDLE handle = 0;
    return C_CreateObject(session, data.data(), data.size(), &handle);
  });
}

TEST_F(PowerLoss, KeyDeletion) {
  at_every_write([](CK_SESSION_HANDLE session) {
    return C_DestroyObject(session, find_class(session, CKO_PRIVATE_KEY).at(0));
  });
}

TEST_F(PowerLoss, CertificateDeletion) {
  at_every_write([](CK_SESSION_HANDLE session) {
    return C_DestroyObject(session, find_class(session, CKO_CERTIFICATE).at(0));
  });
}

TEST_F(PowerLoss, NewId) {
  at_every_write([](CK_SESSION_HANDLE session) {
    Attributes change;
    change.add(CKA_ID, from_hex("0011223344556677"));
    return C_SetAttributeValue(session, find_class(session, CKO_PRIVATE_KEY).at(0), change.data(),
                               change.size());
  });
}

TEST_F(PowerLoss, PinChange) {
  unsigned cuts = 0;
  for (;; ++cuts) {
    ASSERT_LT(cuts, 20U);
    SCOPED_TRACE("power fails at write " + std::to_string(cuts + 1));
    start_over();
    const CK_SESSION_HANDLE session = user_session();
    std::string before = kUserPin, after = kOtherPin;
    virtual_->card().set("power-loss", std::to_string(cuts + 1));
    const CK_RV rv = C_SetPIN(session, chars(before), before.size(), chars(after), after.size());
    virtual_->card().set("power-loss", "0");
    if (rv == CKR_OK) break;
    EXPECT_EQ(CKR_DEVICE_REMOVED, rv);
    restart();
    const CK_SESSION_HANDLE next = open_session();
    EXPECT_TRUE(log_in(next, CKU_USER, kUserPin) == CKR_OK ||
                log_in(next, CKU_USER, kOtherPin) == CKR_OK);
    expect_whole(next);
  }
  EXPECT_LE(1U, cuts);
}

}  // namespace
}  // namespace kilt::test
