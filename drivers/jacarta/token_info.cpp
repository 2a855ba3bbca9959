#include "drivers/jacarta/token_info.h"

#include <algorithm>

#include "apdu/errors.h"

namespace kilt::jacarta {
namespace {

constexpr std::size_t kLabel = 0, kManufacturer = 32, kModel = 64, kSerial = 80, kFlags = 96,
                      kMaxPinField = 116, kMinPinField = 120, kMemory = 124, kVersions = 140,
                      kTime = 144;
constexpr std::size_t kLongText = 32, kShortText = 16, kLeast = 160;
// Aladdin's software announces 4 to 10 bytes, though the PIN objects take 16.
constexpr Byte kAnnouncedMaxPin = 0x0A, kAnnouncedMinPin = 0x04;
constexpr std::size_t kPinFreshness = 3, kCounters = 4, kCountersSize = 4;

std::string text_at(BytesView file, std::size_t offset, std::size_t size) {
  std::string text = to_text(file.subspan(offset, size));
  text.erase(std::find(text.begin(), text.end(), '\0'), text.end());
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

void put_text(Bytes& file, std::size_t offset, std::size_t size, std::string text) {
  text.resize(size, ' ');
  std::ranges::copy(to_bytes(text), file.begin() + static_cast<std::ptrdiff_t>(offset));
}

}  // namespace

FilePath in_directory(const FilePath& directory, FileId id) {
  FilePath path = directory;
  path.push_back(id);
  return path;
}

TokenInfoFile TokenInfoFile::parse(BytesView file) {
  if (file.size() < kLeast) throw MalformedAnswer("the token's description is too short");
  TokenInfoFile info;
  info.label = text_at(file, kLabel, kLongText);
  info.manufacturer = text_at(file, kManufacturer, kLongText);
  info.model = text_at(file, kModel, kShortText);
  info.serial = text_at(file, kSerial, kShortText);
  info.flags = static_cast<std::uint32_t>(read_be(reversed(file.subspan(kFlags, 4))));
  info.hardware_major = file[kVersions];
  info.hardware_minor = file[kVersions + 1];
  info.firmware_major = file[kVersions + 2];
  info.firmware_minor = file[kVersions + 3];
  return info;
}

Bytes TokenInfoFile::encode(const std::string& time) const {
  Bytes file(kSize, 0x00);
  put_text(file, kLabel, kLongText, label);
  put_text(file, kManufacturer, kLongText, manufacturer);
  put_text(file, kModel, kShortText, model);
  put_text(file, kSerial, kShortText, serial);
  std::ranges::copy(reversed(write_be(flags, 4)), file.begin() + kFlags);
  file[kMaxPinField] = kAnnouncedMaxPin;
  file[kMinPinField] = kAnnouncedMinPin;
  // Total and free memory, public and private: total unknown, free 0, as the vendor writes it.
  std::fill_n(file.begin() + kMemory, 4, Byte{0xFF});
  std::fill_n(file.begin() + kMemory + 8, 4, Byte{0xFF});
  file[kVersions] = static_cast<Byte>(hardware_major);
  file[kVersions + 1] = static_cast<Byte>(hardware_minor);
  file[kVersions + 2] = static_cast<Byte>(firmware_major);
  file[kVersions + 3] = static_cast<Byte>(firmware_minor);
  put_text(file, kTime, kShortText, time);
  return file;
}

Bytes TokenInfoFile::with_user_pin_set(Bytes file) {
  if (file.size() > kFlags) file[kFlags] |= static_cast<Byte>(kUserPinSet);
  return file;
}

Bytes read_token_info(Files& files) {
  files.select(kTokenInfoPath);
  Bytes file;
  files.read_on(file, TokenInfoFile::kSize);
  return file;
}

std::array<Byte, 4> ChangeCounters::stamp() const noexcept {
  return {static_cast<Byte>(containers & 0xFF), static_cast<Byte>(containers >> 8),
          static_cast<Byte>(files & 0xFF), static_cast<Byte>(files >> 8)};
}

ChangeCounters read_counters(Files& files) {
  files.select(kCountersPath);
  const Bytes bytes = files.read_at(kCounters, kCountersSize);
  return {static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8),
          static_cast<std::uint16_t>(bytes[2] | bytes[3] << 8)};
}

ChangeCounters raise_counters(Files& files, ChangeCounters now) {
  ++now.containers;
  ++now.files;
  files.select(kCountersPath);
  files.update(kCounters, now.stamp());
  return now;
}

void raise_pin_freshness(Files& files) {
  files.select(kCountersPath);
  const Byte now = files.read_at(kPinFreshness, 1)[0];
  files.update(kPinFreshness, Bytes{static_cast<Byte>(now + 1)});
}

}  // namespace kilt::jacarta
