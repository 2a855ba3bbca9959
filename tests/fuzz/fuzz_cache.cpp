// The file in which public objects are remembered: any text. What is accepted can be written, and
// is the same when it is read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "drivers/cache_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kilt;  // NOLINT(google-build-using-namespace): the program is about it
  // The text is made of bytes; reading them as characters is what a file reader does.
  const std::string_view text(reinterpret_cast<const char*>(data), size);  // NOLINT
  const auto file = cache::parse_cache_file(text);
  if (!file) return 0;
  const Bytes serial{0x01, 0x02};
  const auto again = cache::parse_cache_file(
      cache::cache_file_text({file->family, serial, file->mark}, file->files));
  // Names that are no UTF-8 are not kept.
  if (again && again->mark == file->mark && again->files != file->files) __builtin_trap();
  return 0;
}
