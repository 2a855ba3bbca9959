// Two processes and one token: no signature by a key other than the handle's, no
// object lost that nobody named, no login where none was asked for.
#pragma once

#include <functional>
#include <utility>

#include "drivers/crypto/padding.h"
#include "drivers/crypto/public_key.h"
#include "drivers/crypto/rsa.h"
#include "drivers/registry.h"
#include "tests/support/kaztoken_test.h"
#include "tests/support/ready_token.h"

namespace kilt::test {

/// What the program has got hold of, and what it may do with it.
struct Program {
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE private_key = 0, public_key = 0, certificate = 0;
  /// Found before the other process did anything: then the handles stand for our objects.
  bool key_is_ours = false, certificate_is_ours = false;
  Bytes modulus, value;
};

/// A program's calls on a token of the kind that the parameter names, and another process that acts
/// between any two of them.
class TwoProcessesTest : public ModuleTest, public ::testing::WithParamInterface<std::string> {
 public:
  /// The other process, with a connection and a driver of its own. It leaves the card logged in, so
  /// that our program gets as far as it can.
  void as_other(const std::function<void(Token&)>& work) {
    apdu::Card card(readers_->connect(kReader));
    const apdu::Transaction transaction(card);
    const auto token = open_token(card, ProfileSet::builtin());
    token->login(PinRole::kUser, SecureBytes(to_bytes(std::string_view(pin_))));
    work(*token);
  }

  void reset_card() { readers_->connect(kReader)->reset(); }
  [[nodiscard]] vtoken::Card& virtual_card() { return virtual_->card(); }

 protected:
  using Other = std::function<void(TwoProcessesTest&)>;

  /// A token with our pair and certificate on it, as a saved state.
  virtual const nlohmann::json& ready() = 0;
  /// RSA-1024 keys and their certificates, the program's own and the other process's.
  virtual RsaPublicKey key_of(bool theirs) = 0;
  virtual Bytes certificate_of(bool theirs) = 0;

  void start() {
    if (started_) ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
    started_ = true;
    virtual_ = std::make_shared<VirtualEndpoint>(vtoken::make_card(GetParam()));
    virtual_->card().load(ready());
    card_ = std::make_shared<CountingEndpoint>(virtual_);
    readers_->insert(kReader, card_);
    C_Finalize(nullptr);
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
    list_slots();
    program_ = {};
    acted_ = false;
  }

  [[nodiscard]] CK_OBJECT_HANDLE first(CK_OBJECT_CLASS object_class) const {
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    if (C_FindObjectsInit(program_.session, &wanted, 1) != CKR_OK) return 0;
    CK_OBJECT_HANDLE found = 0;
    CK_ULONG count = 0;
    C_FindObjects(program_.session, &found, 1, &count);
    C_FindObjectsFinal(program_.session);
    return count == 0 ? 0 : found;
  }
  [[nodiscard]] Bytes read(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const {
    Bytes value(4096);
    CK_ATTRIBUTE wanted{type, value.data(), value.size()};
    if (C_GetAttributeValue(program_.session, object, &wanted, 1) != CKR_OK) return {};
    value.resize(wanted.ulValueLen);
    return value;
  }

  void find_key() {
    program_.private_key = first(CKO_PRIVATE_KEY);
    program_.public_key = first(CKO_PUBLIC_KEY);
    program_.key_is_ours = !acted_ && program_.private_key != 0;
  }
  void find_certificate() {
    program_.certificate = first(CKO_CERTIFICATE);
    program_.certificate_is_ours = !acted_ && program_.certificate != 0;
  }
  void read_modulus() {
    program_.modulus = read(program_.public_key, CKA_MODULUS);
    if (program_.key_is_ours && !program_.modulus.empty())
      EXPECT_EQ(key_of(false).modulus, program_.modulus) << "a handle names one key for ever";
  }
  void read_value() {
    program_.value = read(program_.certificate, CKA_VALUE);
    if (program_.certificate_is_ours && !program_.value.empty())
      EXPECT_EQ(certificate_of(false), program_.value) << "a handle names one certificate for ever";
  }
  void sign() {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    if (C_SignInit(program_.session, &mechanism, program_.private_key) != CKR_OK) return;
    signing_ = true;
  }
  void finish_signature() {
    if (!std::exchange(signing_, false)) return;
    Bytes data{1, 2, 3}, signature(128);
    CK_ULONG size = signature.size();
    if (C_Sign(program_.session, data.data(), data.size(), signature.data(), &size) != CKR_OK)
      return;
    ++signatures_;
    const Bytes info = crypto::digest_info(Hash::kSha256, crypto::digest(Hash::kSha256, data));
    const auto made_by = [&](bool theirs) {
      return crypto::rsa_verify_pkcs1(key_of(theirs), info, signature);
    };
    if (program_.key_is_ours) EXPECT_TRUE(made_by(false)) << "made by another process's key";
    if (!program_.modulus.empty())
      EXPECT_TRUE(made_by(program_.modulus == key_of(true).modulus)) << "not by the key shown";
  }
  void decrypt() {
    const Bytes message = to_bytes("for our key only");
    Bytes cryptogram = crypto::rsa_encrypt_pkcs1(key_of(false), message);
    CK_MECHANISM mechanism{CKM_RSA_PKCS, nullptr, 0};
    if (C_DecryptInit(program_.session, &mechanism, program_.private_key) != CKR_OK) return;
    Bytes plain(128);
    CK_ULONG size = plain.size();
    if (C_Decrypt(program_.session, cryptogram.data(), cryptogram.size(), plain.data(), &size) !=
        CKR_OK)
      return;
    plain.resize(size);
    if (program_.key_is_ours) EXPECT_EQ(message, plain) << "deciphered with another key";
  }
  void rename() {
    Attributes change;
    change.add(CKA_LABEL, std::string("renamed by us"));
    if (C_SetAttributeValue(program_.session, program_.certificate, change.data(), change.size()) !=
        CKR_OK)
      return;
    EXPECT_EQ(to_bytes("renamed by us"), read(program_.certificate, CKA_LABEL)) << "stale";
    if (program_.certificate_is_ours) renamed_ = true;
  }
  void destroy(CK_OBJECT_HANDLE object) {
    if (C_DestroyObject(program_.session, object) != CKR_OK) return;
    EXPECT_TRUE(read(object, CKA_CLASS).empty()) << "the handle lives on";
  }

  [[nodiscard]] std::vector<std::function<void()>> steps() {
    return {
        [this] {
          C_OpenSession(0, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                        &program_.session);
        },
        [this] {
          std::string pin = pin_;
          C_Login(program_.session, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(pin.data()),
                  pin.size());
        },
        [this] { find_key(); },
        [this] { find_certificate(); },
        [this] {
          if (reads_) read_modulus();
        },
        [this] {
          if (reads_) read_value();
        },
        [this] { sign(); },
        [this] { finish_signature(); },
        [this] { decrypt(); },
        [this] { rename(); },
        [this] { destroy(program_.public_key); },
        [this] { sign(); },
        [this] { finish_signature(); },
        [this] { destroy(program_.certificate); },
        [this] { destroy(program_.private_key); },
    };
  }

  /// What the other process made is there afterwards, unless the program found and named it.
  void expect_nothing_lost() {
    bool key = false, certificate = false;
    as_other([&](Token& token) {
      for (const Key& one : token.list().keys)
        key = key || (one.has_private && same_key(token.read_public_key(one.ref), key_of(true)));
      for (const Certificate& one : token.list().certificates) {
        const bool is_theirs = token.read_certificate(one.ref) == certificate_of(true);
        certificate = certificate || is_theirs;
        if (is_theirs && renamed_) EXPECT_NE("renamed by us", one.label);
      }
    });
    if (program_.certificate_is_ours) EXPECT_TRUE(certificate) << "their certificate is gone";
    if (program_.key_is_ours) EXPECT_TRUE(key) << "their key is gone";
  }

  /// At every position; `makes_objects`: the other process leaves a pair and a certificate.
  void at_every_position(const Other& other, bool makes_objects) {
    unsigned complete = 0;
    for (const bool reads : {false, true})
      for (std::size_t position = 0; position <= steps().size(); ++position) {
        SCOPED_TRACE(::testing::Message() << "before call " << position << (reads ? ", read" : ""));
        start();
        reads_ = reads;
        renamed_ = signing_ = false;
        signatures_ = 0;
        const auto calls = steps();
        for (std::size_t i = 0; i <= calls.size(); ++i) {
          if (i == position) {
            other(*this);
            acted_ = true;
          }
          if (i < calls.size()) calls[i]();
        }
        if (makes_objects) expect_nothing_lost();
        if (signatures_ > 0) ++complete;
        if (HasFailure()) return;
      }
    EXPECT_LT(0U, complete) << "the program never came as far as a signature";
  }

  /// At every position but the first, another token of the kind comes into the reader.
  void expect_no_pin_for_another_token() {
    const std::size_t count = steps().size();
    for (std::size_t position = 1; position < count; ++position) {
      SCOPED_TRACE(position);
      start();
      const auto calls = steps();
      for (std::size_t i = 0; i < count; ++i) {
        if (i == position) {
          virtual_ = std::make_shared<VirtualEndpoint>(vtoken::make_card(GetParam()));
          virtual_->card().load(another());
          card_ = std::make_shared<CountingEndpoint>(virtual_);
          readers_->insert(kReader, card_);
        }
        calls[i]();
      }
      EXPECT_EQ(0U, comparisons(*card_));
    }
  }
  /// Another token, as a saved state.
  virtual const nlohmann::json& another() { return ready(); }

  std::string pin_ = kUserPin;
  Program program_;
  bool started_ = false, acted_ = false, reads_ = false, renamed_ = false, signing_ = false;
  unsigned signatures_ = 0;
};

}  // namespace kilt::test
