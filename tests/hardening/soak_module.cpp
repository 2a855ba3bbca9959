// Usage: soak-module sign|pins MODULE SECONDS PIN-FILE
//
// One of the programs that share a token in tests/soak. PIN-FILE holds the user PIN and is locked
// while somebody logs in (shared) or changes the PIN (alone), so that nobody tries an old PIN.
//
//   sign   logs in, lists, signs and verifies; prints 'signatures wrong lost'
//   pins   changes the PIN there and back; prints 'changes interrupted tries': changes made,
//   changes
//          of unknown outcome, and the tries it took to learn which PIN holds after those
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <sys/file.h>

#include "tests/hardening/loaded_module.h"

namespace {

using namespace kilt::test;  // NOLINT(google-build-using-namespace): its other half
using Clock = std::chrono::steady_clock;

constexpr std::string_view kOtherPin = "246801";

class PinFile {
 public:
  /// `how` is LOCK_SH or LOCK_EX.
  PinFile(const char* path, int how) : fd_(open(path, O_RDWR | O_CLOEXEC)) {
    need(fd_ >= 0 && flock(fd_, how) == 0, 90);
  }
  PinFile(const PinFile&) = delete;
  PinFile& operator=(const PinFile&) = delete;
  ~PinFile() { close(fd_); }

  std::string read() const {
    std::string pin(kPin.size(), ' ');
    need(pread(fd_, pin.data(), pin.size(), 0) == static_cast<ssize_t>(pin.size()), 91);
    return pin;
  }
  void write(std::string_view pin) const {
    need(pwrite(fd_, pin.data(), pin.size(), 0) == static_cast<ssize_t>(pin.size()), 92);
  }

 private:
  int fd_;
};

/// The slot with a token; waits for one.
bool find_slot(LoadedModule& module, CK_SLOT_ID& slot) {
  CK_ULONG count = 1;
  if (module->C_GetSlotList(CK_TRUE, &slot, &count) == CKR_OK && count != 0) return true;
  usleep(1000);
  return false;
}

/// Another program's doing: the token went, was reset, or the login was closed.
bool harmless(CK_RV rv) {
  constexpr auto codes = std::to_array<CK_RV>(
      {CKR_OK, CKR_DEVICE_REMOVED, CKR_TOKEN_NOT_PRESENT, CKR_SESSION_HANDLE_INVALID,
       CKR_USER_NOT_LOGGED_IN, CKR_DEVICE_ERROR, CKR_OBJECT_HANDLE_INVALID, CKR_KEY_HANDLE_INVALID,
       CKR_TOKEN_NOT_RECOGNIZED, CKR_SIGNATURE_INVALID});
  return std::ranges::find(codes, rv) != codes.end();
}

void sign_on(LoadedModule& module, Clock::time_point end, const char* pin_path) {
  Tally tally;
  while (Clock::now() < end) {
    CK_SLOT_ID slot = 0;
    if (!find_slot(module, slot)) continue;
    const CK_RV rv = round(module, slot, tally, [&](CK_SESSION_HANDLE session) {
      const PinFile file(pin_path, LOCK_SH);
      return log_in(module, session, file.read());
    });
    if (!harmless(rv)) std::fprintf(stderr, "sign: 0x%lX\n", rv);
    need(harmless(rv), 81);
  }
  std::printf("%lu %lu %lu\n", tally.signatures, tally.wrong, tally.lost);
}

class Changer {
 public:
  Changer(LoadedModule& module, const char* pin_path) : module_(module), pin_path_(pin_path) {}

  void run(Clock::time_point end) {
    while (Clock::now() < end) {
      change(end);
      usleep(200000);
    }
    std::printf("%lu %lu %lu\n", changes_, interrupted_, tries_);
  }

 private:
  static CK_UTF8CHAR* bytes(std::string& text) {
    return reinterpret_cast<CK_UTF8CHAR*>(text.data());
  }

  CK_RV open_session(CK_SESSION_HANDLE& session) {
    CK_SLOT_ID slot = 0;
    if (!find_slot(module_, slot)) return CKR_TOKEN_NOT_PRESENT;
    return module_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                  &session);
  }

  void change(Clock::time_point end) {
    CK_SESSION_HANDLE session = 0;
    if (open_session(session) != CKR_OK) return;
    const PinFile file(pin_path_, LOCK_EX);
    std::string now = file.read();
    std::string next(now == kPin ? kOtherPin : kPin);
    const CK_RV rv = module_->C_SetPIN(session, bytes(now), now.size(), bytes(next), next.size());
    module_->C_CloseSession(session);
    if (!harmless(rv)) std::fprintf(stderr, "pins: 0x%lX\n", rv);
    need(harmless(rv), 84);
    if (rv == CKR_OK) {
      file.write(next);
      ++changes_;
      return;
    }
    // The token went or was reset while it changed its PIN: only a login tells which one holds.
    ++interrupted_;
    while (Clock::now() < end + std::chrono::seconds(10))
      if (settle(file, next)) return;
  }

  /// Tries the new PIN once; false if the token could not be asked.
  bool settle(const PinFile& file, const std::string& next) {
    CK_SESSION_HANDLE session = 0;
    if (open_session(session) != CKR_OK) return false;
    const CK_RV rv = log_in(module_, session, next);
    module_->C_CloseSession(session);
    if (rv == CKR_OK) file.write(next);
    if (rv == CKR_PIN_INCORRECT) ++tries_;
    return rv == CKR_OK || rv == CKR_PIN_INCORRECT;
  }

  LoadedModule& module_;
  const char* pin_path_;
  unsigned long changes_ = 0, interrupted_ = 0, tries_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const std::string_view mode(argv[1]);
  const auto end = Clock::now() + std::chrono::seconds(std::strtoul(argv[3], nullptr, 10));
  LoadedModule module(argv[2]);
  need(module->C_Initialize(nullptr) == CKR_OK, 80);
  if (mode == "sign")
    sign_on(module, end, argv[4]);
  else if (mode == "pins")
    Changer(module, argv[4]).run(end);
  else
    return 2;
  need(module->C_Finalize(nullptr) == CKR_OK, 82);
  return 0;
}
