// The module in the benchmark's own process, over virtual Kaztokens with one RSA key each.
#pragma once

#include <chrono>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

#include "pkcs11/lifecycle.h"
#include "tests/support/memory_transport.h"
#include "tests/support/module_test.h"
#include "tests/support/ready_kaztoken.h"

namespace kilt::bench {

/// A card whose own work takes a fixed time: the answers to commands that came before are kept, so
/// that nothing is computed any more, and a signature waits for `delay`.
class FixedTimeCard : public test::CardEndpoint {
 public:
  FixedTimeCard(std::shared_ptr<test::CardEndpoint> card, std::chrono::microseconds delay)
      : card_(std::move(card)), delay_(delay) {}

  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override {
    constexpr Byte kPerformSecurityOperation = 0x2A;
    const bool signs = command.size() > 1 && command[1] == kPerformSecurityOperation;
    if (signs && delay_.count() != 0) std::this_thread::sleep_for(delay_);
    if (!replays_) return card_->transmit(command);
    auto [answer, fresh] = answers_.try_emplace(to_bytes(command));
    if (fresh) answer->second = card_->transmit(command);
    return answer->second;
  }
  /// From now on the same command has the same answer.
  void replay() { replays_ = true; }

 private:
  std::shared_ptr<test::CardEndpoint> card_;
  std::chrono::microseconds delay_;
  std::map<Bytes, Bytes> answers_;
  bool replays_ = false;
};

inline void check(const char* what, CK_RV rv) {
  if (rv != CKR_OK) throw std::runtime_error(std::string(what) + ": " + std::to_string(rv));
}

/// A session with the user logged in, and the private key.
struct Signer {
  CK_FUNCTION_LIST* p11 = nullptr;
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE key = 0;

  Signer(CK_FUNCTION_LIST* module, CK_SLOT_ID slot, std::string pin) : p11(module) {
    check("C_OpenSession", p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                              nullptr, &session));
    check("C_Login", p11->C_Login(session, CKU_USER, test::chars(pin), pin.size()));
  }
  void find_key() {
    CK_OBJECT_CLASS object_class = CKO_PRIVATE_KEY;
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    CK_ULONG count = 0;
    check("C_FindObjectsInit", p11->C_FindObjectsInit(session, &wanted, 1));
    check("C_FindObjects", p11->C_FindObjects(session, &key, 1, &count));
    check("C_FindObjectsFinal", p11->C_FindObjectsFinal(session));
    if (count != 1) throw std::runtime_error("no private key");
  }
  void sign() const {
    CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
    Bytes data(32, 7), signature(512);
    CK_ULONG size = signature.size();
    check("C_SignInit", p11->C_SignInit(session, &mechanism, key));
    check("C_Sign", p11->C_Sign(session, data.data(), data.size(), signature.data(), &size));
  }
};

/// Kilt with `count` such tokens.
class Kilt {
 public:
  Kilt(unsigned count, std::chrono::microseconds delay)
      : readers_(std::make_shared<test::MemoryTransport>()) {
    setenv("KILT_CONF", "/nonexistent/kilt.toml", 1);
    setenv("XDG_CACHE_HOME", "/dev/null", 1);
    unsetenv("KILT_SOCKETS");
    for (unsigned i = 0; i < count; ++i) {
      auto card = vtoken::make_card("kaztoken");
      card->load(test::ready_kaztoken());
      cards_.push_back(std::make_shared<FixedTimeCard>(
          std::make_shared<test::VirtualEndpoint>(std::move(card)), delay));
      const std::string name = "reader " + std::to_string(i);
      readers_->add_reader(name);
      readers_->insert(name, cards_.back());
    }
    p11::set_transport_factory([readers = readers_](const p11::Config&) {
      p11::Transports transports;
      transports.push_back(std::make_unique<test::SharedTransport>(readers));
      return transports;
    });
    check("C_GetFunctionList", C_GetFunctionList(&p11_));
    check("C_Initialize", p11_->C_Initialize(nullptr));
    CK_ULONG slots = 0;
    check("C_GetSlotList", p11_->C_GetSlotList(CK_TRUE, nullptr, &slots));
    for (unsigned i = 0; i < count; ++i) {
      signers_.emplace_back(p11_, i, test::kUserPin);
      signers_.back().find_key();
      cards_[i]->replay();
      signers_.back().sign();  // what the card says is known from here on
    }
  }
  Kilt(const Kilt&) = delete;
  Kilt& operator=(const Kilt&) = delete;
  ~Kilt() {
    p11_->C_Finalize(nullptr);
    p11::set_transport_factory({});
  }
  [[nodiscard]] const Signer& signer(unsigned token) const { return signers_.at(token); }

 private:
  std::shared_ptr<test::MemoryTransport> readers_;
  std::vector<std::shared_ptr<FixedTimeCard>> cards_;
  CK_FUNCTION_LIST* p11_ = nullptr;
  std::vector<Signer> signers_;
};

}  // namespace kilt::bench
