// The module over the PC/SC service inside the test, with virtual Kaztokens in its readers.
#pragma once

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "apdu/patience.h"
#include "apdu/pcsc_transport.h"
#include "tests/support/fake_pcsc.h"
#include "tests/support/kaztoken_test.h"
#include "tests/support/ready_kaztoken.h"

namespace kilt::test {

inline const std::string kPcscReader = "Aktiv KAZTOKEN 00 00";

/// What a program does with a token, and what came of it.
struct Outcome {
  CK_RV first_error = CKR_OK;
  unsigned logins = 0;      ///< C_Login calls made
  unsigned signatures = 0;  ///< right ones
  unsigned wrong = 0;       ///< signatures that do not verify: must stay 0
};

class PcscModuleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // No cache: what is read shall come from the token.
    config_ = "/tmp/kilt-hardening-" + std::to_string(getpid()) + ".toml";
    std::ofstream(config_) << "[cache]\nenabled = false\n";
    setenv("KILT_CONF", config_.c_str(), 1);
    setenv("XDG_CACHE_HOME", "/dev/null", 1);
    unsetenv("KILT_SOCKETS");
    FakePcsc::restart_world();
    apdu::set_patience(std::chrono::milliseconds(50));
    p11::set_transport_factory([](const p11::Config&) {
      p11::Transports transports;
      transports.push_back(apdu::make_pcsc_transport());
      return transports;
    });
    FakePcsc::add_reader(kPcscReader);
    card_ = plug(kPcscReader);
  }
  void TearDown() override {
    C_Finalize(nullptr);
    p11::set_transport_factory({});
    std::filesystem::remove(config_);
  }

  /// A new token of the same contents.
  static std::shared_ptr<CountingEndpoint> make_token() {
    auto card = vtoken::make_card("kaztoken");
    card->load(ready_kaztoken());
    return std::make_shared<CountingEndpoint>(std::make_shared<VirtualEndpoint>(std::move(card)));
  }
  static std::shared_ptr<CountingEndpoint> plug(const std::string& reader) {
    auto token = make_token();
    FakePcsc::insert(reader, token);
    return token;
  }
  /// VERIFY commands with a PIN that a card got.
  static std::size_t verifies(const CountingEndpoint& card) {
    std::size_t count = 0;
    for (const Bytes& command : card.commands())
      if (command.size() > 5 && command[1] == 0x20) ++count;
    return count;
  }

  /// From C_Initialize to C_Finalize: look, log in, list, sign, decrypt nothing, log out. Every
  /// step is tried, whatever became of the one before.
  static Outcome scenario(CK_SLOT_ID slot = 0, const std::function<void()>& initialized = {}) {
    Outcome outcome;
    const auto note = [&](CK_RV rv) {
      EXPECT_NE(CKR_GENERAL_ERROR, rv);
      if (rv != CKR_OK && outcome.first_error == CKR_OK) outcome.first_error = rv;
      return rv == CKR_OK;
    };
    note(C_Initialize(nullptr));
    if (initialized) initialized();
    CK_ULONG count = 0;
    note(C_GetSlotList(CK_FALSE, nullptr, &count));
    CK_TOKEN_INFO info{};
    note(C_GetTokenInfo(slot, &info));
    CK_SESSION_HANDLE session = 0;
    note(C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session));
    std::string pin = kUserPin;
    ++outcome.logins;
    note(C_Login(session, CKU_USER, chars(pin), pin.size()));
    CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY, public_class = CKO_PUBLIC_KEY;
    const auto find = [&](CK_OBJECT_CLASS& object_class) {
      CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
      CK_OBJECT_HANDLE object = 0;
      CK_ULONG found = 0;
      if (note(C_FindObjectsInit(session, &wanted, 1))) {
        note(C_FindObjects(session, &object, 1, &found));
        note(C_FindObjectsFinal(session));
      }
      return object;
    };
    const CK_OBJECT_HANDLE key = find(private_class), half = find(public_class);
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    Bytes data(20, 7), signature(512);
    for (int round = 0; round < 2; ++round) {
      CK_ULONG size = signature.size();
      if (!note(C_SignInit(session, &mechanism, key))) continue;
      if (!note(C_Sign(session, data.data(), data.size(), signature.data(), &size))) continue;
      ++outcome.signatures;
      if (C_VerifyInit(session, &mechanism, half) != CKR_OK) continue;
      if (C_Verify(session, data.data(), data.size(), signature.data(), size) ==
          CKR_SIGNATURE_INVALID)
        ++outcome.wrong;
    }
    note(C_Logout(session));
    note(C_CloseSession(session));
    note(C_Finalize(nullptr));
    return outcome;
  }

  /// The state saved inside a card tells how many user tries it has left.
  static unsigned tries_left(CountingEndpoint& card) {
    card.reset();
    const Bytes answer = card.transmit(from_hex("00200002"));
    return answer.size() == 2 && answer[0] == 0x63 ? answer[1] & 0x0FU : 99U;
  }

  std::string config_;
  std::shared_ptr<CountingEndpoint> card_;
};

}  // namespace kilt::test
