// A token one of whose files, records or data objects is damaged: between a driver and its virtual
// token.
//
// A place is a command that looks at something (SELECT, READ BINARY, READ RECORD, GET DATA, a
// listing), with what is selected. Which places there are is seen by watching a good dialogue.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apdu/tlv.h"
#include "tests/support/memory_transport.h"

namespace kilt::test {

struct FileFault {
  std::string name;
  /// From the true answer (with status word) to the damaged one.
  std::function<Bytes(const Bytes& truth)> make;
  bool refuses = false;  ///< the card does not carry the command out
};

/// What a damaged file answers.
inline const std::vector<FileFault>& file_faults() {
  static const std::vector<FileFault> faults = [] {
    std::vector<FileFault> list;
    for (const char* sw : {"6F00", "6581", "6982", "6983", "6985", "6A82", "6A88", "6700"})
      list.push_back({sw, [sw](const Bytes&) { return from_hex(sw); }, true});
    list.push_back({"empty", [](const Bytes&) { return from_hex("9000"); }});
    list.push_back({"one byte short", [](const Bytes& truth) {
                      Bytes bytes = truth;
                      if (bytes.size() > 2) bytes.erase(bytes.end() - 3);
                      return bytes;
                    }});
    list.push_back({"258 x FF", [](const Bytes&) { return Bytes(258, 0xFF); }});
    return list;
  }();
  return faults;
}

class FileFaults : public CardEndpoint {
 public:
  explicit FileFaults(std::shared_ptr<CardEndpoint> card) : card_(std::move(card)) {}

  /// From now on this place is damaged; all others are as they are.
  void damage(const std::string& place, const FileFault& fault) {
    damaged_ = place;
    fault_ = fault;
  }
  /// Places in the order of their first use.
  [[nodiscard]] const std::vector<std::string>& places() const noexcept { return places_; }
  /// The damaged place was asked for.
  [[nodiscard]] bool met() const noexcept { return met_; }
  /// Commands that brought a PIN, or a proof of one, and were taken.
  [[nodiscard]] std::size_t logins() const noexcept { return logins_; }
  /// The same, refused: each has spent a try.
  [[nodiscard]] std::size_t tries() const noexcept { return tries_; }

  [[nodiscard]] Bytes atr() const override { return card_->atr(); }
  void reset() override {
    card_->reset();
    folder_ = file_ = "3F00";
  }
  Bytes transmit(BytesView command) override {
    const auto ins = command.size() > 1 ? command[1] : Byte{0};
    const auto place = place_of(command);
    if (place && std::ranges::find(places_, *place) == places_.end()) places_.push_back(*place);
    const bool damaged = place && *place == damaged_;
    met_ = met_ || damaged;
    if (damaged && fault_.refuses) return fault_.make({});
    const Bytes truth = card_->transmit(command);
    if (ins == kSelect) follow(command, truth);
    if (command.size() > 5 && (ins == 0x20 || ins == 0x11 || ins == 0x82)) count(truth);
    return damaged ? fault_.make(truth) : truth;
  }

 private:
  void count(BytesView answer) {
    const Byte sw1 = answer.size() < 2 ? Byte{0} : answer[answer.size() - 2];
    if (sw1 == 0x90) ++logins_;
    if (sw1 == 0x63 || sw1 == 0x69) ++tries_;
  }
  static constexpr Byte kSelect = 0xA4, kByName = 0x04, kByPath = 0x08, kParent = 0x03;

  static BytesView data_of(BytesView command) {
    if (command.size() <= 5) return {};
    if (command[4] == 0 && command.size() > 7)  // extended length
      return command.subspan(7, std::min(command.size() - 7, read_be(command.subspan(5, 2))));
    return command.subspan(5, std::min<std::size_t>(command.size() - 5, command[4]));
  }
  static bool master(BytesView path) { return path.size() >= 2 && path[0] == 0x3F && path[1] == 0; }

  /// Where a SELECT leads to.
  [[nodiscard]] std::string target(BytesView command) const {
    const BytesView data = data_of(command);
    const Byte p1 = command[2];
    if (p1 == kByName) return "name " + to_hex(data);
    if (data.empty() && p1 == kParent) return "above " + folder_;
    if (data.empty()) return command[0] == 0 && command[3] == 0 ? "first in " + folder_ : "3F00";
    if (command[3] == 0x02 && p1 == 0x00) return "next in " + folder_ + " after " + to_hex(data);
    if (master(data)) return "3F00" + to_hex(data.subspan(2));
    if (p1 == kByPath) return "3F00" + to_hex(data);
    return folder_ + to_hex(data);
  }

  std::optional<std::string> place_of(BytesView command) const {
    if (command.size() < 4) return std::nullopt;
    const bool own_class = (command[0] & 0x80) != 0;
    const std::string p1p2 = to_hex(command.subspan(2, 2));
    switch (command[1]) {
      case kSelect:
        return "SELECT " + target(command);
      case 0xB0:
      case 0xB1:
        return "READ " + file_;
      case 0xB2:
      case 0xB3:
        return "READ " + file_ + " record " + p1p2;
      case 0xCA:
      case 0xCB:
        return "GET DATA " + p1p2 + " " + to_hex(data_of(command));
      case 0x46:
      case 0x47:
        return "PUBLIC KEY " + p1p2 + " " + to_hex(data_of(command));
      // Commands of one family each: read, lists, a key's or PIN's description.
      case 0x18:
        return own_class ? std::optional("READ " + file_) : std::nullopt;
      case 0x01:
      case 0x16:
      case 0x30:
        return own_class ? std::optional("LIST " + file_) : std::nullopt;
      case 0x07:
      case 0x08:
        return own_class ? std::optional("OBJECT " + p1p2 + " in " + file_) : std::nullopt;
      default:
        return std::nullopt;
    }
  }

  /// What the card has selected now.
  void follow(BytesView command, const Bytes& answer) {
    const bool done = answer.size() >= 2 &&
                      (answer[answer.size() - 2] == 0x90 || answer[answer.size() - 2] == 0x61 ||
                       answer[answer.size() - 2] == 0x62);
    if (!done) return;
    std::string path = target(command);
    bool folder = command[2] == kByName || path == "3F00";
    Bytes id;
    const BytesView body = BytesView(answer).first(answer.size() - 2);
    for (const std::uint32_t outer : {0x6FU, 0x62U}) try {
        if (const auto type = tlv::find_path(body, {outer, 0x82U}); type && !type->value.empty())
          folder = folder || (type->value[0] & 0x38) == 0x38;
        if (const auto type = tlv::find_path(body, {outer, 0x87U}); type && type->value.size() == 1)
          folder = folder || type->value[0] == 0x38;
        if (const auto found = tlv::find_path(body, {outer, 0x83U})) id = to_bytes(found->value);
      } catch (const Error&) {
        id.clear();
      }
    if (path.starts_with("first ") || path.starts_with("next ")) path = folder_ + to_hex(id);
    if (path.starts_with("above ")) path = folder_.substr(0, folder_.size() - 4);
    if (master(id)) path = "3F00";
    file_ = path;
    if (folder || path == "3F00") folder_ = path;
  }

  std::shared_ptr<CardEndpoint> card_;
  std::vector<std::string> places_;
  std::string damaged_, folder_ = "3F00", file_ = "3F00";
  FileFault fault_;
  bool met_ = false;
  std::size_t logins_ = 0, tries_ = 0;
};

}  // namespace kilt::test
