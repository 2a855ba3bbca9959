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
//   bare      descriptors 0 to 2 closed, no HOME, Turkish locale
//   stay      signs; then, for each line of input, starts anew on the same C_Initialize and signs
//   soak      signs for the seconds that the third argument gives, with other processes; prints
//             'signatures wrong lost': right signatures, wrong ones, listings without the key
#include <array>
#include <atomic>
#include <chrono>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>

#include <dlfcn.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/cryptoki.h"

namespace {

constexpr std::string_view kPin = "135790";

/// Ends the program with a number that names the place.
void need(bool condition, int place) {
  if (!condition) _exit(place);
}

class LoadedModule {
 public:
  explicit LoadedModule(const char* path) : library_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
    need(library_ != nullptr, 10);
    auto* get = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
    need(get != nullptr && get(&functions_) == CKR_OK, 11);
  }
  LoadedModule(const LoadedModule&) = delete;
  LoadedModule& operator=(const LoadedModule&) = delete;
  ~LoadedModule() { dlclose(library_); }
  CK_FUNCTION_LIST* operator->() const { return functions_; }

 private:
  void* library_;
  CK_FUNCTION_LIST* functions_ = nullptr;
};

struct Ready {
  CK_SESSION_HANDLE session = 0;
  CK_OBJECT_HANDLE key = 0, half = 0;
};

CK_OBJECT_HANDLE find(LoadedModule& module, CK_SESSION_HANDLE session, CK_OBJECT_CLASS wanted) {
  CK_ATTRIBUTE attribute{CKA_CLASS, &wanted, sizeof wanted};
  CK_OBJECT_HANDLE object = 0;
  CK_ULONG count = 0;
  need(module->C_FindObjectsInit(session, &attribute, 1) == CKR_OK, 20);
  need(module->C_FindObjects(session, &object, 1, &count) == CKR_OK && count == 1, 21);
  need(module->C_FindObjectsFinal(session) == CKR_OK, 22);
  return object;
}

Ready prepare(LoadedModule& module) {
  need(module->C_Initialize(nullptr) == CKR_OK, 12);
  CK_ULONG count = 1;
  CK_SLOT_ID slot = 0;
  need(module->C_GetSlotList(CK_TRUE, &slot, &count) == CKR_OK && count == 1, 13);
  Ready ready;
  need(module->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &ready.session) == CKR_OK,
       14);
  std::array<CK_UTF8CHAR, 6> pin{};
  std::memcpy(pin.data(), kPin.data(), pin.size());
  need(module->C_Login(ready.session, CKU_USER, pin.data(), pin.size()) == CKR_OK, 15);
  ready.key = find(module, ready.session, CKO_PRIVATE_KEY);
  ready.half = find(module, ready.session, CKO_PUBLIC_KEY);
  return ready;
}

CK_RV sign(LoadedModule& module, const Ready& ready) {
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  std::array<CK_BYTE, 20> data{1, 2, 3};
  std::array<CK_BYTE, 512> signature{};
  CK_ULONG size = signature.size();
  if (const CK_RV rv = module->C_SignInit(ready.session, &mechanism, ready.key); rv != CKR_OK)
    return rv;
  if (const CK_RV rv =
          module->C_Sign(ready.session, data.data(), data.size(), signature.data(), &size);
      rv != CKR_OK)
    return rv;
  if (const CK_RV rv = module->C_VerifyInit(ready.session, &mechanism, ready.half); rv != CKR_OK)
    return rv;
  return module->C_Verify(ready.session, data.data(), data.size(), signature.data(), size);
}

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
  setenv("LC_ALL", "tr_TR.UTF-8", 1);
  std::setlocale(LC_ALL, "");
  for (const int descriptor : {0, 1, 2}) close(descriptor);
  sign_once(path);
  setenv("HOME", "/proc", 1);  // exists, cannot be written
  sign_once(path);
}

/// One round on an initialised module, whatever state the token is in. Result of the first step
/// that failed.
CK_RV round(LoadedModule& module, CK_SLOT_ID slot, unsigned long& wrong, unsigned long& lost) {
  Ready ready;
  CK_RV rv = module->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &ready.session);
  if (rv != CKR_OK) return rv;
  std::array<CK_UTF8CHAR, 6> pin{};
  std::memcpy(pin.data(), kPin.data(), pin.size());
  rv = module->C_Login(ready.session, CKU_USER, pin.data(), pin.size());
  const auto look = [&](CK_OBJECT_CLASS wanted, CK_OBJECT_HANDLE& object) {
    CK_ATTRIBUTE attribute{CKA_CLASS, &wanted, sizeof wanted};
    CK_ULONG count = 0;
    if (rv == CKR_OK) rv = module->C_FindObjectsInit(ready.session, &attribute, 1);
    if (rv == CKR_OK) rv = module->C_FindObjects(ready.session, &object, 1, &count);
    if (rv == CKR_OK) rv = module->C_FindObjectsFinal(ready.session);
    if (rv == CKR_OK && count != 1) ++lost;
  };
  look(CKO_PUBLIC_KEY, ready.half);
  look(CKO_PRIVATE_KEY, ready.key);
  if (rv == CKR_OK && ready.key != 0) rv = sign(module, ready);
  if (rv == CKR_SIGNATURE_INVALID) ++wrong;
  module->C_CloseSession(ready.session);
  return rv;
}

void stay(const char* path) {
  LoadedModule module(path);
  need(module->C_Initialize(nullptr) == CKR_OK, 70);
  do {
    CK_ULONG count = 1;
    CK_SLOT_ID slot = 0;
    unsigned long wrong = 0, lost = 0;
    CK_RV rv = module->C_GetSlotList(CK_TRUE, &slot, &count);
    if (rv == CKR_OK) rv = count == 0 ? CKR_TOKEN_NOT_PRESENT : round(module, slot, wrong, lost);
    std::printf("0x%lX\n", rv);
    std::fflush(stdout);
  } while (std::getchar() != EOF);
  need(module->C_Finalize(nullptr) == CKR_OK, 71);
}

void soak(const char* path, unsigned long seconds) {
  LoadedModule module(path);
  need(module->C_Initialize(nullptr) == CKR_OK, 80);
  unsigned long signatures = 0, wrong = 0, lost = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < end) {
    CK_ULONG count = 1;
    CK_SLOT_ID slot = 0;
    if (module->C_GetSlotList(CK_TRUE, &slot, &count) != CKR_OK || count == 0) {
      usleep(1000);
      continue;
    }
    const CK_RV rv = round(module, slot, wrong, lost);
    if (rv == CKR_OK) ++signatures;
    need(rv != CKR_PIN_INCORRECT && rv != CKR_PIN_LOCKED && rv != CKR_GENERAL_ERROR, 81);
  }
  need(module->C_Finalize(nullptr) == CKR_OK, 82);
  std::printf("%lu %lu %lu\n", signatures, wrong, lost);
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
  else if (mode == "soak" && argc > 3)
    soak(argv[2], std::strtoul(argv[3], nullptr, 10));
  else if (mode == "bare")
    bare(argv[2]);
  else
    return 2;
  return 0;
}
