#include "pkcs11/known_readers.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <memory>
#include <new>

#include <sys/mman.h>
#include <unistd.h>

namespace kilt::p11 {
namespace {

/// Entries are only ever put in front and never changed or freed, so that a child finds the list
/// whole whatever the parent's threads did when it was forked.
struct KnownReader {
  std::string name;
  CK_SLOT_ID id;
  KnownReader* next;
};
std::atomic<KnownReader*> readers{nullptr};

/// One process's login at one slot: process number and slot id + 1; 0 is free.
using Login = std::atomic<std::uint64_t>;
static_assert(Login::is_always_lock_free, "processes share it");
/// In memory that a process shares with the children it forks.
using LoginTable = std::array<Login, 512>;
std::atomic<LoginTable*> logins{nullptr};

std::uint64_t entry_of(pid_t process, CK_SLOT_ID slot) {
  return (std::uint64_t{static_cast<std::uint32_t>(process)} << 32) |
         (static_cast<std::uint32_t>(slot) + 1U);
}

/// A process that ended without logging out is no reason to leave a card open.
bool alive(std::uint64_t entry) {
  const auto process = static_cast<pid_t>(entry >> 32);
  return kill(process, 0) == 0 || errno == EPERM;
}

}  // namespace

CK_SLOT_ID slot_id_of(const std::string& reader) {
  std::unique_ptr<KnownReader> fresh;
  KnownReader* first = readers.load();
  while (true) {
    for (const KnownReader* known = first; known != nullptr; known = known->next)
      if (known->name == reader) return known->id;
    if (!fresh) fresh = std::make_unique<KnownReader>(KnownReader{reader, 0, nullptr});
    fresh->id = first == nullptr ? 0 : first->id + 1;
    fresh->next = first;
    if (readers.compare_exchange_weak(first, fresh.get())) return fresh.release()->id;
  }
}

void prepare_login_table() noexcept {
  if (logins.load() != nullptr) return;
  void* memory =
      mmap(nullptr, sizeof(LoginTable), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;  // each process then closes the card by itself
  auto* fresh = new (memory) LoginTable{};
  LoginTable* none = nullptr;
  if (!logins.compare_exchange_strong(none, fresh)) munmap(memory, sizeof(LoginTable));
}

void note_login(CK_SLOT_ID slot, bool logged_in) noexcept {
  LoginTable* table = logins.load();
  if (table == nullptr) return;
  const std::uint64_t own = entry_of(getpid(), slot);
  for (Login& login : *table) {
    std::uint64_t found = own;
    login.compare_exchange_strong(found, 0);
  }
  if (!logged_in) return;
  for (Login& login : *table) {
    std::uint64_t found = login.load();
    if (found != 0 && alive(found)) continue;
    if (login.compare_exchange_strong(found, own)) return;
  }
}

bool relative_logged_in(CK_SLOT_ID slot) noexcept {
  const LoginTable* table = logins.load();
  if (table == nullptr) return false;
  const std::uint64_t own = entry_of(getpid(), slot);
  constexpr std::uint64_t kSlotBits = 0xFFFFFFFFU;
  for (const Login& login : *table) {
    const std::uint64_t found = login.load();
    if (found != 0 && found != own && (found & kSlotBits) == (own & kSlotBits) && alive(found))
      return true;
  }
  return false;
}

void forget_readers() noexcept {
  for (const KnownReader* known = readers.exchange(nullptr); known != nullptr;) {
    const std::unique_ptr<const KnownReader> gone(known);
    known = gone->next;
  }
}

}  // namespace kilt::p11
