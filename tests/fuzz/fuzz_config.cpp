// kilt.toml: any text. A bad one costs the setting that is bad and is reported.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <sys/mman.h>
#include <unistd.h>

#include "pkcs11/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int kFile = [] {
    const int file = memfd_create("kilt.toml", MFD_CLOEXEC);
    setenv("KILT_CONF", ("/proc/self/fd/" + std::to_string(file)).c_str(), 1);
    setenv("HOME", "/dev/null", 1);
    return file;
  }();
  if (ftruncate(kFile, 0) != 0 || pwrite(kFile, data, size, 0) != static_cast<ssize_t>(size)) {
    return 0;
  }
  const kilt::p11::Config config = kilt::p11::Config::load();
  for (const std::string& problem : config.problems)
    if (problem.empty()) __builtin_trap();
  return 0;
}
