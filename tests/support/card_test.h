// A driver on a virtual token, in the test's own process, without the PKCS#11 layer; and a count of
// the PIN tries that the whole test program asked for and that reached a card.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "apdu/card.h"
#include "drivers/registry.h"
#include "tests/support/counting_endpoint.h"
#include "tests/support/virtual_endpoint.h"

namespace kilt::test {

/// Over all tests of this program: VERIFY, CHANGE and RESET RETRY COUNTER with data, as asked for
/// by the tests and as seen by the cards.
struct Tries {
  std::size_t asked = 0, sent = 0;
  static Tries& total() {
    static Tries tries;
    return tries;
  }
};

/// A command that compares a PIN: VERIFY, CHANGE REFERENCE DATA or RESET RETRY COUNTER with data.
inline bool compares_pin(BytesView command) {
  if (command.size() <= 5) return false;
  return command[1] == 0x20 || command[1] == 0x21 || command[1] == 0x24 || command[1] == 0x2C;
}

class CardTest : public ::testing::Test {
 protected:
  using Settings = std::vector<std::pair<std::string, std::string>>;
  static constexpr const char* kReader = "Virtual reader 00 00";

  CardTest() {
    std::string name = (std::filesystem::temp_directory_path() / "kilt-test-XXXXXX").string();
    folder_ = mkdtemp(name.data());
    host_.certificates = folder_ / "certs";
    host_.log = [this](const std::string& line) { log_.push_back(line); };
    readers_.add_reader(kReader);
  }
  ~CardTest() override { std::filesystem::remove_all(folder_); }

  void TearDown() override {
    tally();
    EXPECT_EQ(asked_, sent_) << "a PIN was compared without being asked for";
    Tries::total().asked += asked_;
    Tries::total().sent += sent_;
  }

  /// A new virtual token in the reader.
  void insert(const std::string& kind, const Settings& settings = {}) {
    auto card = vtoken::make_card(kind);
    for (const auto& [key, value] : settings) card->set(key, value);
    virtual_ = std::make_shared<VirtualEndpoint>(std::move(card));
    insert(std::static_pointer_cast<CardEndpoint>(virtual_));
  }
  void insert(std::shared_ptr<CardEndpoint> endpoint) {
    tally();
    token_.reset();
    card_.reset();
    readers_.remove_card(kReader);
    endpoint_ = std::make_shared<CountingEndpoint>(std::move(endpoint));
    readers_.insert(kReader, endpoint_);
    card_ = std::make_unique<apdu::Card>(readers_.connect(kReader));
  }
  void set(const std::string& key, const std::string& value) { virtual_->card().set(key, value); }

  /// Binds the driver, as a slot does. Throws what open_token() throws.
  Token& bind() {
    profiles_.set_host(host_);
    token_ = open_token(*card_, profiles_);
    return *token_;
  }
  Token& token() { return token_ ? *token_ : bind(); }

  /// Logs in; counts the try it asks for.
  void login(const std::string& pin, PinRole role = PinRole::kUser, std::size_t tries = 1) {
    asked_ += tries;
    token().login(role, SecureBytes(to_bytes(pin)));
  }
  void change_pin(const std::string& old_pin, const std::string& new_pin, std::size_t tries = 1) {
    asked_ += tries;
    token().change_pin(PinRole::kUser, SecureBytes(to_bytes(old_pin)),
                       SecureBytes(to_bytes(new_pin)));
  }
  /// APDUs are counted from here; PIN tries go on being counted.
  void restart_count() {
    tally();
    endpoint_->restart_count();
  }
  void expect_tries(std::size_t more) { asked_ += more; }

  static SecureBytes secret(const std::string& text) { return SecureBytes(to_bytes(text)); }

  std::filesystem::path folder_;
  HostSettings host_;
  ProfileSet profiles_ = ProfileSet::builtin();
  std::vector<std::string> log_;
  MemoryTransport readers_;
  std::shared_ptr<VirtualEndpoint> virtual_;
  std::shared_ptr<CountingEndpoint> endpoint_;
  std::unique_ptr<apdu::Card> card_;
  std::unique_ptr<Token> token_;

 private:
  void tally() {
    if (endpoint_)
      for (const Bytes& command : endpoint_->commands())
        if (compares_pin(command)) ++sent_;
  }

  std::size_t asked_ = 0, sent_ = 0;
};

}  // namespace kilt::test
