#include "tools/client/reader_users.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include <fmt/format.h>
#include <unistd.h>

#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kMostNamed = 8;

/// 0 for what is no process.
long number_of(const std::filesystem::path& entry) {
  const std::string name = entry.filename().string();
  long number = 0;
  const char* const end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, number);
  return error == std::errc() && stop == end ? number : 0;
}

std::string command_of(const std::filesystem::path& process) {
  std::ifstream file(process / "comm");
  std::string name;
  std::getline(file, name);
  return name;
}

bool uses_readers(const std::filesystem::path& process) {
  // Kilt's own programs let no other read their descriptors.
  const std::string command = command_of(process);
  if (command == "kilt" || command == "kilt-bridge") return true;
  std::ifstream maps(process / "maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find("/libpcsclite.so") != std::string::npos) return true;
  return false;
}

}  // namespace

std::string reader_users(const std::filesystem::path& processes) {
  std::string names;
  std::size_t named = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(processes, error)) {
    const long number = number_of(entry.path());
    if (number == 0 || number == getpid() || !uses_readers(entry.path())) continue;
    if (named++ == kMostNamed) break;
    names += fmt::format("{}{} ({})", names.empty() ? "" : ", ", clean(command_of(entry.path())),
                         number);
  }
  return names;
}

}  // namespace kilt::tool
