#include "tools/commands/probe/guard.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace kilt::tool {
namespace {

constexpr std::size_t kHeader = 4;
constexpr Byte kVerify = 0x20, kGetData = 0xCA;

class ReadingOnly : public apdu::Connection {
 public:
  explicit ReadingOnly(std::unique_ptr<apdu::Connection> inner) : inner_(std::move(inner)) {}

  void begin() override { inner_->begin(); }
  void end() noexcept override { inner_->end(); }
  Bytes transmit(BytesView command) override {
    if (!only_reads(command))
      throw std::logic_error("a command that does not only read was about to be sent");
    return inner_->transmit(command);
  }
  void reset() override { inner_->reset(); }
  [[nodiscard]] const Bytes& atr() const noexcept override { return inner_->atr(); }
  [[nodiscard]] unsigned protocol() const noexcept override { return inner_->protocol(); }
  [[nodiscard]] bool extended_length() const noexcept override { return inner_->extended_length(); }
  void abandon() noexcept override { inner_->abandon(); }

 private:
  std::unique_ptr<apdu::Connection> inner_;
};

}  // namespace

bool only_reads(BytesView command) noexcept {
  constexpr std::array<Byte, 6> kReading{0xA4, 0xB0, 0xB2, 0xC0, kGetData, 0xCB};
  if (command.size() < kHeader) return false;
  const Byte cla = command[0];
  const Byte ins = command[1];
  if (ins == kVerify)
    return cla == 0x00 && (command.size() == kHeader ||
                           (command.size() == kHeader + 1 && command[kHeader] == 0x00));
  if (cla == 0x80) return ins == kGetData;
  return cla == 0x00 && std::ranges::find(kReading, ins) != kReading.end();
}

std::unique_ptr<apdu::Connection> reading_only(std::unique_ptr<apdu::Connection> connection) {
  return std::make_unique<ReadingOnly>(std::move(connection));
}

}  // namespace kilt::tool
