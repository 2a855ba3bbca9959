#include "drivers/jacarta/container_map.h"

#include <algorithm>

namespace kilt::jacarta {
namespace {

constexpr std::size_t kNameSize = 80, kFlags = 80, kSignBits = 82, kExchangeBits = 84,
                      kNameLength = 86, kReserved = 88;
constexpr Byte kValid = 0x01, kDefault = 0x02;
constexpr Byte kTopBitsStripped = 0x80;  // value of `reserved`: the name was made that way
constexpr std::size_t kMapSize = 5;      // of stripped bits, seven to a byte
constexpr std::size_t kMaxNameBytes = kMapSize * 7 - 1;  // of a key id, so that all fits

template <typename Record>
unsigned read_le16(const Record& record, std::size_t offset) {
  return record[offset] | static_cast<unsigned>(record[offset + 1]) << 8;
}

template <typename Record>
void write_le16(Record& record, std::size_t offset, std::size_t value) {
  record[offset] = static_cast<Byte>(value & 0xFF);
  record[offset + 1] = static_cast<Byte>(value >> 8 & 0xFF);
}

/// One character per byte of the id. Characters that a container name may not have are changed;
/// a stripped top bit is noted in a map that follows the name.
struct Name {
  Bytes characters;
  bool stripped = false;
};

Name name_of(BytesView key_id) {
  key_id = key_id.first(std::min(key_id.size(), kMaxNameBytes));
  Name name;
  Bytes map(kMapSize, 0x00);
  for (std::size_t n = 0; n < key_id.size(); ++n) {
    Byte byte = key_id[n];
    if (byte == 0x5C || byte == 0xDC) {
      byte = 0x5B;
    } else if (byte == 0x00 || byte == 0x80) {
      byte = 0x01;
    } else if (byte > 0x7F) {
      byte &= 0x7F;
      map[n / 7] = static_cast<Byte>(map[n / 7] | 1U << (6 - n % 7));
      name.stripped = true;
    }
    name.characters.push_back(byte);
  }
  if (name.stripped) append(name.characters, map);
  return name;
}

}  // namespace

ContainerMap ContainerMap::parse(BytesView value) {
  ContainerMap map;
  while (value.size() >= kRecordSize) {
    Record& record = map.records_.emplace_back();
    std::copy_n(value.begin(), kRecordSize, record.begin());
    value = value.subspan(kRecordSize);
  }
  if (std::ranges::any_of(value, [](Byte byte) { return byte != 0; })) map.rest_ = to_bytes(value);
  return map;
}

Bytes ContainerMap::encode() const {
  Bytes value;
  for (const Record& record : records_) append(value, record);
  append(value, rest_);
  return value;
}

unsigned ContainerMap::bits(std::size_t number) const {
  if (number >= records_.size()) return 0;
  const unsigned exchange = read_le16(records_[number], kExchangeBits);
  return exchange != 0 ? exchange : read_le16(records_[number], kSignBits);
}

bool ContainerMap::free(std::size_t number) const { return bits(number) == 0; }

bool ContainerMap::is_default(std::size_t number) const {
  return !free(number) && (records_[number][kFlags] & kDefault) != 0;
}

void ContainerMap::write_name(Record& record, BytesView key_id) {
  const Name name = name_of(key_id);
  std::fill_n(record.begin(), kNameSize, Byte{0});
  for (std::size_t i = 0; i < name.characters.size(); ++i) record[2 * i] = name.characters[i];
  write_le16(record, kNameLength, name.characters.size());
  write_le16(record, kReserved, name.stripped ? kTopBitsStripped : 0);
}

void ContainerMap::set(std::size_t number, BytesView key_id, unsigned bits) {
  if (number >= kMaxRecords) return;
  records_.resize(std::max({records_.size(), number + 1, kDefaultRecords}));
  Record& record = records_[number];
  record.fill(0);
  write_name(record, key_id);
  record[kFlags] = kValid;
  write_le16(record, kExchangeBits, bits);
}

void ContainerMap::rename(std::size_t number, BytesView key_id) {
  if (!free(number)) write_name(records_[number], key_id);
}

bool ContainerMap::set_default(std::size_t number) {
  for (std::size_t i = 0; i < records_.size(); ++i)
    if (is_default(i)) return false;
  if (free(number)) return false;
  records_[number][kFlags] |= kDefault;
  return true;
}

void ContainerMap::clear(std::size_t number) {
  if (number >= records_.size()) return;
  const bool was_default = is_default(number);
  records_[number].fill(0);
  for (std::size_t i = 0; was_default && i < records_.size(); ++i)
    if (!free(i)) {
      records_[i][kFlags] |= kDefault;
      break;
    }
}

}  // namespace kilt::jacarta
