// Bytes, hexadecimal, and memory that is wiped when it goes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kilt::tool {

using Byte = std::uint8_t;
using Bytes = std::vector<Byte>;
using BytesView = std::span<const Byte>;

std::string to_hex(BytesView bytes);
/// Accepts blanks and colons between the digits. Throws std::invalid_argument.
Bytes from_hex(std::string_view text);
Bytes to_bytes(std::string_view text);
/// Length-checked view of characters as bytes.
BytesView view(std::string_view text) noexcept;

/// A PIN or password: move-only, wiped at the end of its life and when it grows.
class Secret {
 public:
  Secret() = default;
  explicit Secret(BytesView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { wipe(); }

  void push_back(Byte byte);
  /// Takes the last byte away, if there is one.
  void pop_back() noexcept;
  void wipe() noexcept;
  [[nodiscard]] Secret clone() const { return Secret(bytes_); }
  [[nodiscard]] BytesView bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// Same bytes; the time does not depend on where they differ.
  [[nodiscard]] bool equals(BytesView other) const noexcept;

 private:
  Bytes bytes_;
};

}  // namespace kilt::tool
