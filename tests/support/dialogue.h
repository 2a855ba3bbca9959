// A whole recorded dialogue with a good card as the input of a fuzz target, and a card that plays
// it: what a program asks is answered as it was then, also when it asks in another order, while the
// fuzzer changes answers at random places. So it reaches what stands behind a hundred good answers.
//
// As bytes: the ATR, one byte that chooses what programs do (tests/support/fuzz_driver.h), then
// command and answer by turns; each but that byte behind its length (one byte; 255: two more
// follow).
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "tests/support/fuzz_card.h"

namespace kilt::test {

struct Exchange {
  Bytes command, answer;
};

struct Dialogue {
  Bytes atr;
  Byte what = 0;
  std::vector<Exchange> exchanges;

  static Dialogue decode(BytesView bytes) {
    constexpr std::size_t kMost = 4096;
    Dialogue dialogue;
    FuzzInput input(bytes);
    dialogue.atr = to_bytes(input.block());
    dialogue.what = input.byte();
    while (!input.empty() && dialogue.exchanges.size() < kMost) {
      const BytesView command = input.block();
      dialogue.exchanges.push_back({to_bytes(command), to_bytes(input.block())});
    }
    return dialogue;
  }

  [[nodiscard]] Bytes encode() const {
    Bytes out;
    put_block(out, atr);
    out.push_back(what);
    for (const Exchange& exchange : exchanges) {
      put_block(out, exchange.command);
      put_block(out, exchange.answer);
    }
    return out;
  }

 private:
  static void put_block(Bytes& out, BytesView block) {
    block = block.first(std::min<std::size_t>(block.size(), 0xFFFF));
    if (block.size() < 255) {
      out.push_back(static_cast<Byte>(block.size()));
    } else {
      out.push_back(255);
      append(out, write_be(block.size(), 2));
    }
    append(out, block);
  }
};

/// The card of a dialogue. A command that was sent then gets the next answer to it; one with other
/// data (a challenge, a PIN, a new key's value) the answer to the same header.
class DialogueConnection : public apdu::Connection {
 public:
  /// `dialogue` must outlive the connection.
  DialogueConnection(const Dialogue& dialogue, Bytes atr)
      : exchanges_(&dialogue.exchanges), atr_(std::move(atr)) {}

  void begin() override {}
  void end() noexcept override {}
  void reset() override {}
  void abandon() noexcept override {}
  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  [[nodiscard]] bool extended_length() const noexcept override { return true; }
  Bytes transmit(BytesView command) override {
    constexpr std::size_t kMostCommands = 3000;  // a bound on one run, far above any recording
    if (++commands_ > kMostCommands) throw CardRemoved();
    const auto same = [&](const Exchange& one) { return equal(one.command, command); };
    const auto similar = [&](const Exchange& one) {
      constexpr std::size_t kHeader = 4;
      return command.size() >= kHeader && one.command.size() >= kHeader &&
             equal(BytesView(one.command).first(kHeader), command.first(kHeader));
    };
    if (const Bytes* answer = find(same)) return *answer;
    if (const Bytes* answer = find(similar)) return *answer;
    return {0x6A, 0x82};
  }

 private:
  /// The next one that fits, else the first.
  template <typename Fits>
  const Bytes* find(Fits fits) {
    const auto begin = exchanges_->begin(), end = exchanges_->end();
    const auto from = begin + static_cast<std::ptrdiff_t>(next_);
    auto found = std::find_if(from, end, fits);
    if (found == end) found = std::find_if(begin, from, fits);
    if (found == from && (from == end || !fits(*from))) return nullptr;
    next_ = static_cast<std::size_t>(found - begin) + 1;
    return &found->answer;
  }

  const std::vector<Exchange>* exchanges_;
  Bytes atr_;
  std::size_t next_ = 0, commands_ = 0;
};

/// One change at a random place; `mutate` changes bytes within the room it gets and answers their
/// number (libFuzzer's own).
template <typename Mutate>
void mutate_dialogue(Dialogue& dialogue, std::mt19937& random, Mutate mutate) {
  constexpr std::size_t kRoom = 32;
  constexpr std::uint16_t kWords[]{0x9000, 0x6F00, 0x6581, 0x6982, 0x6983, 0x6985, 0x6A82,
                                   0x6A88, 0x6700, 0x6282, 0x6B00, 0x63C2, 0x61FF, 0x6C10};
  constexpr Byte kLengths[]{0x00, 0x01, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xFF};
  const auto below = [&](std::size_t limit) { return random() % std::max<std::size_t>(limit, 1); };
  if (dialogue.exchanges.empty() || below(40) == 0) {
    dialogue.what = static_cast<Byte>(random());
    return;
  }
  Exchange& exchange = dialogue.exchanges[below(dialogue.exchanges.size())];
  Bytes& answer = exchange.answer;
  switch (below(8)) {
    case 0: {
      const std::uint16_t sw = kWords[below(std::size(kWords))];
      answer.resize(below(2) == 0 || answer.size() < 2 ? 0 : answer.size() - 2);
      append(answer, write_be(sw, 2));
      return;
    }
    case 1:
      if (answer.size() > 2) {
        const auto at = answer.begin() + static_cast<std::ptrdiff_t>(below(answer.size() - 2));
        answer.erase(at, answer.end() - 2);
      }
      return;
    case 2:
      answer = dialogue.exchanges[below(dialogue.exchanges.size())].answer;
      return;
    case 3:
      if (!answer.empty()) answer[below(answer.size())] = kLengths[below(std::size(kLengths))];
      return;
    case 4:
      if (below(8) == 0)
        dialogue.exchanges.erase(dialogue.exchanges.begin() +
                                 static_cast<std::ptrdiff_t>(below(dialogue.exchanges.size())));
      else if (!answer.empty())
        answer[below(answer.size())] ^= static_cast<Byte>(1U << below(8));
      return;
    default: {
      const std::size_t size = answer.size();
      answer.resize(size + kRoom);
      answer.resize(std::min(mutate(answer.data(), size, size + kRoom), size + kRoom));
    }
  }
}

}  // namespace kilt::test
