#include "drivers/jacarta/attribute_file.h"

#include <algorithm>

#include "apdu/errors.h"
#include "drivers/crypto/hash.h"
#include "drivers/errors.h"

namespace kilt::jacarta {
namespace {

constexpr Byte kFill = 0xFF;
constexpr std::size_t kAttributeHeader = 5;
constexpr Byte kModifiableFlag = 0x10;
constexpr std::size_t kMaxLength = 0xFFFF;  // the length field has two bytes

[[noreturn]] void damaged(const char* what) { throw MalformedAnswer(what); }

Attribute take_attribute(BytesView& rest) {
  if (rest.size() < kAttributeHeader) damaged("an attribute of an object file is cut");
  Attribute attribute;
  attribute.type = static_cast<std::uint16_t>(read_be(rest.first(2)));
  attribute.flags = rest[2];
  const std::size_t length = read_be(rest.subspan(3, 2));
  rest = rest.subspan(kAttributeHeader);
  if (length > rest.size()) damaged("an attribute of an object file is longer than the file");
  attribute.value = to_bytes(rest.first(length));
  rest = rest.subspan(length);
  while (!rest.empty() && rest.front() == kFill) {
    ++attribute.room;
    rest = rest.subspan(1);
  }
  return attribute;
}

/// The hash is over the whole file, its own bytes zero.
Bytes file_hash(BytesView file) {
  Bytes copy = to_bytes(file);
  std::fill_n(copy.begin() + AttributeFile::kHashOffset, AttributeFile::kHashSize, Byte{0});
  return crypto::sha1(copy);
}

bool has_hash(BytesView file) {
  return file.size() >= AttributeFile::kHashOffset + AttributeFile::kHashSize &&
         read_be(file.subspan(AttributeFile::kHeaderSize, 2)) == attribute::kHash &&
         read_be(file.subspan(AttributeFile::kHeaderSize + 3, 2)) == AttributeFile::kHashSize;
}

}  // namespace

std::optional<std::size_t> AttributeFile::announced_size(BytesView start) {
  if (start.size() < 6) return std::nullopt;
  return read_be(start.subspan(4, 2)) + kStampSize;
}

AttributeFile AttributeFile::parse(BytesView file) {
  const auto size = announced_size(file);
  if (!size || *size < kHeaderSize + kStampSize || file.size() < *size)
    damaged("an object file is shorter than it says");
  if (file[1] != file[2]) damaged("an object file does not start as such files do");
  AttributeFile object;
  object.state = file[0];
  object.id = static_cast<FileId>(read_be(file.subspan(2, 2)));
  const std::size_t count = file[6];
  BytesView rest = file.subspan(kHeaderSize, *size - kHeaderSize - kStampSize);
  while (!rest.empty() && rest.front() == kFill) rest = rest.subspan(1);
  for (std::size_t i = 0; i < count; ++i) object.attributes.push_back(take_attribute(rest));
  if (!rest.empty()) damaged("an object file has more attributes than it counts");
  std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(*size - kStampSize), kStampSize,
              object.stamp.begin());
  return object;
}

bool AttributeFile::hash_is_right(BytesView file, bool may_be_zero) {
  const auto size = announced_size(file);
  if (!size || file.size() < *size) return false;
  file = file.first(*size);
  if (!has_hash(file)) return true;
  const BytesView hash = file.subspan(kHashOffset, kHashSize);
  if (may_be_zero && std::ranges::all_of(hash, [](Byte byte) { return byte == 0; })) return true;
  return equal(hash, file_hash(file));
}

Bytes AttributeFile::encode() const {
  Bytes file{state, static_cast<Byte>(id >> 8)};
  append(file, write_be(id, 2));
  append(file, write_be(0, 2));
  if (attributes.size() > 0xFF) throw InvalidData("an object of too many attributes");
  file.push_back(static_cast<Byte>(attributes.size()));
  for (const Attribute& attribute : attributes) {
    if (attribute.value.size() > kMaxLength) throw InvalidData("the object is too long");
    append(file, write_be(attribute.type, 2));
    file.push_back(attribute.flags);
    append(file, write_be(attribute.value.size(), 2));
    append(file, attribute.value);
    file.insert(file.end(), attribute.room, kFill);
  }
  if (file.size() > kMaxLength) throw InvalidData("the object is too long");
  std::ranges::copy(write_be(file.size(), 2), file.begin() + 4);
  append(file, stamp);
  if (has_hash(file)) std::ranges::copy(file_hash(file), file.begin() + kHashOffset);
  return file;
}

const Attribute* AttributeFile::find(std::uint16_t type) const {
  const auto found = std::ranges::find(attributes, type, &Attribute::type);
  return found == attributes.end() ? nullptr : &*found;
}

Bytes AttributeFile::value(std::uint16_t type) const {
  const Attribute* found = find(type);
  return found == nullptr ? Bytes{} : found->value;
}

bool AttributeFile::flag(std::uint16_t type) const {
  const Attribute* found = find(type);
  return found != nullptr && found->value.size() == 1 && found->value[0] != 0;
}

std::optional<std::uint32_t> AttributeFile::number(std::uint16_t type) const {
  const Attribute* found = find(type);
  if (found == nullptr || found->value.size() != 4) return std::nullopt;
  return static_cast<std::uint32_t>(read_be(reversed(found->value)));
}

void AttributeFile::add(std::uint16_t type, Byte flags, Bytes value) {
  attributes.push_back({type, flags, std::move(value), 0});
}

void AttributeFile::add_flag(std::uint16_t type, Byte flags, bool value) {
  add(type, flags, Bytes{static_cast<Byte>(value ? 1 : 0)});
}

void AttributeFile::add_number(std::uint16_t type, Byte flags, std::uint32_t value) {
  add(type, flags, reversed(write_be(value, 4)));
}

void AttributeFile::replace(std::uint16_t type, const Bytes& value) {
  const auto found = std::ranges::find(attributes, type, &Attribute::type);
  if (found == attributes.end()) {
    add(type, kModifiableFlag, value);
    return;
  }
  const std::size_t reserved = found->value.size() + found->room;
  found->value = value;
  // A value that ends in FF cannot have its room told from it by length alone, but its length can.
  found->room = found->room > 0 && value.size() < reserved ? reserved - value.size() : 0;
}

}  // namespace kilt::jacarta
