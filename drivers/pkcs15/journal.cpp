#include "drivers/pkcs15/journal.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/crypto/asn1.h"
#include "drivers/errors.h"

namespace kilt::pkcs15 {
namespace {

// Layout of the file: mark (01 valid), offset and length of the record (2 bytes each), records.
// A record: [0] { path, contents } and [1] { path, needed by }, all OCTET STRINGs. A new record
// never overlaps the valid one; writing the header, one command, goes over from one to the other.
constexpr Byte kValid = 0x01;
constexpr std::size_t kHeader = 5;
constexpr std::size_t kMaxRecord = 16384;
constexpr std::size_t kMaxItems = 64;
constexpr std::size_t kFirstSize = 2048;

struct Header {
  bool valid = false;
  std::size_t offset = 0, length = 0;
};

Header read_header(Files& files, std::size_t file_size) {
  const Bytes raw = files.read(0, kHeader);
  if (raw.size() != kHeader || raw.front() != kValid) return {};
  const BytesView view(raw);
  const Header header{true, read_be(view.subspan(1, 2)), read_be(view.subspan(3, 2))};
  const bool fits = header.offset >= kHeader && header.length <= kMaxRecord &&
                    header.offset + header.length <= file_size;
  return fits ? header : Header{};
}

Bytes pair(unsigned tag, const Bytes& first, const Bytes& second) {
  Bytes body = tlv::encode(asn1::kOctetString, first);
  append(body, tlv::encode(asn1::kOctetString, second));
  return tlv::encode(asn1::context(tag), body);
}

Bytes encode(const JournalRecord& record) {
  Bytes body;
  for (const auto& image : record.images) append(body, pair(0, image.path, image.contents));
  for (const auto& orphan : record.orphans) append(body, pair(1, orphan.path, orphan.needed_by));
  return body;
}

JournalRecord decode(BytesView body) {
  JournalRecord record;
  tlv::Reader reader(body);
  while (const auto item = reader.next()) {
    tlv::Reader inner(item->value);
    const auto first = inner.next();
    const auto second = inner.next();
    if (!first || !second) throw MalformedAnswer("the journal is damaged");
    if (item->tag == asn1::context(0))
      record.images.push_back({to_bytes(first->value), to_bytes(second->value)});
    else
      record.orphans.push_back({to_bytes(first->value), to_bytes(second->value)});
    if (record.images.size() + record.orphans.size() > kMaxItems)
      throw MalformedAnswer("the journal has too many items");
  }
  return record;
}

}  // namespace

JournalRecord read_journal(Files& files, BytesView path) {
  try {
    const std::size_t size = files.select(path);
    const Header header = read_header(files, size);
    if (!header.valid) return {};
    return decode(files.read(header.offset, header.length));
  } catch (const ObjectNotFound&) {
    return {};
  } catch (const MalformedAnswer&) {
    return {};
  }
}

/// Selects the file, large enough, and gives the offset of `size` free bytes.
std::size_t Journal::make_room(std::size_t size) {
  std::size_t file_size = 0;
  try {
    file_size = files_->select(path_);
    const Header old = read_header(*files_, file_size);
    if (!old.valid && kHeader + size <= file_size) return kHeader;
    if (old.valid && old.offset + old.length + size <= file_size) return old.offset + old.length;
    if (old.valid && kHeader + size <= old.offset) return kHeader;
    files_->remove(path_);
  } catch (const ObjectNotFound&) {
    file_size = 0;
  }
  files_->create(path_, FileUse::kDirectory, std::max(kFirstSize, 2 * size + kHeader));
  files_->select(path_);
  return kHeader;
}

void Journal::write(const JournalRecord& record) {
  const Bytes body = encode(record);
  if (body.size() > kMaxRecord) throw TokenFull("too much to write at once");
  const std::size_t offset = make_room(body.size());
  files_->update(offset, body);
  Bytes header{kValid};
  append(header, write_be(offset, 2));
  append(header, write_be(body.size(), 2));
  files_->update(0, header);
}

void Journal::clear() {
  files_->select(path_);
  files_->update(0, Bytes{0x00});
}

}  // namespace kilt::pkcs15
