// Connections for tests of what lies above them: a list of expected commands with their answers,
// or a function.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "apdu/card.h"
#include "apdu/errors.h"

namespace kilt::test {

/// Answers by a function; counts.
class FunctionConnection : public apdu::Connection {
 public:
  using Function = std::function<Bytes(BytesView command)>;
  explicit FunctionConnection(Function function, Bytes atr = {0x3B, 0x80, 0x01, 0x81})
      : function_(std::move(function)), atr_(std::move(atr)) {}

  void begin() override {}
  void end() noexcept override {}
  Bytes transmit(BytesView command) override {
    ++count_;
    return function_(command);
  }
  void reset() override {}
  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  [[nodiscard]] unsigned protocol() const noexcept override { return protocol_; }
  [[nodiscard]] bool extended_length() const noexcept override { return extended_; }
  void abandon() noexcept override {}

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  void set_protocol(unsigned protocol) noexcept { protocol_ = protocol; }
  void set_extended(bool extended) noexcept { extended_ = extended; }

 private:
  Function function_;
  Bytes atr_;
  std::size_t count_ = 0;
  unsigned protocol_ = 1;
  bool extended_ = false;
};

/// A card that expects exactly these exchanges, in hexadecimal.
class Script {
 public:
  using Exchange = std::pair<std::string, std::string>;

  Script(std::initializer_list<Exchange> exchanges) : exchanges_(exchanges) {}
  Script(const Script&) = delete;
  Script& operator=(const Script&) = delete;
  /// All were used.
  ~Script() { EXPECT_TRUE(exchanges_.empty()) << exchanges_.size() << " exchanges did not happen"; }

  Bytes operator()(BytesView command) {
    if (exchanges_.empty()) {
      ADD_FAILURE() << "unexpected command " << to_hex(command);
      return {0x6F, 0x00};
    }
    const auto [expected, answer] = exchanges_.front();
    exchanges_.pop_front();
    EXPECT_EQ(to_hex(from_hex(expected)), to_hex(command));
    return from_hex(answer);
  }

 private:
  std::deque<Exchange> exchanges_;
};

}  // namespace kilt::test
