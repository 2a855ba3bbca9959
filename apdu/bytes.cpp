#include "apdu/bytes.h"

#include <algorithm>
#include <new>
#include <stdexcept>

#include <sys/mman.h>
#include <unistd.h>

namespace kilt {
namespace {

std::size_t whole_pages(std::size_t size) {
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (size > SIZE_MAX - page) throw std::bad_alloc();
  return (size + page - 1) / page * page;
}

}  // namespace

void* map_secret_pages(std::size_t size) {
  const std::size_t whole = whole_pages(size);
  void* memory = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();  // NOLINT(performance-no-int-to-ptr)
  // A kernel that refuses this still gives the memory: the secret works, only less hidden.
  static_cast<void>(madvise(memory, whole, MADV_DONTDUMP));
  return memory;
}

void unmap_secret_pages(void* memory, std::size_t size) noexcept {
  wipe(memory, size);  // a child of fork() may have its own copy of the page: ours is gone
  munmap(memory, whole_pages(size));
}

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) explicit_bzero(data, size);
}

bool equal_constant_time(BytesView a, BytesView b) noexcept {
  if (a.size() != b.size()) return false;
  volatile Byte difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference = static_cast<Byte>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

bool equal(BytesView a, BytesView b) noexcept { return std::ranges::equal(a, b); }

Bytes to_bytes(BytesView view) { return {view.begin(), view.end()}; }

Bytes to_bytes(std::string_view text) { return {text.begin(), text.end()}; }

std::string to_text(BytesView view) { return {view.begin(), view.end()}; }

std::string to_hex(BytesView view) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(view.size() * 2);
  for (const Byte byte : view) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0x0F];
  }
  return text;
}

Bytes from_hex(std::string_view text) {
  const auto digit = [](char c) -> Byte {
    if (c >= '0' && c <= '9') return static_cast<Byte>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<Byte>(c - 'a' + 10);
    if (c >= 'A' && c <= 'F') return static_cast<Byte>(c - 'A' + 10);
    throw std::invalid_argument("not a hexadecimal digit");
  };
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == ':' || text[i] == '\n' || text[i] == '\t') {
      ++i;
      continue;
    }
    if (i + 1 >= text.size()) throw std::invalid_argument("odd number of hexadecimal digits");
    bytes.push_back(static_cast<Byte>((digit(text[i]) << 4) | digit(text[i + 1])));
    i += 2;
  }
  return bytes;
}

Bytes reversed(BytesView view) { return {view.rbegin(), view.rend()}; }

void append(Bytes& head, BytesView tail) { head.insert(head.end(), tail.begin(), tail.end()); }

std::uint64_t read_be(BytesView view) {
  if (view.empty() || view.size() > 8) throw std::out_of_range("number of 1 to 8 bytes expected");
  std::uint64_t value = 0;
  for (const Byte byte : view) value = (value << 8) | byte;
  return value;
}

Bytes write_be(std::uint64_t value, std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[size - 1 - i] = static_cast<Byte>(value & 0xFF);
    value >>= 8;
  }
  return bytes;
}

}  // namespace kilt
