#include "tools/terminal/bytes.h"

#include <stdexcept>

#include <openssl/crypto.h>

namespace kilt::tool {
namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_hex(BytesView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const Byte byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0x0FU];
  }
  return text;
}

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ' || c == ':') continue;
    const int value = digit(c);
    if (value < 0) throw std::invalid_argument("not hexadecimal");
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<Byte>(high << 4 | value));
      high = -1;
    }
  }
  if (high >= 0) throw std::invalid_argument("odd number of hexadecimal digits");
  return bytes;
}

BytesView view(std::string_view text) noexcept {
  return {reinterpret_cast<const Byte*>(text.data()), text.size()};  // NOLINT: characters are bytes
}

Bytes to_bytes(std::string_view text) {
  const BytesView bytes = view(text);
  return {bytes.begin(), bytes.end()};
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

void Secret::push_back(Byte byte) {
  if (bytes_.size() == bytes_.capacity()) {
    // Growing leaves the old memory behind: move by hand and wipe it.
    Bytes larger;
    larger.reserve(bytes_.capacity() * 2 + 64);
    larger.assign(bytes_.begin(), bytes_.end());
    wipe();
    bytes_ = std::move(larger);
  }
  bytes_.push_back(byte);
}

void Secret::pop_back() noexcept {
  if (bytes_.empty()) return;
  bytes_.back() = 0;
  bytes_.pop_back();
}

void Secret::wipe() noexcept {
  if (!bytes_.empty()) OPENSSL_cleanse(bytes_.data(), bytes_.size());
  bytes_.clear();
}

bool Secret::equals(BytesView other) const noexcept {
  return bytes_.size() == other.size() &&
         (bytes_.empty() || CRYPTO_memcmp(bytes_.data(), other.data(), other.size()) == 0);
}

}  // namespace kilt::tool
