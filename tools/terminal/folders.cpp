#include "tools/terminal/folders.h"

#include <cstdlib>

namespace kilt::tool {
namespace {

/// Empty if it is not set, or relative.
std::filesystem::path absolute(const char* variable) {
  const char* value = secure_getenv(variable);
  const std::filesystem::path path = value == nullptr ? "" : value;
  return path.is_absolute() ? path : std::filesystem::path();
}

}  // namespace

std::filesystem::path user_folder(const char* variable, const char* below) {
  if (auto named = absolute(variable); !named.empty()) return named;
  const auto home = absolute("HOME");
  return home.empty() ? home : home / below;
}

}  // namespace kilt::tool
