#include "tests/virtual/iso7816/files.h"

#include <algorithm>
#include <stdexcept>

#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::iso {
namespace {

constexpr std::uint16_t kMaster = 0x3F00, kThisDirectory = 0x3FFF;

std::uint16_t id_at(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

Bytes two(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

/// Access mode byte and security condition bytes of ISO 7816-4, compact form.
Bytes rules(const File& file) {
  constexpr std::uint8_t kUserPin = 0x11;
  const auto condition = [](Rule rule) {
    if (rule == Rule::kPin) return kUserPin;
    return rule == Rule::kAlways ? std::uint8_t{0x00} : std::uint8_t{0xFF};
  };
  if (file.directory) return tlv(0x8C, {0x02, condition(Rule::kNever)});
  return tlv(0x8C, {0x03, condition(file.update), condition(file.read)});
}

File* search(File& from, const Bytes& name) {
  if (from.name.size() >= name.size() && std::equal(name.begin(), name.end(), from.name.begin()))
    return &from;
  for (const auto& one : from.children)
    if (File* found = search(*one, name)) return found;
  return nullptr;
}

bool permits(Rule rule, bool pin) { return rule == Rule::kAlways || (rule == Rule::kPin && pin); }

}  // namespace

File* File::child(std::uint16_t wanted) const {
  for (const auto& one : children)
    if (one->id == wanted) return one.get();
  return nullptr;
}

File& File::add_directory(std::uint16_t identifier, Bytes df_name) {
  File& made = add_file(identifier, {});
  made.directory = true;
  made.name = std::move(df_name);
  return made;
}

File& File::add_file(std::uint16_t identifier, Bytes contents, Rule write) {
  children.push_back(std::make_unique<File>());
  File& made = *children.back();
  made.id = identifier;
  made.body = std::move(contents);
  made.update = write;
  made.parent = this;
  return made;
}

nlohmann::json File::save() const {
  nlohmann::json state{{"id", id},
                       {"directory", directory},
                       {"name", hex(name)},
                       {"sfi", sfi},
                       {"body", hex(body)},
                       {"read", static_cast<int>(read)},
                       {"update", static_cast<int>(update)},
                       {"children", nlohmann::json::array()}};
  for (const auto& one : children) state["children"].push_back(one->save());
  return state;
}

void File::load(const nlohmann::json& state) {
  id = state.at("id").get<std::uint16_t>();
  directory = state.at("directory").get<bool>();
  name = unhex(state.at("name").get<std::string>());
  sfi = state.at("sfi").get<std::uint8_t>();
  body = unhex(state.at("body").get<std::string>());
  read = static_cast<Rule>(state.at("read").get<int>());
  update = static_cast<Rule>(state.at("update").get<int>());
  children.clear();
  for (const auto& one : state.at("children")) add_file(0, {}).load(one);
}

FileSystem::FileSystem() { clear(); }

void FileSystem::clear() {
  master_ = std::make_unique<File>();
  master_->id = kMaster;
  master_->directory = true;
  power_up();
}

void FileSystem::power_up() {
  directory_ = master_.get();
  file_ = nullptr;
}

void FileSystem::load(const nlohmann::json& state) {
  clear();
  master_->load(state);
}

File* FileSystem::walk(const std::vector<std::uint16_t>& path) {
  File* at = master_.get();
  for (const std::uint16_t id : path) {
    if (at == nullptr) break;
    at = at->child(id);
  }
  return at;
}

File* FileSystem::named(const Bytes& name) { return search(*master_, name); }

void FileSystem::enter(File& file) {
  if (file.directory) {
    directory_ = &file;
    file_ = nullptr;
  } else {
    directory_ = file.parent;
    file_ = &file;
  }
}

Bytes FileSystem::control_information(const File& file) const {
  Bytes body;
  if (!file.directory) body = tlv(0x80, two(file.body.size()));
  body = join({body, tlv(0x82, {static_cast<std::uint8_t>(file.directory ? 0x38 : 0x01)}),
               tlv(0x83, two(file.id))});
  if (!file.name.empty()) body = join({body, tlv(0x84, file.name)});
  if (ias_) body = join({body, tlv(0xA1, rules(file))});
  return tlv(0x6F, {body, tlv(0x8A, {0x05})});
}

File* FileSystem::follow(File* from, const Bytes& path) const {
  if (path.empty() || path.size() % 2 != 0) return nullptr;
  std::size_t at = 0;
  if (ias_ && id_at(path, 0) == kMaster) {
    from = master_.get();
    at = 2;
  }
  for (; at < path.size() && from != nullptr; at += 2) from = from->child(id_at(path, at));
  return from;
}

File* FileSystem::find(const Command& command) {
  const Bytes& data = command.data;
  switch (command.p1) {
    case 0x00: {
      if (data.empty()) return master_.get();
      if (data.size() != 2) return nullptr;
      const std::uint16_t id = id_at(data, 0);
      if (id == kMaster) return master_.get();
      if (id == kThisDirectory) return directory_;
      if (File* found = directory_->child(id)) return found;
      return directory_->parent == nullptr ? nullptr : directory_->parent->child(id);
    }
    case 0x01:
    case 0x02: {
      if (ias_ && data == two(kMaster)) return master_.get();
      File* found = data.size() == 2 ? directory_->child(id_at(data, 0)) : nullptr;
      return found != nullptr && found->directory == (command.p1 == 0x01) ? found : nullptr;
    }
    case 0x03:
      return directory_->parent;
    case 0x04:
      return data.empty() || data.size() > 16 ? nullptr : named(data);
    case 0x08:
      return follow(master_.get(), data);
    default:
      return follow(directory_, data);
  }
}

Answer FileSystem::select(const Command& command) {
  if (command.p1 > 0x09 || (command.p1 > 0x04 && command.p1 < 0x08)) return {{}, 0x6A86};
  const unsigned form = command.p2 & 0x0CU;
  if ((command.p2 & 0xF0) != 0 || form == 0x08) return {{}, 0x6A86};
  // One application answers to a name: there is no next occurrence.
  if (command.p1 == 0x04 && (command.p2 & 0x03) != 0) return {{}, 0x6A82};
  File* found = find(command);
  if (found == nullptr) return {{}, 0x6A82};
  enter(*found);
  if (form == 0x0C) return {};
  return {control_information(*found), 0x9000};
}

Answer FileSystem::read_binary(const Command& command, bool pin, bool strict) {
  std::size_t offset = command.p1p2();
  if ((command.p1 & 0x80) != 0) {
    offset = command.p2;
    file_ = nullptr;
    for (const auto& one : directory_->children)
      if (one->sfi != 0 && one->sfi == (command.p1 & 0x7F)) file_ = one.get();
    if (file_ == nullptr) return {{}, 0x6A82};
  }
  const File* file = file_;
  if (file == nullptr) return {{}, 0x6986};
  if (!permits(file->read, pin)) return {{}, 0x6982};
  if (offset > file->body.size() || (offset == file->body.size() && offset != 0))
    return {{}, 0x6B00};
  const std::size_t left = file->body.size() - offset;
  const std::size_t wanted = command.has_le ? command.le : 256;
  if (strict && wanted > left && left != 0 && left < 256)
    return {{}, 0x6C00 | static_cast<unsigned>(left)};
  const auto begin = file->body.begin() + static_cast<std::ptrdiff_t>(offset);
  return {Bytes(begin, begin + static_cast<std::ptrdiff_t>(std::min(wanted, left))), 0x9000};
}

Answer FileSystem::update_binary(const Command& command, bool pin,
                                 const std::function<void()>& about_to_write) {
  const std::size_t offset = command.p1p2();
  if ((command.p1 & 0x80) != 0) return {{}, 0x6A86};
  if (file_ == nullptr) return {{}, 0x6986};
  if (!permits(file_->update, pin)) return {{}, 0x6982};
  if (command.data.empty()) return {{}, 0x6700};
  if (offset + command.data.size() > file_->body.size()) return {{}, 0x6A84};
  about_to_write();
  std::ranges::copy(command.data, file_->body.begin() + static_cast<std::ptrdiff_t>(offset));
  return {};
}

}  // namespace kilt::vtoken::iso
