#include "tests/virtual/etoken/applet/tree.h"

#include <algorithm>
#include <stdexcept>

namespace kilt::vtoken::etoken {

File* File::child(std::uint16_t wanted) const {
  for (const auto& one : children)
    if (one->id == wanted) return one.get();
  return nullptr;
}

File* File::add(FileType new_type, std::uint16_t new_id, const Acl& new_acl, Bytes new_body) {
  auto file = std::make_unique<File>();
  file->type = new_type;
  file->id = new_id;
  file->acl = new_acl;
  file->body = std::move(new_body);
  file->parent = this;
  children.push_back(std::move(file));
  return children.back().get();
}

nlohmann::json File::save() const {
  nlohmann::json state;
  state["type"] = static_cast<unsigned>(type);
  state["id"] = hex(two(id));
  state["acl"] = hex(Bytes(acl.begin(), acl.end()));
  if (!security.empty()) state["security"] = hex(security);
  if (type != FileType::kDf) state["body"] = hex(body);
  if (key) state["key"] = hex(key.save());
  for (const auto& one : children) state["children"].push_back(one->save());
  return state;
}

std::unique_ptr<File> File::load(const nlohmann::json& state, File* parent) {
  auto file = std::make_unique<File>();
  const auto bytes = [&](const char* name) { return unhex(state.value(name, std::string())); };
  file->type = static_cast<FileType>(state.at("type").get<unsigned>());
  const Bytes id = unhex(state.at("id").get<std::string>()), acl = bytes("acl");
  if (id.size() != 2 || acl.size() != file->acl.size())
    throw std::invalid_argument("the state's file has no id of 2 or no acl of 8 bytes");
  file->id = static_cast<std::uint16_t>(id[0] << 8 | id[1]);
  std::ranges::copy(acl, file->acl.begin());
  file->security = bytes("security");
  file->body = bytes("body");
  if (state.contains("key")) file->key = KeyPair::load(bytes("key"));
  file->parent = parent;
  if (state.contains("children"))
    for (const auto& one : state.at("children")) file->children.push_back(load(one, file.get()));
  return file;
}

File* walk(File* root, const Bytes& path) {
  File* at = root;
  for (std::size_t i = 0; at != nullptr && i + 1 < path.size(); i += 2)
    at = at->child(static_cast<std::uint16_t>(path[i] << 8 | path[i + 1]));
  return at;
}

void put_simple(Bytes& target, std::uint8_t tag, const Bytes& value) {
  constexpr std::size_t kLongForm = 0xFF;
  target.push_back(tag);
  if (value.size() >= kLongForm) {
    target.push_back(kLongForm);
    append(target, two(value.size()));
  } else {
    target.push_back(static_cast<std::uint8_t>(value.size()));
  }
  append(target, value);
}

std::optional<std::vector<SimpleTlv>> parse_simple(const Bytes& bytes) {
  std::vector<SimpleTlv> objects;
  for (std::size_t at = 0; at < bytes.size();) {
    SimpleTlv object;
    object.tag = bytes[at++];
    if (at >= bytes.size()) return std::nullopt;
    std::size_t length = bytes[at++];
    if (length == 0xFF) {
      if (at + 2 > bytes.size()) return std::nullopt;
      object.long_form = true;
      length = static_cast<std::size_t>(bytes[at]) << 8 | bytes[at + 1];
      at += 2;
    }
    if (length > bytes.size() - at) return std::nullopt;
    object.value = part(bytes, at, length);
    at += length;
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace kilt::vtoken::etoken
