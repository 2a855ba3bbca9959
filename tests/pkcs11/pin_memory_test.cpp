// After a login the PIN is nowhere in the process: every writable page is searched for it. The
// token is another process, as a real one is another device.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <random>
#include <span>

#include <gtest/gtest.h>

#include "pkcs11/cryptoki.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/token_process.h"

namespace kilt::test {
namespace {

/// How often the text of which every byte is given inverted, so that the search itself does not
/// hold it, stands in `memory`.
unsigned count(std::span<const char> memory, const std::vector<unsigned char>& inverted) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(~inverted[i]); };
  unsigned found = 0;
  // memchr: byte by byte the sanitizers take minutes.
  while (memory.size() >= inverted.size()) {
    const void* first = std::memchr(memory.data(), byte(0), memory.size() - inverted.size() + 1);
    if (first == nullptr) return found;
    memory =
        memory.subspan(static_cast<std::size_t>(static_cast<const char*>(first) - memory.data()));
    std::size_t same = 1;
    while (same < inverted.size() && static_cast<unsigned char>(memory[same]) == byte(same)) ++same;
    if (same == inverted.size()) ++found;
    memory = memory.subspan(1);
  }
  return found;
}

/// The same in all of the process's writable memory.
unsigned find_in_memory(const std::vector<unsigned char>& inverted) {
  std::ifstream maps("/proc/self/maps");
  std::ifstream memory("/proc/self/mem", std::ios::binary);
  std::vector<char> block(1 << 16);
  unsigned found = 0;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    char access[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) != 3) continue;
    if (end - begin > (1UL << 30)) continue;  // a sanitizer's shadow, which holds no bytes of ours
    if (access[0] != 'r' || access[1] != 'w' || line.find("[v") != std::string::npos) continue;
    for (unsigned long at = begin; at < end; at += block.size() - inverted.size()) {
      const auto size = std::min<unsigned long>(block.size(), end - at);
      memory.clear();
      memory.seekg(static_cast<std::streamoff>(at));
      if (!memory.read(block.data(), static_cast<std::streamsize>(size))) continue;
      found += count({block.data(), size}, inverted);
    }
  }
  return found;
}

/// Digits nobody else in this process uses, inverted.
std::vector<unsigned char> new_pin() {
  std::random_device random;
  std::vector<unsigned char> inverted;
  for (int i = 0; i < 16; ++i)
    inverted.push_back(static_cast<unsigned char>(~('0' + random() % 10)));
  return inverted;
}

/// The PIN in a buffer of its own for the length of one call.
template <typename Call>
CK_RV with_pin(const std::vector<unsigned char>& inverted, Call call) {
  unsigned char pin[16];
  for (std::size_t i = 0; i < sizeof pin; ++i) pin[i] = static_cast<unsigned char>(~inverted[i]);
  const CK_RV rv = call(pin, sizeof pin);
  explicit_bzero(pin, sizeof pin);
  return rv;
}

TEST(PinMemory, NothingIsLeftAfterLogin) {
  TemporaryFolder folder;
  const std::string socket = (folder.path() / "token").string();
  const TokenProcess token("kaztoken", socket);
  setenv("KILT_CONF", "/nonexistent/kilt.toml", 1);
  setenv("KILT_SOCKETS", socket.c_str(), 1);
  setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  ASSERT_EQ(CKR_OK, C_Initialize(nullptr));
  CK_ULONG count = 8;
  CK_SLOT_ID slots[8] = {};
  ASSERT_EQ(CKR_OK, C_GetSlotList(CK_TRUE, slots, &count));
  ASSERT_LE(1U, count);
  unsigned char label[32];
  std::fill(std::begin(label), std::end(label), static_cast<unsigned char>('T'));
  unsigned char so[] = {'8', '7', '6', '5', '4', '3', '2', '1'};
  ASSERT_EQ(CKR_OK, C_InitToken(slots[0], so, sizeof so, label));
  CK_SESSION_HANDLE session = 0;
  ASSERT_EQ(CKR_OK, C_OpenSession(slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                  &session));
  const auto first = new_pin(), second = new_pin();
  ASSERT_EQ(CKR_OK, C_Login(session, CKU_SO, so, sizeof so));
  ASSERT_EQ(CKR_OK, with_pin(first, [&](auto* pin, CK_ULONG size) {
              return C_InitPIN(session, pin, size);
            }));
  ASSERT_EQ(CKR_OK, C_Logout(session));
  const auto log_in = [&](auto* pin, CK_ULONG size) {
    return C_Login(session, CKU_USER, pin, size);
  };
  ASSERT_EQ(CKR_PIN_INCORRECT, with_pin(second, log_in));
  ASSERT_EQ(CKR_OK, with_pin(first, log_in));
  EXPECT_EQ(0U, find_in_memory(first));
  EXPECT_EQ(0U, find_in_memory(second)) << "nor is a wrong one";
  EXPECT_EQ(CKR_OK, with_pin(first, [&](auto* old_pin, CK_ULONG old_size) {
              return with_pin(second, [&](auto* pin, CK_ULONG size) {
                return C_SetPIN(session, old_pin, old_size, pin, size);
              });
            }));
  EXPECT_EQ(0U, find_in_memory(first));
  EXPECT_EQ(0U, find_in_memory(second));
  ASSERT_EQ(CKR_OK, C_Finalize(nullptr));
  unsetenv("KILT_SOCKETS");
}

TEST(PinMemory, TheSearchFindsWhatIsThere) {
  const auto pin = new_pin();
  std::vector<unsigned char> copy;
  for (const unsigned char byte : pin) copy.push_back(static_cast<unsigned char>(~byte));
  EXPECT_LE(1U, find_in_memory(pin));
  EXPECT_EQ(static_cast<unsigned char>(~pin[0]), copy[0]);
}

}  // namespace
}  // namespace kilt::test
