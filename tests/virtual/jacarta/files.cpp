// Files: SELECT, LIST, READ, UPDATE, CREATE, DELETE and the resizing command, GET DATA.
#include <algorithm>
#include <ranges>

#include "tests/virtual/jacarta/laser.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

const Bytes kAid{0xA0, 0x00, 0x00, 0x01, 0x64, 0x4C, 0x41, 0x53, 0x45, 0x52, 0x00, 0x01};
constexpr std::uint16_t kMaster = 0x3F00;
constexpr std::uint8_t kNoInformation = 0x00, kInformation = 0x0C;

/// Places of the operations in tag 86.
constexpr std::size_t kRead = 0, kUpdate = 1, kAdmin = 2, kDelete = 3;
constexpr std::size_t kCreate = 0, kCreateFolder = 1;

std::uint16_t id_at(const Bytes& data, std::size_t offset) {
  return static_cast<std::uint16_t>((data[offset] << 8) | data[offset + 1]);
}

std::size_t rules_of(Type type) { return type == Type::kDf ? 6 : type == Type::kEf ? 4 : 7; }

}  // namespace

Answer Laser::select_applet(const Apdu& apdu) {
  if (apdu.p1 != 0x04) return {{}, kBadParameters};
  if (apdu.data != kAid) return {{}, kNotFound};
  applet_ = true;
  if (is("applet-select", "clears")) {
    verified_.clear();
    channel_.reset();
  }
  return enter(*master_, apdu.p2);
}

Answer Laser::select(const Apdu& apdu) {
  const Bytes& data = apdu.data;
  if (apdu.p1 == 0x04) return select_applet(apdu);
  if (data.size() % 2 != 0) return {{}, kBadData};
  File* at = directory_;
  std::size_t from = 0;
  switch (apdu.p1) {
    case 0x00:
      if (data.size() > 2) return {{}, kBadData};
      if (data.empty()) at = master_.get();
      break;
    case 0x03:
      if (!data.empty()) return {{}, kBadData};
      at = directory_ == master_.get() ? master_.get() : directory_->parent;
      break;
    case 0x08:
      if (data.empty() || id_at(data, 0) != kMaster) return {{}, kBadData};
      at = master_.get();
      from = 2;
      break;
    case 0x09:
      if (data.empty()) return {{}, kBadData};
      break;
    default:
      return {{}, kBadParameters};
  }
  if (apdu.p1 == 0x00 && data.size() == 2 && id_at(data, 0) == kMaster) {
    at = master_.get();
    from = 2;
  }
  for (; from < data.size(); from += 2) {
    if (at->type != Type::kDf) return {{}, kNotFound};
    at = at->child(id_at(data, from));
    if (at == nullptr) return {{}, kNotFound};
  }
  return enter(*at, apdu.p2);
}

Answer Laser::enter(File& file, std::uint8_t p2) {
  if (p2 != kNoInformation && p2 != kInformation) return {{}, kBadParameters};
  selected_ = &file;
  directory_ = file.type == Type::kDf ? &file : file.parent;
  if (p2 == kNoInformation) return {};
  return {control_information(file), kOk};
}

Bytes Laser::shown_properties(const File& file) const {
  Bytes shown = file.properties;
  if (file.is_pin() && shown.size() > 4) {
    const bool hidden =
        is("pin-class", "hidden") || (is("pin-class", "auto") && is("personality", "athena"));
    if (hidden) shown[0] &= 0x3F;
    // One byte given to CREATE, two shown: tries and unblocks, left and maximum of each.
    shown[4] = static_cast<std::uint8_t>((file.tries_left << 4) | file.tries_max);
    shown.insert(shown.begin() + 5,
                 static_cast<std::uint8_t>((file.unblocks_left << 4) | file.unblocks_max));
  } else if (!file.is_logic() && shown.size() > 4) {
    shown.resize(4);
  }
  return shown;
}

Bytes Laser::control_information(const File& file) const {
  Bytes inner;
  append_tlv(inner, 0x87, {static_cast<std::uint8_t>(file.type)});
  append_tlv(inner, 0x83, be16(file.id));
  append_tlv(inner, 0x80, be16(file.size));
  append_tlv(inner, 0x8A, {0x04});
  if (!file.name.empty()) append_tlv(inner, 0x84, file.name);
  append_tlv(inner, 0x86, file.access);
  if (file.type == Type::kKo) append_tlv(inner, 0x85, shown_properties(file));
  Bytes outer;
  append_tlv(outer, 0x62, inner);
  return outer;
}

Answer Laser::list(const Apdu& apdu) {
  if (apdu.p2 != 0 || (apdu.p1 != 0x01 && apdu.p1 != 0x38 && apdu.p1 != 0x08))
    return {{}, kBadParameters};
  if (!apdu.has_le) return {{}, kWrongLength};
  const auto type = static_cast<Type>(apdu.p1);
  Bytes entries;
  std::size_t count = 0;
  for (const auto& child : directory_->children | std::views::reverse) {
    if (child->type != type) continue;
    ++count;
    Bytes entry = be16(child->id);
    append(entry, child->name);
    append_tlv(entries, 0xD2, entry);
  }
  Answer answer;
  append_tlv(answer.data, 0xD1, be16(count));
  append(answer.data, entries);
  if (is("long-list", "truncated") && answer.data.size() > 256) answer.data.resize(256);
  return answer;
}

Answer Laser::read_binary(const Apdu& apdu) {
  if (selected_->type == Type::kKo) return {{}, kWrongType};
  if (selected_->type == Type::kDf) return {{}, kNoFile};
  if (!apdu.has_le || !apdu.data.empty()) return {{}, kWrongLength};
  if (!allowed(*selected_, kRead, apdu)) return {{}, kDenied};
  const std::size_t offset = apdu.p1p2(), size = selected_->body.size();
  if (apdu.p1 > 0x7F || offset >= size) return {{}, kBadOffset};
  const std::size_t count = std::min(apdu.le, size - offset), left = size - offset - count;
  const auto begin = selected_->body.begin() + static_cast<std::ptrdiff_t>(offset);
  Answer answer{Bytes(begin, begin + static_cast<std::ptrdiff_t>(count)), kOk};
  // Not a promise of GET RESPONSE: the host goes on with the next READ.
  if (apdu.le == 256 && left > 0 && is("read-more", "61nn"))
    answer.sw = 0x6100U | (left > 0xFF ? 0U : static_cast<unsigned>(left));
  return answer;
}

Answer Laser::update_binary(const Apdu& apdu) {
  if (selected_->type == Type::kKo) return {{}, kWrongType};
  if (selected_->type == Type::kDf) return {{}, kNoFile};
  if (apdu.data.empty()) return {{}, kWrongLength};
  if (!allowed(*selected_, kUpdate, apdu)) return {{}, kDenied};
  const std::size_t offset = apdu.p1p2(), size = selected_->body.size();
  if (apdu.p1 > 0x7F || offset >= size) return {{}, kBadOffset};
  if (apdu.data.size() > size - offset) return {{}, kNoMemory};
  about_to_write();
  std::ranges::copy(apdu.data, selected_->body.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

/// A new size and new content in one go: size, offset, the content in an object 62.
Answer Laser::reallocate(const Apdu& apdu) {
  if (apdu.p1p2() != 0x0003) return {{}, kBadParameters};
  if (selected_->type != Type::kEf) return {{}, kNoFile};
  if (apdu.data.size() < 6) return {{}, kWrongLength};
  const auto objects = parse_tlvs(Bytes(apdu.data.begin() + 4, apdu.data.end()));
  if (!objects || objects->size() != 1 || objects->front().tag != 0x62) return {{}, kBadData};
  const std::size_t size = id_at(apdu.data, 0), offset = id_at(apdu.data, 2);
  const Bytes& content = objects->front().value;
  if (offset + content.size() > size) return {{}, kBadData};
  if (!allowed(*selected_, is("resize-rule", "admin") ? kAdmin : kUpdate, apdu))
    return {{}, kDenied};
  if (size > selected_->size + memory_left()) return {{}, kNoMemory};
  about_to_write();
  selected_->size = static_cast<std::uint16_t>(size);
  selected_->body.resize(size, is("fill", "FF") ? 0xFF : 0x00);
  std::ranges::copy(content, selected_->body.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

Answer Laser::create(const Apdu& apdu) {
  if (apdu.p2 != 0 || (apdu.p1 != 0x01 && apdu.p1 != 0x38 && apdu.p1 != 0x08))
    return {{}, kBadParameters};
  const auto outer = parse_tlvs(apdu.data);
  if (!outer || outer->size() != 1 || outer->front().tag != 0x62) return {{}, kBadData};
  const auto objects = parse_tlvs(outer->front().value);
  if (!objects) return {{}, kBadData};
  const Tlv* id = find(*objects, 0x83);
  const Tlv* size = find(*objects, 0x80);
  const Tlv* access = find(*objects, 0x86);
  if (id == nullptr || id->value.size() != 2 || access == nullptr) return {{}, kBadData};
  if (size != nullptr && size->value.size() != 2) return {{}, kBadData};
  auto file = std::make_unique<File>();
  file->type = static_cast<Type>(apdu.p1);
  file->id = id_at(id->value, 0);
  file->size = size != nullptr ? id_at(size->value, 0) : 0;
  file->access = access->value;
  if (file->access.size() != 2 * rules_of(file->type)) return {{}, kBadData};
  if (const Tlv* name = find(*objects, 0x84)) file->name = name->value;
  if (file->name.size() > 16) return {{}, kBadData};
  const std::size_t rule = file->type == Type::kDf ? kCreateFolder : kCreate;
  if (!allowed(*directory_, rule, apdu)) return {{}, kDenied};
  if (file->id == kMaster || directory_->child(file->id) != nullptr) return {{}, kExists};
  if (file->type == Type::kEf) file->body.assign(file->size, is("fill", "FF") ? 0xFF : 0x00);
  if (file->type == Type::kKo) {
    const Tlv* properties = find(*objects, 0x85);
    if (properties == nullptr) return {{}, kBadData};
    file->properties = properties->value;
    Bytes value;  // 81, 71 or 82
    for (const Tlv& object : *objects)
      if (object.tag == 0x81 || object.tag == 0x71 || object.tag == 0x82)
        append_tlv(value, object.tag, object.value);
    const unsigned sw = file->is_pin() ? set_pin(*file, value) : set_key(*file, value);
    if (sw != kOk) return {{}, sw};
  }
  if (file->memory() > memory_left()) return {{}, kNoMemory};
  about_to_write();
  File* placed = directory_->add(std::move(file));
  if (is("create-selects", "yes")) return enter(*placed, kNoInformation);
  return {};
}

Answer Laser::remove(const Apdu& apdu) {
  const bool folder = selected_->type == Type::kDf;
  if (apdu.p1 != (folder ? 0x01 : 0x00) || apdu.p2 != 0) return {{}, kBadParameters};
  if (selected_ == master_.get()) return {{}, kConditions};
  if (!allowed(*selected_, kDelete, apdu)) return {{}, kDenied};
  about_to_write();
  File* parent = selected_->parent;
  const File* gone = selected_;
  std::erase_if(verified_, [&](const File* pin) {
    for (; pin != nullptr; pin = pin->parent)
      if (pin == gone) return true;
    return false;
  });
  std::erase_if(parent->children, [&](const auto& child) { return child.get() == gone; });
  selected_ = directory_ = parent;
  return {};
}

Answer Laser::get_data(const Apdu& apdu) {
  if (!apdu.has_le) return {{}, kWrongLength};
  switch (apdu.p1p2()) {
    case 0x0003:  // applet version
      return {{0x00, 0x03, 0x00, 0x37}, kOk};
    case 0x0111: {
      Bytes free = be16(0);
      append(free, be16(memory_left()));
      return {std::move(free), kOk};
    }
    case 0x0114:
      return {serial_, kOk};
    case 0x0180:  // cryptographic capabilities and key lengths as a real IDProtect card has them
      return {{0x0F, 0x3F, 0x8F}, kOk};
    case 0x0188:
      return {{0x3F, 0xC0, 0x07, 0xFF, 0x18}, kOk};
    default:
      return {{}, kNoReference};
  }
}

std::size_t Laser::memory_left() const {
  // So that a formatted card has about as much as the recorded one had at most (C838).
  constexpr std::size_t kCapacity = 0xD000;
  const std::size_t used = master_->memory();
  return used < kCapacity ? kCapacity - used : 0;
}

}  // namespace kilt::vtoken::jacarta
