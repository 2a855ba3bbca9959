// SELECT, CREATE, DELETE, READ BINARY, UPDATE BINARY and the access rules.
#include <algorithm>

#include "tests/virtual/kaztoken/kaztoken.h"

namespace kilt::vtoken::kaztoken {
namespace {

constexpr std::uint16_t kMasterId = 0x3F00;
constexpr std::size_t kMemory = 65536;
constexpr std::size_t kMaxChildren = 255;

void put(Bytes& out, std::uint8_t tag, const Bytes& value) {
  out.push_back(tag);
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
}

Bytes two(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

std::uint16_t number(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}

bool is_private_type(std::uint8_t type) { return (type & 0x10) == 0; }

/// Reads a creation template; the size must stand before the type.
unsigned parse(const Bytes& data, File& file) {
  if (data.size() < 2 || (data[0] != 0x6F && data[0] != 0x62) || data[1] != data.size() - 2)
    return 0x6A80;
  bool size_seen = false, type_seen = false, id_seen = false, access_seen = false;
  for (std::size_t at = 2; at < data.size();) {
    if (at + 2 > data.size() || at + 2 + data[at + 1] > data.size()) return 0x6A80;
    const std::uint8_t tag = data[at], length = data[at + 1];
    const std::size_t value = at + 2;
    at = value + length;
    if (tag == 0x80 && length == 2) {
      file.size = number(data, value);
      size_seen = true;
    } else if (tag == 0x82 && length == 2) {
      if (!size_seen) return 0x6A89;
      file.type = static_cast<Type>(number(data, value));
      type_seen = true;
    } else if (tag == 0x83 && length == 2) {
      file.id = number(data, value);
      id_seen = true;
    } else if (tag == 0x85 && length == 6) {
      std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(value), 6, file.properties.begin());
    } else if (tag == 0x86 && length == 15) {
      std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(value), 15, file.access.begin());
      access_seen = true;
    } else {
      return 0x6A80;
    }
  }
  const bool known = file.type == Type::kDf || file.type == Type::kEf || file.type == Type::kRsf;
  return size_seen && type_seen && id_seen && access_seen && known ? 0x9000 : 0x6A80;
}

}  // namespace

bool Kaztoken::allowed(const File& file, unsigned bit) const {
  if (!initialised_) return true;
  if ((file.access[0] & (1U << bit)) == 0) return false;
  const std::uint8_t rule = file.access[1 + bit];
  if (rule == 0x00) return true;
  if (rule == 0xFF || logged_in_ == 0) return false;
  return (rule & (1U << (logged_in_ - 1))) != 0;
}

Bytes Kaztoken::control_information(const File& file, std::uint8_t tag) const {
  Bytes body;
  put(body, 0x81, two(std::min<std::size_t>(file.memory(), 0xFFFF)));
  put(body, 0x80, two(file.size));
  put(body, 0x82, two(static_cast<std::uint16_t>(file.type)));
  put(body, 0x83, two(file.id));
  put(body, 0x8A, {0x05});
  put(body, 0x86, Bytes(file.access.begin(), file.access.end()));
  if (file.type == Type::kRsf)
    put(body, 0x85, Bytes(file.properties.begin(), file.properties.end()));
  Bytes out;
  put(out, tag, body);
  return out;
}

std::size_t Kaztoken::memory_left() const {
  const std::size_t used = master_ ? master_->memory() : 0;
  return used > kMemory ? 0 : kMemory - used;
}

Answer Kaztoken::enter(File* file, std::uint8_t p2) {
  if (file == nullptr) return {{}, 0x6A82};
  if (file->type == Type::kDf) {
    directory_ = file;
    selected_ = nullptr;
  } else {
    directory_ = file->parent;
    selected_ = file;
  }
  if (p2 == 0x0C) return {};
  return {control_information(*file, p2 == 0x04 ? 0x62 : 0x6F), 0x9000};
}

Answer Kaztoken::select(const Apdu& apdu) {
  const bool quiet = apdu.p2 == 0x0C;
  if (quiet && is("protocol", "t0")) return {{}, 0x6A86};
  if (master_ == nullptr) return {{}, 0x6A82};
  File* here = directory_ != nullptr ? directory_ : master_.get();
  if (apdu.p1 == 0x00) return select_entry(apdu);
  if (!quiet && apdu.p2 != 0x00 && apdu.p2 != 0x04) return {{}, 0x6A86};
  if (apdu.p1 == 0x03)
    return enter(here->parent != nullptr ? here->parent : master_.get(), apdu.p2);
  if (apdu.data.size() % 2 != 0 || apdu.data.empty()) return {{}, 0x6700};
  if (apdu.p1 == 0x01) {
    File* child = here->child(number(apdu.data, 0));
    return enter(child != nullptr && child->type == Type::kDf ? child : nullptr, apdu.p2);
  }
  if (apdu.p1 != 0x08) return {{}, 0x6A86};
  std::vector<std::uint16_t> path;
  for (std::size_t at = 0; at < apdu.data.size(); at += 2) path.push_back(number(apdu.data, at));
  return enter(walk(master_.get(), path), apdu.p2);
}

/// P1 = 00: by id; without data the first entry of the current DF; P2 = 02 the next one.
Answer Kaztoken::select_entry(const Apdu& apdu) {
  File* here = directory_ != nullptr ? directory_ : master_.get();
  if (apdu.data.empty())
    return enter(here->children.empty() ? nullptr : here->children.front().get(), 0x00);
  if (apdu.data.size() != 2) return {{}, 0x6700};
  const std::uint16_t id = number(apdu.data, 0);
  if (apdu.p2 == 0x02) {
    const auto& all = here->children;
    auto at = std::ranges::find_if(all, [&](const auto& one) { return one->id == id; });
    if (at == all.end() || ++at == all.end()) return {{}, 0x6A82};
    return enter(at->get(), 0x00);
  }
  if (apdu.p2 != 0x00 && apdu.p2 != 0x04 && apdu.p2 != 0x0C) return {{}, 0x6A86};
  return enter(id == kMasterId ? master_.get() : here->child(id), apdu.p2);
}

Answer Kaztoken::create_file(const Apdu& apdu) {
  auto file = std::make_unique<File>();
  const unsigned sw = parse(apdu.data, *file);
  if (sw != 0x9000) return {{}, sw};
  if (file->size > memory_left()) return {{}, 0x6A84};
  if (master_ == nullptr) {
    if (file->id != kMasterId || file->type != Type::kDf) return {{}, 0x6A82};
    about_to_write();
    master_ = std::move(file);
    directory_ = master_.get();
    if (is("system-folders", "present")) make_system_folders();
    return {};
  }
  return place(std::move(file));
}

/// Finds the place of a new file and the rule that governs it. Key objects go to the system folder
/// of their type, PINs to none.
Answer Kaztoken::place(std::unique_ptr<File> file) {
  constexpr unsigned kCreateFile = 0, kCreateRsf = 1;
  File* parent = directory_ != nullptr ? directory_ : master_.get();
  if (file->type == Type::kRsf) {
    const std::uint8_t type = file->properties[0];
    if (type == 0x01) {
      if (file->id < 1 || file->id > 2) return {{}, 0x6A80};
      if (pins_.contains(static_cast<std::uint8_t>(file->id))) return {{}, 0x6A89};
      if (!allowed(*master_, kCreateRsf)) return {{}, 0x6982};
      about_to_write();
      pins_[static_cast<std::uint8_t>(file->id)] = std::move(file);
      return {};
    }
    const bool key_type = type == 0x03 || type == 0x13 || type == 0x23 || type == 0x33 ||
                          type == 0x43 || type == 0x53;
    if (!key_type || file->id < 1 || file->id > 0xFF) return {{}, 0x6A80};
    const bool bad =
        ((type & 0x20) != 0 && file->properties[1] != 0x00) || file->properties[3] == 0xFF;
    if (bad && is("bad-option", "create")) return {{}, 0x6A80};
    parent =
        walk(master_.get(),
             {0x1000, 0x1000, static_cast<std::uint16_t>(is_private_type(type) ? 0x6002 : 0x6001)});
    if (parent == nullptr) return {{}, 0x6A82};
    if (!allowed(is("rsf-rule", "mf") ? *master_ : *parent, kCreateRsf)) return {{}, 0x6982};
  } else if (!allowed(*parent, kCreateFile)) {
    return {{}, 0x6982};
  }
  if (parent->child(file->id) != nullptr || file->id == kMasterId) return {{}, 0x6A89};
  if (parent->children.size() >= kMaxChildren) return {{}, 0x6F85};
  if (file->type == Type::kEf) file->body.assign(file->size, 0x00);
  file->parent = parent;
  about_to_write();
  parent->children.push_back(std::move(file));
  return {};
}

Answer Kaztoken::delete_file(const Apdu& apdu) {
  constexpr unsigned kDelete = 6;
  File* target = selected_ != nullptr ? selected_ : directory_;
  if (!apdu.data.empty()) {
    if (apdu.data.size() != 2) return {{}, 0x6700};
    const std::uint16_t id = number(apdu.data, 0);
    if (target == nullptr || target->id != id)
      target = directory_ != nullptr ? directory_->child(id) : nullptr;
  }
  if (target == nullptr || target->parent == nullptr) return {{}, 0x6A82};
  if (!allowed(*target, kDelete)) return {{}, 0x6982};
  about_to_write();
  directory_ = target->parent;
  selected_ = nullptr;
  std::erase_if(directory_->children, [&](const auto& one) { return one.get() == target; });
  return {};
}

Answer Kaztoken::read_binary(const Apdu& apdu) {
  constexpr unsigned kRead = 0;
  if (selected_ == nullptr) return {{}, 0x6986};
  const bool public_key = selected_->type == Type::kRsf && (selected_->properties[0] & 0x10) != 0;
  if (selected_->type != Type::kEf && !public_key) return {{}, 0x6986};
  // A public key object has no read bit among its rules and is open all the same.
  if (!public_key && !allowed(*selected_, kRead)) return {{}, 0x6982};
  if ((apdu.p1 & 0x80) != 0) return {{}, 0x6A86};
  const std::size_t offset = apdu.p1p2(), size = selected_->body.size();
  if (offset > size || (offset == size && size != 0)) return {{}, 0x6B00};
  const std::size_t count = std::min(apdu.le, size - offset);
  const auto begin = selected_->body.begin() + static_cast<std::ptrdiff_t>(offset);
  Answer answer{Bytes(begin, begin + static_cast<std::ptrdiff_t>(count)), 0x9000};
  if (count < apdu.le && apdu.le != 256 && !is("protocol", "t0")) answer.sw = 0x6282;
  return answer;
}

Answer Kaztoken::update_binary(const Apdu& apdu) {
  constexpr unsigned kUpdate = 1;
  if (selected_ == nullptr || selected_->type != Type::kEf) return {{}, 0x6986};
  if (!allowed(*selected_, kUpdate)) return {{}, 0x6982};
  if (apdu.data.empty()) return {{}, 0x6700};
  const std::size_t offset = apdu.p1p2();
  if ((apdu.p1 & 0x80) != 0 || offset + apdu.data.size() > selected_->body.size())
    return {{}, 0x6B00};
  about_to_write();
  std::ranges::copy(apdu.data, selected_->body.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

}  // namespace kilt::vtoken::kaztoken
