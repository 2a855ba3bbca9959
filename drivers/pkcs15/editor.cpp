#include "drivers/pkcs15/editor.h"

#include <algorithm>

#include "drivers/errors.h"
#include "drivers/pkcs15/directory.h"
#include "drivers/pkcs15/encode.h"
#include "drivers/pkcs15/last_update.h"

namespace kilt::pkcs15 {
namespace {

Bytes joined(const std::vector<Bytes>& entries) {
  Bytes contents;
  for (const Bytes& entry : entries) append(contents, entry);
  return contents;
}

/// First byte where the two differ.
std::size_t first_change(const Bytes& before, const Bytes& after) {
  const auto [a, b] = std::ranges::mismatch(before, after);
  return static_cast<std::size_t>(a - before.begin());
}

bool appends(const Bytes& before, const Bytes& after) {
  return after.size() >= before.size() && first_change(before, after) == before.size();
}

}  // namespace

Bytes Layout::file(std::uint16_t id) const {
  Bytes path{0x3F, 0x00};
  append(path, base);
  append(path, write_be(id, 2));
  return path;
}

std::vector<OdfEntry> Layout::odf_entries() const {
  std::vector<OdfEntry> entries;
  for (const auto& [kind, id] : directories) entries.push_back({kind, {file(id), {}, {}}});
  return entries;
}

Editor::Editor(WritableFiles& files, const Layout& layout)
    : files_(&files), layout_(layout), journal_(files, layout.file(layout.journal)) {}

void Editor::recover() {
  const JournalRecord record = journal_.read();
  if (!record.empty()) {
    touch();
    carry_out(record);
  }
  odf_ = read(layout_.file(layout_.odf));
}

Editor::Directory Editor::read(const Bytes& path) {
  Directory directory;
  directory.path = path;
  try {
    directory.size = files_->select(path);
    directory.exists = true;
    directory.contents = read_directory(*files_, path);
  } catch (const ObjectNotFound&) {
    return directory;
  }
  bool damaged = false;
  for_each_entry(
      directory.contents,
      [&](const tlv::Node& node) { directory.entries.push_back(to_bytes(node.encoded)); },
      [&](const char*) { damaged = true; });
  if (damaged || joined(directory.entries) != directory.contents)
    throw WriteProtected("a directory of the token is damaged: it is left as it is");
  return directory;
}

Editor::Directory& Editor::directory(DirectoryKind kind) {
  const auto known = directories_.find(kind);
  if (known != directories_.end()) return known->second;
  const auto own = layout_.directories.find(kind);
  Bytes path = own == layout_.directories.end() ? Bytes{} : layout_.file(own->second);
  for (const OdfEntry& entry : decode_odf(odf_.contents))
    if (entry.kind == kind) path = entry.path.file;
  if (path.empty()) throw WriteProtected("the token has no directory for such an object");
  return directories_.emplace(kind, read(path)).first->second;
}

std::vector<Bytes>& Editor::entries(DirectoryKind kind) { return directory(kind).entries; }

void Editor::announce(std::vector<JournalRecord::Orphan> orphans) {
  journal_.write({{}, std::move(orphans)});
  announced_ = true;
}

// A directory that does not exist yet is made empty; the ODF names it with the same change that
// fills it.
void Editor::create_missing(DirectoryKind kind, Directory& directory) {
  if (!directory.exists) {
    files_->create(directory.path, FileUse::kDirectory, layout_.directory_size);
    directory.size = layout_.directory_size;
    directory.exists = true;
  }
  for (const OdfEntry& entry : decode_odf(odf_.contents))
    if (entry.kind == kind) return;
  odf_.entries.push_back(encode_odf({kind, {directory.path, {}, {}}}));
}

std::vector<JournalRecord::Image> Editor::changes() {
  std::vector<JournalRecord::Image> images;
  const auto add = [&](const Directory& directory) {
    Bytes contents = joined(directory.entries);
    if (contents == directory.contents) return;
    if (contents.size() > directory.size) throw TokenFull("a directory of the token is full");
    if (contents.size() < directory.contents.size()) contents.resize(directory.contents.size(), 0);
    images.push_back({directory.path, std::move(contents)});
  };
  for (auto& [kind, directory] : directories_)
    if (joined(directory.entries) != directory.contents) create_missing(kind, directory);
  for (const auto& [kind, directory] : directories_) add(directory);
  add(odf_);
  return images;
}

/// The change is one that a single command makes, or an appended entry whose first byte can be
/// written last.
bool Editor::one_command(const std::vector<JournalRecord::Image>& images) const {
  if (images.size() != 1) return images.empty();
  for (const auto& [kind, directory] : directories_) {
    if (directory.path != images.front().path) continue;
    const Bytes& after = images.front().contents;
    return appends(directory.contents, after) ||
           after.size() - first_change(directory.contents, after) <= files_->max_update();
  }
  return false;
}

void Editor::apply(const JournalRecord::Image& image) {
  const std::size_t size = files_->select(image.path);
  const Bytes before = files_->read(0, std::min(size, image.contents.size()));
  const std::size_t start = first_change(before, image.contents);
  const BytesView change = BytesView(image.contents).subspan(start);
  if (change.empty()) return;
  if (change.size() <= files_->max_update()) return files_->update(start, change);
  // Until its first byte is there, an appended entry is padding.
  files_->update(start + 1, change.subspan(1));
  files_->update(start, change.first(1));
}

void Editor::carry_out(const JournalRecord& record) {
  for (const auto& image : record.images) apply(image);
  directories_.clear();
  odf_ = read(layout_.file(layout_.odf));
  for (const auto& orphan : record.orphans) {
    if (named(orphan.needed_by)) continue;
    try {
      files_->remove(orphan.path);
    } catch (const ObjectNotFound&) {
      continue;  // never made, or deleted already
    }
  }
  journal_.clear();
  announced_ = false;
}

bool Editor::named(BytesView path) {
  const Bytes wanted = to_bytes(relative_path(path));
  for (const OdfEntry& entry : decode_odf(odf_.contents)) {
    if (entry.kind == DirectoryKind::kAuthObjects) continue;
    const Bytes& contents = directory(entry.kind).contents;
    if (std::ranges::search(contents, wanted).begin() != contents.end()) return true;
  }
  return false;
}

void Editor::commit(std::vector<JournalRecord::Orphan> unwanted) {
  const std::vector<JournalRecord::Image> images = changes();
  // The mark changes before the contents, of which a valid journal is part: if the power fails in
  // between, no program takes what it knows from before for the present state.
  if (!announced_ && unwanted.empty() && one_command(images)) {
    touch();
    for (const auto& image : images) apply(image);
  } else {
    const JournalRecord record{images, std::move(unwanted)};
    touch();
    journal_.write(record);
    carry_out(record);
  }
  directories_.clear();
}

void Editor::touch() {
  try {
    const Bytes path = layout_.file(layout_.token_info);
    const std::size_t size = files_->select(path);
    const Bytes before = files_->read(0, size);
    const Bytes after = with_later_update(before);
    if (after.size() > size) return;  // no room for the date: then no program trusts it either
    const std::size_t start = first_change(before, after);
    if (start < after.size()) files_->update(start, BytesView(after).subspan(start));
  } catch (const ObjectNotFound&) {
    return;  // no TokenInfo, no date
  }
}

}  // namespace kilt::pkcs15
