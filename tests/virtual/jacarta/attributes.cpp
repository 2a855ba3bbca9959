#include "tests/virtual/jacarta/attributes.h"

#include <algorithm>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {

Bytes text_bytes(const std::string& characters) { return {characters.begin(), characters.end()}; }

void AttributeFile::add(unsigned type, std::uint8_t flags, const Bytes& value,
                        std::size_t reserve) {
  append(attributes_, be16(type));
  attributes_.push_back(flags);
  append(attributes_, be16(value.size()));
  append(attributes_, value);
  if (reserve > value.size()) attributes_.insert(attributes_.end(), reserve - value.size(), 0xFF);
  ++count_;
}

Bytes AttributeFile::bytes(const Bytes& stamp) const {
  constexpr std::size_t kHeader = 7;
  constexpr std::ptrdiff_t kDigestAt = 0x0C;
  Bytes file{0x00, static_cast<std::uint8_t>(id_ >> 8)};
  append(file, be16(id_));
  append(file, be16(attributes_.size() + kHeader));
  file.push_back(count_);
  append(file, attributes_);
  append(file, stamp);
  if (attributes_[0] == 0x80 && attributes_[1] == 0x13)
    std::ranges::copy(sha1(file), file.begin() + kDigestAt);
  return file;
}

Bytes cmapfile(bool athena, const Bytes& records) {
  Bytes value(athena ? 450 : 643, 0);
  std::ranges::copy(records, value.begin());
  AttributeFile file(0x867F);
  file.add(0x8013, 0x10, Bytes(20, 0));
  file.add(0x0000, 0x00, {0, 0, 0, 0});
  file.add(0x0001, 0x00, {1});
  file.add(0x0002, 0x00, {0});
  file.add(0x0003, 0x10, text_bytes(athena ? "" : "cmapfile"), athena ? 64 : 0);
  file.add(0x0010, 0x10, text_bytes(athena ? "" : "CSP"), athena ? 32 : 0);
  file.add(0x0011, 0x10, value);
  file.add(0x0012, 0x10, athena ? Bytes{} : Bytes(64, 0xFF), athena ? 8 : 0);
  file.add(0x0170, 0x00, {1});
  file.add(0x8010, 0x00, {0});
  return file.bytes(Bytes(4, 0));
}

}  // namespace kilt::vtoken::jacarta
