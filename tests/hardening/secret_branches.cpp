// Usage: valgrind --error-exitcode=1 secret-branches pkcs1|oaep|equal|careless
//
// Marks a secret as uninitialised and works on it: memcheck then reports every branch and every
// address that depends on it. `careless` is a loop that stops early, to show that it does. See
// tests/hardening/constant_time.
#include <cstdio>
#include <string_view>

#include <valgrind/memcheck.h>

#include "drivers/crypto/padding.h"

namespace {

using namespace kilt;  // NOLINT(google-build-using-namespace): the program is about it

constexpr std::size_t kBlock = 256;

/// 00 02, `padding` bytes that are not zero, 00, and the message.
Bytes block_of(std::size_t padding) {
  Bytes block(kBlock, 0x5A);
  block.at(0) = 0x00;
  block.at(1) = 0x02;
  if (2 + padding < kBlock) block.at(2 + padding) = 0x00;
  return block;
}

void hide(const Bytes& secret) { VALGRIND_MAKE_MEM_UNDEFINED(secret.data(), secret.size()); }
template <typename T>
void show(const T& result) {
  VALGRIND_MAKE_MEM_DEFINED(&result, sizeof result);
}

/// Right blocks, short and long messages, wrong ones: all the same to an onlooker.
void pkcs1() {
  const Bytes cryptogram(kBlock, 0x77);
  for (const std::size_t padding : {std::size_t{3}, std::size_t{8}, std::size_t{100}, kBlock}) {
    const Bytes block = block_of(padding);
    hide(block);
    auto found = crypto::find_message_pkcs1(block, cryptogram);
    show(found.start);
    show(found.good);
    std::printf("padding %zu: %s\n", padding, found.good != 0 ? "right" : "made up");
  }
}

void oaep() {
  for (const Byte first : {Byte{0}, Byte{1}}) {
    Bytes block = block_of(8);
    block.at(0) = first;
    hide(block);
    auto found = crypto::look_oaep(block, Hash::kSha256, Hash::kSha256, {});
    show(found.good);
    std::printf("first byte %u: %s\n", unsigned{first}, found.good != 0 ? "right" : "wrong");
  }
}

void equal() {
  const Bytes mac(8, 0x11);
  for (const std::size_t differing : {std::size_t{0}, std::size_t{7}, std::size_t{8}}) {
    Bytes secret = mac;
    if (differing < secret.size()) secret.at(differing) = 0x22;
    hide(secret);
    const bool same = equal_constant_time(secret, mac);
    show(same);
    std::printf("differing at %zu: %s\n", differing, same ? "equal" : "different");
  }
}

void careless() {
  const Bytes block = block_of(8);
  hide(block);
  std::size_t at = 2;
  while (at < block.size() && block[at] != 0) ++at;
  show(at);
  std::printf("padding ends at %zu\n", at);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what(argc == 2 ? argv[1] : "");
  if (what == "pkcs1")
    pkcs1();
  else if (what == "oaep")
    oaep();
  else if (what == "equal")
    equal();
  else if (what == "careless")
    careless();
  else
    return 2;
  return 0;
}
