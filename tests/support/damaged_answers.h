// What a hostile or broken token may answer instead of the truth, and a card that does so once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/support/memory_transport.h"

namespace kilt::test {

struct DamagedAnswer {
  std::string name;
  /// From the true answer (with status word) to the damaged one.
  std::function<Bytes(const Bytes& truth)> make;
};

/// Hardening points 8 to 12: nothing, too little, too much, lying status words and lengths.
inline const std::vector<DamagedAnswer>& damaged_answers() {
  static const std::vector<DamagedAnswer> answers = [] {
    std::vector<DamagedAnswer> list;
    const auto fixed = [&](const std::string& name, Bytes bytes) {
      list.push_back({name, [bytes](const Bytes&) { return bytes; }});
    };
    fixed("nothing", {});
    fixed("one byte", {0x90});
    for (const char* sw : {"9000", "6101", "61FF", "6100", "6C00", "6CFF", "6200", "6281", "6282",
                           "6283", "6300", "63C0", "63C3", "6400", "6581", "6700", "6882", "6982",
                           "6983", "6984", "6985", "6986", "6A80", "6A81", "6A82", "6A84", "6A86",
                           "6A88", "6A89", "6B00", "6D00", "6E00", "6F00", "6F86", "0000", "FFFF"})
      fixed(std::string("only ") + sw, from_hex(sw));
    for (const char* bytes : {"84FFFFFFFF", "6F80", "6F847FFFFFFF", "30840FFFFFFF", "3082FFFF30",
                              "30803080308030803080", "3000", "5F", "A00A30080406", "6F0480020000",
                              "6F0480FFFFFF", "7F4984FFFFFFFF", "04", "0200"})
      fixed(std::string("data ") + bytes, from_hex(std::string(bytes) + "9000"));
    fixed("256 zeros", Bytes(256, 0x00));
    const auto filled = [&](std::size_t size, Byte value) {
      Bytes bytes(size, value);
      append(bytes, Bytes{0x90, 0x00});
      fixed(std::to_string(size) + " x " + std::to_string(value), bytes);
    };
    filled(1, 0x00);
    filled(256, 0x00);
    filled(256, 0xFF);
    filled(256, 0x30);
    filled(257, 0x00);
    filled(65536, 0x41);
    list.push_back({"first half", [](const Bytes& truth) {
                      Bytes bytes(truth.begin(),
                                  truth.begin() + static_cast<std::ptrdiff_t>(truth.size() / 2));
                      append(bytes, Bytes{0x90, 0x00});
                      return bytes;
                    }});
    list.push_back({"one byte less", [](const Bytes& truth) {
                      Bytes bytes = truth;
                      if (bytes.size() > 2) bytes.erase(bytes.end() - 3);
                      return bytes;
                    }});
    list.push_back({"one byte more", [](const Bytes& truth) {
                      Bytes bytes = truth;
                      bytes.insert(bytes.end() - 2, 0xAA);
                      return bytes;
                    }});
    list.push_back({"twice", [](const Bytes& truth) {
                      Bytes bytes(truth.begin(), truth.end() - 2);
                      append(bytes, truth);
                      return bytes;
                    }});
    for (const Byte flip : Bytes{0x01, 0x80, 0xFF})
      for (const std::size_t at : {0U, 1U, 2U, 3U, 5U, 9U, 20U})
        list.push_back({"byte " + std::to_string(at) + " ^ " + std::to_string(flip),
                        [flip, at](const Bytes& truth) {
                          Bytes bytes = truth;
                          if (at + 2 < bytes.size())
                            bytes[at] = static_cast<Byte>(bytes[at] ^ flip);
                          return bytes;
                        }});
    return list;
  }();
  return answers;
}

/// Gives one answer of another card in a damaged form.
class DamagingEndpoint : public CardEndpoint {
 public:
  explicit DamagingEndpoint(std::shared_ptr<CardEndpoint> card) : card_(std::move(card)) {}

  /// Counting from the next command (1), the n-th is damaged.
  void arm(std::size_t n, const DamagedAnswer& damage) {
    count_ = 0;
    at_ = n;
    damage_ = damage.make;
  }
  void disarm() noexcept {
    count_ = 0;
    at_ = 0;
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override {
    Bytes truth = card_->transmit(command);
    return ++count_ == at_ ? damage_(truth) : truth;
  }

 private:
  std::shared_ptr<CardEndpoint> card_;
  std::size_t count_ = 0, at_ = 0;
  std::function<Bytes(const Bytes&)> damage_;
};

}  // namespace kilt::test
