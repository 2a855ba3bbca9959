// A card whose answers come from a fuzzer's bytes: each answer is a length byte, that many bytes
// (255: two more length bytes follow), which include the status word. When the bytes are used up,
// the card is as if removed.
#pragma once

#include <memory>

#include "apdu/errors.h"
#include "apdu/reader.h"

namespace kilt::test {

/// Takes pieces off the front of the input.
class FuzzInput {
 public:
  explicit FuzzInput(BytesView bytes) noexcept : rest_(bytes) {}
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  Byte byte() noexcept {
    if (rest_.empty()) return 0;
    const Byte first = rest_.front();
    rest_ = rest_.subspan(1);
    return first;
  }
  BytesView block() noexcept {
    std::size_t size = byte();
    if (size == 255) {
      size = std::size_t{byte()} << 8;
      size |= byte();
    }
    const BytesView block = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(block.size());
    return block;
  }

 private:
  BytesView rest_;
};

class FuzzConnection : public apdu::Connection {
 public:
  /// `input` must outlive the connection.
  FuzzConnection(FuzzInput& input, Bytes atr) : input_(&input), atr_(std::move(atr)) {}

  void begin() override {}
  void end() noexcept override {}
  Bytes transmit(BytesView) override {
    if (input_->empty()) throw CardRemoved();
    return to_bytes(input_->block());
  }
  void reset() override {}
  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  void abandon() noexcept override {}

 private:
  FuzzInput* input_;
  Bytes atr_;
};

}  // namespace kilt::test
