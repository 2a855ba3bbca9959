#include "apdu/command.h"

#include <stdexcept>

namespace kilt::apdu {
namespace {

constexpr std::size_t kShortMaxData = 255;
constexpr std::size_t kExtendedMaxData = 65535;
constexpr std::size_t kMaxOffset = 0x7FFF;

std::uint32_t number(Le le) { return static_cast<std::uint32_t>(le); }

Bytes header(const Command& command, std::size_t reserve) {
  Bytes bytes;
  bytes.reserve(4 + reserve);
  bytes.assign({command.cla, command.ins, command.p1, command.p2});
  return bytes;
}

Byte high(std::size_t value) { return static_cast<Byte>((value >> 8) & 0xFF); }
Byte low(std::size_t value) { return static_cast<Byte>(value & 0xFF); }

void check_offset(std::size_t offset) {
  if (offset > kMaxOffset) throw std::out_of_range("file offset beyond 15 bits");
}

}  // namespace

Command Command::case1(Byte cla, Byte ins, Byte p1, Byte p2) {
  Command command;
  command.cla = cla;
  command.ins = ins;
  command.p1 = p1;
  command.p2 = p2;
  return command;
}

Command Command::case2(Byte cla, Byte ins, Byte p1, Byte p2, Le le) {
  Command command = case1(cla, ins, p1, p2);
  command.le = le;
  return command;
}

Command Command::case3(Byte cla, Byte ins, Byte p1, Byte p2, BytesView data) {
  Command command = case1(cla, ins, p1, p2);
  command.data = to_bytes(data);
  return command;
}

Command Command::case4(Byte cla, Byte ins, Byte p1, Byte p2, BytesView data, Le le) {
  Command command = case3(cla, ins, p1, p2, data);
  command.le = le;
  return command;
}

bool Command::fits_short() const noexcept {
  return data.size() <= kShortMaxData && (!le || number(*le) <= number(kLeShortMax));
}

Bytes Command::encode_short() const {
  if (!fits_short()) throw std::length_error("command does not fit in a short APDU");
  Bytes bytes = header(*this, data.size() + 2);
  if (!data.empty()) {
    bytes.push_back(low(data.size()));
    append(bytes, data);
  }
  if (le) bytes.push_back(low(number(*le)));  // 256 becomes 00
  return bytes;
}

Bytes Command::encode_extended() const {
  if (data.size() > kExtendedMaxData || (le && number(*le) > number(kLeExtendedMax)))
    throw std::length_error("command does not fit in an extended APDU");
  Bytes bytes = header(*this, data.size() + 6);
  if (!data.empty()) {
    append(bytes, Bytes{0x00, high(data.size()), low(data.size())});
    append(bytes, data);
  }
  if (le) {
    if (data.empty()) bytes.push_back(0x00);
    append(bytes, Bytes{high(number(*le)), low(number(*le))});  // 65536 becomes 00 00
  }
  return bytes;
}

Command select(Byte how, Byte what, BytesView name, bool no_answer) {
  Command command = Command::case3(0x00, 0xA4, how, what, name);
  if (!no_answer) command.le = kLeShortMax;
  return command;
}

Command read_binary(std::size_t offset, Le le) {
  check_offset(offset);
  return Command::case2(0x00, 0xB0, high(offset), low(offset), le);
}

Command update_binary(std::size_t offset, BytesView data) {
  check_offset(offset);
  return Command::case3(0x00, 0xD6, high(offset), low(offset), data);
}

Command get_challenge(Le le) { return Command::case2(0x00, 0x84, 0x00, 0x00, le); }

Command get_data(std::uint16_t tag, Le le) {
  return Command::case2(0x00, 0xCA, high(tag), low(tag), le);
}

Command verify(Byte reference, BytesView pin) {
  if (pin.empty()) throw std::invalid_argument("an empty PIN is never sent");
  Command command = Command::case3(0x00, 0x20, 0x00, reference, pin);
  command.privacy = Privacy::kSecret;
  return command;
}

Command verify_status(Byte reference) { return Command::case1(0x00, 0x20, 0x00, reference); }

}  // namespace kilt::apdu
