// A card whose true answers are changed on their way: for manners and contents that a virtual token
// has not.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "tests/support/memory_transport.h"

namespace kilt::test {

class AlteredCard : public CardEndpoint {
 public:
  /// From the command and its true answer, with status word, to the one that is given.
  using Alter = std::function<Bytes(BytesView command, Bytes truth)>;

  AlteredCard(std::shared_ptr<CardEndpoint> card, Alter alter)
      : card_(std::move(card)), alter_(std::move(alter)) {}

  /// Another ATR than the card's.
  void set_atr(Bytes atr) { other_atr_ = std::move(atr); }

  [[nodiscard]] Bytes atr() const override {
    return other_atr_.empty() ? card_->atr() : other_atr_;
  }
  void reset() override { card_->reset(); }
  Bytes transmit(BytesView command) override { return alter_(command, card_->transmit(command)); }

 private:
  std::shared_ptr<CardEndpoint> card_;
  Alter alter_;
  Bytes other_atr_;
};

/// Files of these ids have other contents, or are there although the card has none: SELECT answers
/// an FCI of tag 6F with their size, READ BINARY what is there.
[[nodiscard]] inline AlteredCard::Alter with_files(std::map<std::uint16_t, Bytes> files) {
  constexpr Byte kSelect = 0xA4, kReadBinary = 0xB0, kByName = 0x04;
  struct State {
    std::map<std::uint16_t, Bytes> files;
    const Bytes* selected = nullptr;
  };
  const auto state = std::make_shared<State>();
  state->files = std::move(files);
  return [=](BytesView command, Bytes truth) -> Bytes {
    if (command[1] == kSelect) {
      const std::size_t size = command.size() > 5 ? command[4] : 0;
      state->selected = nullptr;
      if (command[2] == kByName || size < 2 || command.size() < 5 + size) return truth;
      const auto id = static_cast<std::uint16_t>(read_be(command.subspan(5 + size - 2, 2)));
      const auto found = state->files.find(id);
      if (found == state->files.end()) return truth;
      state->selected = &found->second;
      Bytes answer = from_hex("6F0F 820101 8302");
      append(answer, write_be(id, 2));
      for (const Byte tag : Bytes{0x80, 0x81}) {
        append(answer, Bytes{tag, 0x02});
        append(answer, write_be(found->second.size(), 2));
      }
      append(answer, from_hex("9000"));
      return answer;
    }
    if (command[1] != kReadBinary || state->selected == nullptr) return truth;
    const std::size_t at = read_be(command.subspan(2, 2));
    if (at > state->selected->size() || command.size() < 5) return {0x6B, 0x00};
    const std::size_t wanted = command[4] == 0 ? 256 : command[4];
    const BytesView rest = BytesView(*state->selected).subspan(at);
    Bytes answer = to_bytes(rest.first(std::min(wanted, rest.size())));
    append(answer, Bytes{0x90, 0x00});
    return answer;
  };
}

}  // namespace kilt::test
