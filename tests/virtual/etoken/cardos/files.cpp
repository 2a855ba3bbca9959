// SELECT, CREATE FILE, DELETE FILE, READ and UPDATE, DIRECTORY, the access conditions.
#include <algorithm>

#include "tests/virtual/etoken/cardos/cardos.h"

namespace kilt::vtoken::etoken::cardos {
namespace {

constexpr std::uint16_t kMaster = 0x3F00;
constexpr std::size_t kMemory = 64U * 1024;
// Places in the ACL. EF: read, update, append, deactivate, activate, delete, admin, increase,
// decrease; DF: life cycle, update objects, append objects, deactivate, activate, delete, admin,
// create.
constexpr std::size_t kRead = 0, kUpdate = 1, kDelete = 5, kCreate = 7;

std::uint16_t id_at(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

Bytes control_information(const File& file, unsigned tag) {
  Bytes body, out;
  put_ber(body, file.is_df() ? 0x81 : 0x80, two(file.size));
  put_ber(body, 0x82, {static_cast<std::uint8_t>(file.type)});
  put_ber(body, 0x83, two(file.id));
  if (!file.name.empty()) put_ber(body, 0x84, file.name);
  put_ber(body, 0x86, Bytes(file.acl.begin(), file.acl.end()));
  put_ber(out, tag, body);
  return out;
}

/// The contents of a creation template.
bool parse(const Bytes& data, File& file) {
  if (data.size() < 2 || data[0] != 0x62 || data[1] != data.size() - 2) return false;
  bool type_seen = false, id_seen = false, acl_seen = false;
  for (std::size_t at = 2; at < data.size();) {
    if (at + 2 > data.size() || at + 2 + data[at + 1] > data.size()) return false;
    const std::uint8_t tag = data[at];
    const Bytes value = part(data, at + 2, data[at + 1]);
    at += 2U + value.size();
    if ((tag == 0x80 || tag == 0x81) && value.size() == 2) {
      file.size = id_at(value, 0);
    } else if (tag == 0x82 && !value.empty()) {
      constexpr std::uint8_t kShareable = 0x40;
      file.type = static_cast<Type>(value[0] & static_cast<std::uint8_t>(~kShareable));
      type_seen = true;
    } else if (tag == 0x83 && value.size() == 2) {
      file.id = id_at(value, 0);
      id_seen = true;
    } else if (tag == 0x84 && value.size() <= 16) {
      file.name = value;
    } else if (tag == 0x86 && value.size() == file.acl.size()) {
      std::ranges::copy(value, file.acl.begin());
      acl_seen = true;
    } else if (tag != 0x85) {
      return false;
    }
  }
  const bool known = file.is_df() || file.type == Type::kTransparent ||
                     file.type == Type::kLinearFixed || file.type == Type::kLinearTlv ||
                     file.type == Type::kCyclic;
  return type_seen && id_seen && acl_seen && known;
}

}  // namespace

bool CardOs::allowed(const File& file, std::size_t right) const {
  return fulfilled(file.acl.at(right), file.is_df() ? &file : file.parent);
}

std::size_t CardOs::memory_left() const {
  const std::size_t used = master_->memory();
  return used > kMemory ? 0 : kMemory - used;
}

File* CardOs::by_name(File* from, const Bytes& name) const {
  for (const auto& one : from->children) {
    if (!one->is_df()) continue;
    if (one->name == name) return one.get();
    if (File* below = by_name(one.get(), name)) return below;
  }
  return nullptr;
}

Answer CardOs::enter(File* file, const Apdu& apdu) {
  if (file == nullptr) return status(0x6A82);
  if ((file->is_df() ? file : file->parent) != directory_) environment_.clear();
  directory_ = file->is_df() ? file : file->parent;
  selected_ = file->is_df() ? nullptr : file;
  if (apdu.p2 == 0x0C) return {};
  const bool parameters = apdu.p2 == 0x04 && is("p2-04", "62");
  return {control_information(*file, parameters ? 0x62 : 0x6F), 0x9000};
}

Answer CardOs::select(const Apdu& apdu) {
  if (apdu.p2 != 0x00 && apdu.p2 != 0x04 && apdu.p2 != 0x0C) return status(0x6A86);
  const Bytes& data = apdu.data;
  if (apdu.p1 == 0x04) return enter(by_name(master_.get(), data), apdu);
  if (apdu.p1 == 0x03)
    return enter(directory_->parent != nullptr ? directory_->parent : master_.get(), apdu);
  if (data.empty() && apdu.p1 == 0x00) return enter(master_.get(), apdu);
  if (data.empty() || data.size() % 2 != 0) return status(0x6A87);
  if (apdu.p1 == 0x00 || apdu.p1 == 0x01 || apdu.p1 == 0x02) {
    if (data.size() != 2) return status(0x6A87);
    const std::uint16_t id = id_at(data, 0);
    if (id == kMaster && apdu.p1 == 0x00) return enter(master_.get(), apdu);
    File* file = directory_->child(id);
    const bool wrong_kind = file != nullptr && apdu.p1 != 0x00 && file->is_df() != (apdu.p1 == 1);
    return enter(wrong_kind ? nullptr : file, apdu);
  }
  if (apdu.p1 != 0x08 && apdu.p1 != 0x09) return status(0x6A86);
  File* at = apdu.p1 == 0x08 ? master_.get() : directory_;
  for (std::size_t i = 0; at != nullptr && i < data.size(); i += 2) at = at->child(id_at(data, i));
  return enter(at, apdu);
}

Answer CardOs::create_file(const Apdu& apdu) {
  if (apdu.p1p2() != 0) return status(0x6A86);
  auto file = std::make_unique<File>();
  if (!parse(apdu.data, *file)) return status(0x6A80);
  if (!allowed(*directory_, kCreate)) return status(0x6982);
  if (directory_->child(file->id) != nullptr || file->id == kMaster) return status(0x6A89);
  if (file->memory() > memory_left()) return status(0x6A84);
  if (file->type == Type::kTransparent) file->body.assign(file->size, 0x00);
  about_to_write();
  File* made = directory_->add(std::move(file));
  if (is("create-selects", "yes")) {
    directory_ = made->is_df() ? made : directory_;
    selected_ = made->is_df() ? nullptr : made;
  }
  return {};
}

/// By id in the current DF; the current EF if no id is given.
Answer CardOs::delete_file(const Apdu& apdu) {
  if (apdu.p1p2() != 0) return status(0x6A86);
  File* file = selected_;
  if (!apdu.data.empty()) {
    if (apdu.data.size() != 2) return status(0x6A87);
    const std::uint16_t id = id_at(apdu.data, 0);
    file = directory_->child(id);
    if (file == nullptr && directory_->id == id && directory_->parent != nullptr) file = directory_;
  }
  if (file == nullptr) return status(0x6A82);
  if (!allowed(*file, kDelete)) return status(0x6982);
  if (!file->children.empty() && is("delete-df", "empty")) return status(0x6985);
  about_to_write();
  directory_ = file->parent;
  selected_ = nullptr;
  environment_.clear();
  for (const auto& [id, test] : file->tests) passed_.erase(&test);
  std::erase_if(directory_->children, [&](const auto& one) { return one.get() == file; });
  return {};
}

Answer CardOs::read_binary(const Apdu& apdu) {
  constexpr std::size_t kAll = 256;
  if (selected_ == nullptr) return status(0x6986);
  if (selected_->type != Type::kTransparent) return status(0x6981);
  if (!allowed(*selected_, kRead)) return status(0x6982);
  if ((apdu.p1 & 0x80) != 0) return status(0x6A86);
  const std::size_t offset = apdu.p1p2(), size = selected_->body.size();
  if (offset > size || (offset == size && size != 0)) return status(0x6B00);
  Answer answer{part(selected_->body, offset, std::min(apdu.le, kAll)), 0x9000};
  if (answer.data.size() < apdu.le && apdu.le < kAll) answer.sw = 0x6282;
  return answer;
}

Answer CardOs::read_record(const Apdu& apdu) {
  constexpr std::uint8_t kByNumber = 0x04;
  if (selected_ == nullptr) return status(0x6986);
  if (selected_->type == Type::kTransparent) return status(0x6981);
  if (!allowed(*selected_, kRead)) return status(0x6982);
  if (apdu.p2 != kByNumber) return status(0x6A86);
  if (apdu.p1 == 0 || apdu.p1 > selected_->records.size()) return status(0x6A83);
  return {selected_->records[apdu.p1 - 1U], 0x9000};
}

Answer CardOs::update_binary(const Apdu& apdu) {
  if (selected_ == nullptr) return status(0x6986);
  if (selected_->type != Type::kTransparent) return status(0x6981);
  if (!allowed(*selected_, kUpdate)) return status(0x6982);
  if ((apdu.p1 & 0x80) != 0) return status(0x6A86);
  const std::size_t offset = apdu.p1p2();
  if (apdu.data.empty()) return status(0x6700);
  if (offset + apdu.data.size() > selected_->body.size()) return status(0x6B00);
  about_to_write();
  std::ranges::copy(apdu.data, selected_->body.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

/// One entry for each child, from number P2 on; the last one tells if more follow.
Answer CardOs::directory(const Apdu& apdu) const {
  constexpr std::uint8_t kFilesAndFolders = 0x02;
  if (apdu.p1 != kFilesAndFolders) return status(0x6A86);
  const std::size_t page = is("directory-part", "3") ? 3 : 28;
  const auto& children = directory_->children;
  const std::size_t end = std::min(children.size(), apdu.p2 + page);
  Bytes out;
  for (std::size_t i = apdu.p2; i < end; ++i) {
    Bytes entry;
    put_ber(entry, 0x82, {static_cast<std::uint8_t>(children[i]->type)});
    put_ber(entry, 0x86, two(children[i]->id));
    if (i + 1 == end && end < children.size())
      put_ber(entry, 0x8A, {static_cast<std::uint8_t>(end)});
    put_ber(out, 0x6F, entry);
  }
  if (out.empty()) out = {0x6F, 0x00};
  return {out, 0x9000};
}

}  // namespace kilt::vtoken::etoken::cardos
