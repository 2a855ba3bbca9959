// The module inside the test's process, over in-process readers.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pkcs11/lifecycle.h"
#include "tests/support/counting_endpoint.h"
#include "tests/support/memory_transport.h"
#include "tests/support/virtual_endpoint.h"

namespace kilt::test {

/// Lets the test keep the readers while the module owns its way to them.
class SharedTransport : public apdu::Transport {
 public:
  explicit SharedTransport(std::shared_ptr<MemoryTransport> readers)
      : readers_(std::move(readers)) {}
  std::vector<apdu::ReaderState> readers() override { return readers_->readers(); }
  std::unique_ptr<apdu::Connection> connect(const std::string& reader) override {
    return readers_->connect(reader);
  }
  void wait_for_change(const std::vector<apdu::ReaderState>& known,
                       std::chrono::milliseconds patience) override {
    readers_->wait_for_change(known, patience);
  }
  void cancel() noexcept override { readers_->cancel(); }
  void abandon() noexcept override { readers_->abandon(); }

 private:
  std::shared_ptr<MemoryTransport> readers_;
};

inline constexpr const char* kReader = "Virtual reader 00 00";

/// Initialises the module before each test and finalises it after; no configuration file counts.
class ModuleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("KILT_CONF", "/nonexistent/kilt.toml", 1);
    setenv("XDG_CACHE_HOME", "/dev/null",
           1);  // no folder, not even for root: nothing is remembered
    unsetenv("KILT_SOCKETS");
    if (delegated_) return set_up_delegate();
    readers_ = std::make_shared<MemoryTransport>();
    readers_->add_reader(kReader);
    p11::set_transport_factory([readers = readers_](const p11::Config&) {
      p11::Transports transports;
      transports.push_back(std::make_unique<SharedTransport>(readers));
      return transports;
    });
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
  }
  void TearDown() override {
    C_Finalize(nullptr);
    p11::set_transport_factory({});
    if (delegated_) std::filesystem::remove_all(folder_);
  }
  /// Finalises and initialises again, as another run of a program would.
  void restart() {
    ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
    list_slots();
  }

  /// Puts a new virtual token into the reader.
  std::shared_ptr<CountingEndpoint> insert(const std::string& kind) {
    if (delegated_) {
      list_slots();
      return nullptr;
    }
    virtual_ = std::make_shared<VirtualEndpoint>(vtoken::make_card(kind));
    card_ = std::make_shared<CountingEndpoint>(virtual_);
    readers_->insert(kReader, card_);
    list_slots();
    return card_;
  }

  static std::vector<CK_SLOT_ID> list_slots(bool with_token = false) {
    CK_ULONG count = 0;
    EXPECT_EQ(CKR_OK, C_GetSlotList(with_token ? CK_TRUE : CK_FALSE, nullptr, &count));
    std::vector<CK_SLOT_ID> slots(count);
    EXPECT_EQ(CKR_OK, C_GetSlotList(with_token ? CK_TRUE : CK_FALSE, slots.data(), &count));
    return slots;
  }

  /// Slot 0, but that SoftHSM gives a token another slot once it is set up and started anew.
  static CK_SLOT_ID first_slot() {
    if (getenv("KILT_TEST_DELEGATE") == nullptr) return 0;
    for (const CK_SLOT_ID slot : list_slots(true)) {
      CK_TOKEN_INFO info{};
      if (C_GetTokenInfo(slot, &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED) != 0)
        return slot;
    }
    return 0;
  }

  static CK_SESSION_HANDLE open_session(CK_FLAGS flags = CKF_RW_SESSION, CK_SLOT_ID slot = 0) {
    CK_SESSION_HANDLE session = 0;
    if (slot == 0) slot = first_slot();
    EXPECT_EQ(CKR_OK, C_OpenSession(slot, flags | CKF_SERIAL_SESSION, nullptr, nullptr, &session));
    return session;
  }

  /// KILT_TEST_DELEGATE names a PKCS#11 module: its token stands in slot 0 instead of a virtual
  /// one, a new one for each test. It is SoftHSM: another has no such configuration.
  void set_up_delegate() {
    std::string name = std::filesystem::temp_directory_path() / "kilt-test-XXXXXX";
    ASSERT_NE(nullptr, mkdtemp(name.data()));
    folder_ = name;
    std::filesystem::create_directory(folder_ / "tokens");
    std::ofstream(folder_ / "softhsm2.conf")
        << "directories.tokendir = " << (folder_ / "tokens").string() << "\nlog.level = ERROR\n";
    std::ofstream(folder_ / "kilt.toml")
        << "[[delegate]]\nmodule = \"" << getenv("KILT_TEST_DELEGATE") << "\"\n";
    setenv("SOFTHSM2_CONF", (folder_ / "softhsm2.conf").c_str(), 1);
    setenv("KILT_CONF", (folder_ / "kilt.toml").c_str(), 1);
    p11::set_transport_factory([](const p11::Config&) { return p11::Transports(); });
    ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
  }

  const bool delegated_ = getenv("KILT_TEST_DELEGATE") != nullptr;
  std::filesystem::path folder_;
  std::shared_ptr<MemoryTransport> readers_;
  std::shared_ptr<VirtualEndpoint> virtual_;
  std::shared_ptr<CountingEndpoint> card_;
};

/// The characters as Cryptoki wants PINs and labels.
inline CK_UTF8CHAR* chars(std::string& text) {
  // Cryptoki takes plain bytes; reading a std::string's characters as such is allowed.
  return reinterpret_cast<CK_UTF8CHAR*>(text.data());  // NOLINT
}

inline CK_RV log_in(CK_SESSION_HANDLE session, CK_USER_TYPE user, std::string pin) {
  return C_Login(session, user, chars(pin), pin.size());
}

}  // namespace kilt::test
