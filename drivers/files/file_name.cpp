#include "drivers/files/file_name.h"

#include <algorithm>
#include <array>

namespace kilt::files {
namespace {

constexpr std::array<const char*, 4> kKinds{"GOST512", "GOSTKNCA", "AUTH_RSA256", "RSA256"};
constexpr std::size_t kIdDigits = 40;
constexpr std::size_t kMaxLabel = 32, kMaxName = 100;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  });
}

/// At most `size` bytes, no character of UTF-8 cut in two.
std::string cut(std::string text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  text.resize(size);
  return text;
}

}  // namespace

bool is_key_file(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  });
  const std::string name = file.filename().string();
  return (extension == ".p12" || extension == ".pfx") && name.front() != '.';
}

FileName read_name(const std::filesystem::path& file) {
  FileName name;
  const std::string stem = file.stem().string();
  name.label = cut(stem, kMaxLabel);
  if (stem.size() <= kIdDigits + 1 || stem[stem.size() - kIdDigits - 1] != '_') return name;
  const std::string digits = stem.substr(stem.size() - kIdDigits);
  if (!is_hex(digits)) return name;
  std::string kind = stem.substr(0, stem.size() - kIdDigits - 1);
  name.key_id = from_hex(digits);
  for (const char* known : kKinds)
    if (kind.ends_with(known)) {
      name.kind = known;
      break;
    }
  name.label = cut(kind, kMaxLabel - 9) + " " + digits.substr(0, 8);
  return name;
}

std::string name_for(const std::string& label) {
  std::string name;
  for (const char c : label)
    if (static_cast<unsigned char>(c) >= 0x20 && c != '/' && c != '\\' && c != ':') name += c;
  while (!name.empty() && (name.front() == '.' || name.front() == ' ')) name.erase(0, 1);
  while (!name.empty() && name.back() == ' ') name.pop_back();
  name = cut(name, kMaxName);
  return (name.empty() ? std::string("key") : name) + ".p12";
}

}  // namespace kilt::files
