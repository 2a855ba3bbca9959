#include "drivers/etoken/idprime/minidriver.h"

#include <algorithm>

#include <zlib.h>

#include "apdu/tlv.h"
#include "drivers/errors.h"
#include "drivers/etoken/utf16.h"

namespace kilt::etoken::idprime {
namespace {

constexpr std::size_t kIndexEntry = 21, kContainerRecord = 86, kKeyRecord = 8;
constexpr std::size_t kNameSize = 80;  // of a container, UTF-16LE
constexpr std::size_t kPlainLimit = 16384;
constexpr std::uint32_t kSequence = 0x30;

/// Zero-padded ASCII; anything else becomes '?'.
std::string name_of(BytesView field) {
  std::string name;
  for (const Byte byte : field) {
    if (byte == 0) break;
    name.push_back(byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '?');
  }
  return name;
}

unsigned little_endian(BytesView two) { return two[0] | (unsigned{two[1]} << 8); }

Bytes inflate_to(BytesView stream, std::size_t size) {
  Bytes plain(size + 1);  // one more shows a stream that does not keep to its announcement
  z_stream z{};
  if (inflateInit(&z) != Z_OK) throw Error("zlib does not start");
  // zlib's interface is not const although the input is not written.
  z.next_in = const_cast<Bytef*>(stream.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  z.avail_in = static_cast<uInt>(stream.size());
  z.next_out = plain.data();
  z.avail_out = static_cast<uInt>(plain.size());
  const int result = inflate(&z, Z_FINISH);
  const std::size_t got = plain.size() - z.avail_out;
  inflateEnd(&z);
  if (result != Z_STREAM_END || got > size)
    throw MalformedAnswer("a compressed certificate does not unpack to its size");
  plain.resize(got);
  return plain;
}

}  // namespace

std::vector<IndexEntry> parse_index(BytesView contents) {
  std::vector<IndexEntry> entries;
  if (contents.empty()) return entries;
  BytesView rest = contents.subspan(1);
  // One that counts more than it has is cut short: what is there of it holds.
  const std::size_t count = std::min<std::size_t>(contents.front(), rest.size() / kIndexEntry);
  for (std::size_t i = 0; i < count; ++i) {
    const BytesView entry = rest.subspan(i * kIndexEntry, kIndexEntry);
    IndexEntry parsed;
    parsed.file = static_cast<FileId>(read_be(entry.first(2)));
    parsed.size = read_be(entry.subspan(2, 2));
    parsed.name = name_of(entry.subspan(4, 8));
    parsed.directory = name_of(entry.subspan(12, 8));
    entries.push_back(std::move(parsed));
  }
  return entries;
}

std::vector<Container> parse_container_map(BytesView contents) {
  std::vector<Container> containers;
  for (std::size_t at = 0; at + kContainerRecord <= contents.size(); at += kContainerRecord) {
    const BytesView record = contents.subspan(at, kContainerRecord);
    if (record.front() == 0) break;
    Container container;
    container.number = static_cast<unsigned>(containers.size());
    container.name = from_utf16le(record.first(kNameSize));
    container.sign_bits = little_endian(record.subspan(kNameSize + 2, 2));
    container.exchange_bits = little_endian(record.subspan(kNameSize + 4, 2));
    containers.push_back(std::move(container));
  }
  return containers;
}

std::vector<MappedKey> parse_key_map(BytesView contents) {
  std::vector<MappedKey> keys;
  for (std::size_t at = 0; at + kKeyRecord <= contents.size(); at += kKeyRecord) {
    const BytesView record = contents.subspan(at, kKeyRecord);
    if (record[0] == 0) continue;
    keys.push_back({record[1], record[2], record[7] != 1});
  }
  return keys;
}

Bytes unpack_certificate(BytesView contents) {
  Bytes plain = to_bytes(contents);
  if (contents.size() > 4 && contents[0] == 0x01 && contents[1] == 0x00)
    plain = inflate_to(contents.subspan(4), little_endian(contents.subspan(2, 2)));
  if (plain.size() > 4 * kPlainLimit) throw MalformedAnswer("a certificate is too long");
  const auto der = tlv::Reader(plain).next();
  if (!der || der->tag != kSequence)
    throw MalformedAnswer("the certificate's file holds no certificate");
  return to_bytes(der->encoded);
}

std::string parse_token_name(BytesView contents) {
  if (contents.size() < 2 || contents[0] != 0x01) return {};
  const std::size_t size = std::min<std::size_t>(contents[1], contents.size() - 2);
  std::string text;
  for (const Byte byte : contents.subspan(2, size)) {
    if (byte == 0) break;
    text.push_back(byte < 0x20 || byte == 0x7F ? '?' : static_cast<char>(byte));
  }
  return text;
}

}  // namespace kilt::etoken::idprime
