#include "drivers/pkcs15/directory.h"

#include <algorithm>

#include "drivers/errors.h"

namespace kilt::pkcs15 {
namespace {

constexpr std::size_t kBlock = 256;

bool padding(Byte byte) { return byte == 0x00 || byte == 0xFF; }

/// How many bytes from the start hold whole entries, and whether the entries end there.
struct Extent {
  std::size_t used = 0;
  bool ended = false;
};

Extent measure(BytesView data) {
  Extent extent;
  tlv::Reader reader(data);
  while (!reader.rest().empty()) {
    if (padding(reader.rest().front())) {
      extent.ended = true;
      return extent;
    }
    try {
      reader.next();
    } catch (const MalformedAnswer&) {
      return extent;  // goes on in the next block, or is damaged: for_each_entry finds out
    }
    extent.used = data.size() - reader.rest().size();
  }
  return extent;
}

}  // namespace

// Families whose directories name no records need not know them.
std::optional<Bytes> Files::record(std::size_t) { return std::nullopt; }

BytesView relative_path(BytesView path) {
  const bool leads = path.size() >= 2 && path[0] == 0x3F && path[1] == 0x00;
  return leads ? path.subspan(2) : path;
}

Bytes read_file(Files& files, BytesView path) {
  const std::size_t size = std::min(files.select(path), kMaxFile);
  return files.read(0, size);
}

Bytes read_value(Files& files, const Path& path) {
  const std::size_t size = std::min(files.select(path.file), kMaxFile);
  const std::size_t index = path.index.value_or(0);
  // Some makers write a length of nothing where they mean all that is there.
  const auto length_or = [&](std::size_t all) {
    return path.length.value_or(0) == 0 ? all : *path.length;
  };
  if (path.index)
    if (auto record = files.record(index)) {
      record->resize(std::min(record->size(), length_or(record->size())));
      return std::move(*record);
    }
  if (index > size) throw MalformedAnswer("a PKCS#15 path points behind its file");
  return files.read(index, std::min(length_or(size), size - index));
}

Bytes read_directory(Files& files, BytesView path) {
  const std::size_t size = std::min(files.select(path), kMaxFile);
  Bytes contents;
  while (contents.size() < size) {
    const std::size_t wanted = std::min(kBlock, size - contents.size());
    const Bytes block = files.read(contents.size(), wanted);
    append(contents, block);
    const Extent extent = measure(contents);
    if (extent.ended) {
      contents.resize(extent.used);
      return contents;
    }
    if (block.size() < wanted) break;  // the file ends earlier than it said
  }
  return contents;
}

void for_each_entry(BytesView contents, const std::function<void(const tlv::Node&)>& each,
                    const std::function<void(const char*)>& damaged) {
  tlv::Reader reader(contents);
  std::size_t count = 0;
  while (!reader.rest().empty() && !padding(reader.rest().front())) {
    if (++count > kMaxEntries) {
      damaged("a directory has more entries than allowed");
      return;
    }
    const BytesView before = reader.rest();
    try {
      each(*reader.next());
    } catch (const MalformedAnswer& error) {
      damaged(error.what());
      if (reader.rest().size() == before.size()) return;  // not even its length is right
    }
  }
}

}  // namespace kilt::pkcs15
