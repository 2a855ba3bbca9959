// Byte buffers. Every buffer that may hold card data wipes itself: a PIN, a decrypted block or a
// session key then leaves nothing behind in freed memory, and nobody has to remember to clear it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kilt {

using Byte = std::uint8_t;

/// Overwrites `size` bytes at `data` with zeros; the compiler may not remove it.
void wipe(void* data, std::size_t size) noexcept;

/// std::allocator that wipes memory before it returns it to the heap.
template <typename T>
struct WipingAllocator {
  using value_type = T;

  WipingAllocator() noexcept = default;
  template <typename U>
  // NOLINTNEXTLINE(google-explicit-constructor): the allocator requirements ask for it
  WipingAllocator(const WipingAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return std::allocator<T>().allocate(count); }
  void deallocate(T* memory, std::size_t count) noexcept {
    wipe(memory, count * sizeof(T));
    std::allocator<T>().deallocate(memory, count);
  }
  template <typename U>
  bool operator==(const WipingAllocator<U>&) const noexcept {
    return true;
  }
};

/// A byte string; wiped when freed or reallocated.
using Bytes = std::vector<Byte, WipingAllocator<Byte>>;
/// A read-only look at bytes owned by somebody else.
using BytesView = std::span<const Byte>;

/// Whole pages of memory that no core dump shows. Throws std::bad_alloc.
[[nodiscard]] void* map_secret_pages(std::size_t size);
/// Wipes and gives back what map_secret_pages(size) brought.
void unmap_secret_pages(void* memory, std::size_t size) noexcept;

/// Memory for secrets: pages of their own.
template <typename T>
struct SecretAllocator {
  using value_type = T;

  SecretAllocator() noexcept = default;
  template <typename U>
  // NOLINTNEXTLINE(google-explicit-constructor): the allocator requirements ask for it
  SecretAllocator(const SecretAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(map_secret_pages(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept {
    unmap_secret_pages(memory, count * sizeof(T));
  }
  template <typename U>
  bool operator==(const SecretAllocator<U>&) const noexcept {
    return true;
  }
};

/// A secret (PIN, derived key): move-only, so that no stray copy of it is made by accident, and in
/// memory that no core dump shows.
class SecureBytes {
 public:
  SecureBytes() = default;
  explicit SecureBytes(BytesView secret) : bytes_(secret.begin(), secret.end()) {}
  explicit SecureBytes(Bytes&& secret) : SecureBytes(BytesView(secret)) {
    secret = {};  // wiped as it goes
  }
  SecureBytes(SecureBytes&& other) noexcept = default;
  SecureBytes& operator=(SecureBytes&& other) noexcept = default;
  SecureBytes(const SecureBytes&) = delete;
  SecureBytes& operator=(const SecureBytes&) = delete;
  ~SecureBytes() = default;

  /// The secret itself; valid as long as this object is neither changed nor destroyed.
  [[nodiscard]] BytesView view() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  /// A second copy, for the rare place that really needs one.
  [[nodiscard]] SecureBytes clone() const { return SecureBytes(view()); }
  /// Gives the bytes away; this object is empty afterwards.
  [[nodiscard]] Bytes release() {
    Bytes bytes(bytes_.begin(), bytes_.end());
    bytes_ = {};
    return bytes;
  }

 private:
  std::vector<Byte, SecretAllocator<Byte>> bytes_;
};

/// Compares in a time that depends on the lengths only (for MACs, cryptograms and PINs).
[[nodiscard]] bool equal_constant_time(BytesView a, BytesView b) noexcept;

/// Plain comparison of contents.
[[nodiscard]] bool equal(BytesView a, BytesView b) noexcept;

/// Copy of a view.
[[nodiscard]] Bytes to_bytes(BytesView view);
/// The characters of `text` as bytes, unaltered (no terminating zero).
[[nodiscard]] Bytes to_bytes(std::string_view text);
/// The bytes as characters, unaltered. Not for secrets: std::string does not wipe.
[[nodiscard]] std::string to_text(BytesView view);

/// Upper-case hexadecimal without separators.
[[nodiscard]] std::string to_hex(BytesView view);
/// Reads hexadecimal, blanks and colons between bytes allowed. Throws std::invalid_argument.
[[nodiscard]] Bytes from_hex(std::string_view text);

/// The same bytes in reverse order (little-endian tokens, e.g. Kaztoken).
[[nodiscard]] Bytes reversed(BytesView view);

/// Appends `tail` to `head`.
void append(Bytes& head, BytesView tail);

/// Unsigned big-endian number of 1 to 8 bytes. Throws std::out_of_range for other lengths.
[[nodiscard]] std::uint64_t read_be(BytesView view);
/// `value` as `size` big-endian bytes.
[[nodiscard]] Bytes write_be(std::uint64_t value, std::size_t size);

}  // namespace kilt
