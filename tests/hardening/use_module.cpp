// Usage: use-module MODE MODULE [MODULE]
//
// A program of its own that loads the module, for what cannot be tried inside a test program: it
// logs in, signs and verifies on the first slot, in one of these ways; exit status 0 if all was
// well.
//
//   sign      C_Initialize to C_Finalize
//   unload    dlclose without C_Finalize, then load and sign again, fork, exit
//   exit      exit while another thread signs
//   copies    two copies of the module at once
//   signals   a timer's signal interrupts every system call
//   bare      descriptors 0 to 2 closed, no HOME
//   turkish   in the locale tr_TR.UTF-8, where i and I are two letters; that locale must be there
//   sockets   exit status: the number of readers that are sockets
//   stay      signs; then, for each line of input, starts anew on the same C_Initialize and signs
#include <array>
#include <atomic>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cwctype>
#include <locale>
#include <string_view>
#include <thread>

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hardening/loaded_module.h"

namespace {

using namespace kilt::test;  // NOLINT(google-build-using-namespace): its other half

void sign_once(const char* path) {
  LoadedModule module(path);
  const Ready ready = prepare(module);
  need(sign(module, ready) == CKR_OK, 30);
  need(module->C_Finalize(nullptr) == CKR_OK, 31);
}

void unload(const char* path) {
  {
    LoadedModule module(path);
    const Ready ready = prepare(module);
    need(sign(module, ready) == CKR_OK, 40);
  }
  const pid_t child = fork();  // runs the handlers of code that is gone, if any were left
  if (child == 0) exit(0);
  int status = 0;
  waitpid(child, &status, 0);
  need(WIFEXITED(status) && WEXITSTATUS(status) == 0, 41);
  sign_once(path);
}

void exit_while_signing(const char* path) {
  auto* module = new LoadedModule(path);  // lives to the very end
  const Ready ready = prepare(*module);
  std::atomic<int> signatures = 0;
  std::thread([module, ready, &signatures] {
    while (true)
      if (sign(*module, ready) == CKR_OK) ++signatures;
  }).detach();
  while (signatures < 3) usleep(1000);
  exit(0);
}

void two_copies(const char* first_path, const char* second_path) {
  LoadedModule first(first_path), second(second_path);
  const Ready one = prepare(first), two = prepare(second);
  for (int i = 0; i < 3; ++i) {
    need(sign(second, two) == CKR_OK, 50);
    // The other copy's login took the card's state over; both users are the same.
    const CK_RV rv = sign(first, one);
    need(rv == CKR_OK || rv == CKR_USER_NOT_LOGGED_IN, 51);
  }
  need(second->C_Finalize(nullptr) == CKR_OK, 52);
  CK_INFO info{};
  need(first->C_GetInfo(&info) == CKR_OK, 53);
  need(first->C_Finalize(nullptr) == CKR_OK, 54);
}

void interrupted(const char* path) {
  struct sigaction action {};
  action.sa_handler = [](int) {};  // without SA_RESTART: calls end with EINTR
  sigaction(SIGALRM, &action, nullptr);
  itimerval timer{{0, 1000}, {0, 1000}};
  setitimer(ITIMER_REAL, &timer, nullptr);
  LoadedModule module(path);
  const Ready ready = prepare(module);
  for (int i = 0; i < 50; ++i) need(sign(module, ready) == CKR_OK, 60);
  need(module->C_Finalize(nullptr) == CKR_OK, 61);
}

void bare(const char* path) {
  for (const char* name : {"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "PATH"})
    unsetenv(name);
  for (const int descriptor : {0, 1, 2}) close(descriptor);
  sign_once(path);
  setenv("HOME", "/proc", 1);  // exists, cannot be written
  sign_once(path);
}

void turkish(const char* path) {
  need(std::setlocale(LC_ALL, "tr_TR.UTF-8") != nullptr, 62);
  need(std::towupper(L'i') != L'I', 63);  // it is the real one
  std::locale::global(std::locale("tr_TR.UTF-8"));
  sign_once(path);
}

/// Readers that KILT_SOCKETS has brought: their names are paths.
int count_sockets(const char* path) {
  LoadedModule module(path);
  need(module->C_Initialize(nullptr) == CKR_OK, 64);
  std::array<CK_SLOT_ID, 16> slots{};
  CK_ULONG count = slots.size();
  need(module->C_GetSlotList(CK_FALSE, slots.data(), &count) == CKR_OK, 65);
  int sockets = 0;
  for (CK_ULONG i = 0; i < count; ++i) {
    CK_SLOT_INFO info{};
    need(module->C_GetSlotInfo(slots.at(i), &info) == CKR_OK, 66);
    if (info.slotDescription[0] == '/') ++sockets;
  }
  need(module->C_Finalize(nullptr) == CKR_OK, 67);
  return sockets;
}

void stay(const char* path) {
  LoadedModule module(path);
  need(module->C_Initialize(nullptr) == CKR_OK, 70);
  do {
    CK_ULONG count = 1;
    CK_SLOT_ID slot = 0;
    Tally tally;
    CK_RV rv = module->C_GetSlotList(CK_TRUE, &slot, &count);
    const auto enter = [&](CK_SESSION_HANDLE session) { return log_in(module, session, kPin); };
    if (rv == CKR_OK) rv = count == 0 ? CKR_TOKEN_NOT_PRESENT : round(module, slot, tally, enter);
    std::printf("0x%lX\n", rv);
    std::fflush(stdout);
  } while (std::getchar() != EOF);
  need(module->C_Finalize(nullptr) == CKR_OK, 71);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::string_view mode(argv[1]);
  alarm(0);
  if (mode == "sign")
    sign_once(argv[2]);
  else if (mode == "unload")
    unload(argv[2]);
  else if (mode == "exit")
    exit_while_signing(argv[2]);
  else if (mode == "copies" && argc > 3)
    two_copies(argv[2], argv[3]);
  else if (mode == "signals")
    interrupted(argv[2]);
  else if (mode == "stay")
    stay(argv[2]);
  else if (mode == "bare")
    bare(argv[2]);
  else if (mode == "turkish")
    turkish(argv[2]);
  else if (mode == "sockets")
    std::_Exit(count_sockets(argv[2]));  // LeakSanitizer, at exit, cannot look at a set-id process
  else
    return 2;
  return 0;
}
