#include "tests/virtual/iso7816/apdu.h"

namespace kilt::vtoken::iso {
namespace {

std::size_t number(const Bytes& bytes, std::size_t at) {
  return static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
}

void set_le(Command& command, std::size_t value, std::size_t of_zero) {
  command.has_le = true;
  command.le = value == 0 ? of_zero : value;
}

bool set_data(Command& command, const Bytes& bytes, std::size_t at, std::size_t length) {
  if (length == 0 || at + length > bytes.size()) return false;
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  command.data.assign(begin, begin + static_cast<std::ptrdiff_t>(length));
  return true;
}

}  // namespace

std::optional<Command> parse_command(const Bytes& bytes, bool allow_extended) {
  constexpr std::size_t kHeader = 4;
  if (bytes.size() < kHeader) return std::nullopt;
  Command command{bytes[0], bytes[1], bytes[2], bytes[3], {}, false, 0, false};
  if (bytes.size() == kHeader) return command;
  if (bytes.size() == kHeader + 1) {
    set_le(command, bytes[4], 256);
    return command;
  }
  if (bytes[4] != 0) {
    const std::size_t end = kHeader + 1 + bytes[4];
    if (!set_data(command, bytes, kHeader + 1, bytes[4]) || bytes.size() > end + 1)
      return std::nullopt;
    if (bytes.size() == end + 1) set_le(command, bytes[end], 256);
    return command;
  }
  if (!allow_extended || bytes.size() < kHeader + 3) return std::nullopt;
  command.extended = true;
  if (bytes.size() == kHeader + 3) {
    set_le(command, number(bytes, 5), 65536);
    return command;
  }
  const std::size_t length = number(bytes, 5), end = kHeader + 3 + length;
  if (!set_data(command, bytes, kHeader + 3, length)) return std::nullopt;
  if (bytes.size() == end) return command;
  if (bytes.size() != end + 2) return std::nullopt;
  set_le(command, number(bytes, end), 65536);
  return command;
}

}  // namespace kilt::vtoken::iso
