#include "tests/virtual/kaztoken/tree.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

namespace kilt::vtoken::kaztoken {

File* File::child(std::uint16_t wanted) const {
  for (const auto& one : children)
    if (one->id == wanted) return one.get();
  return nullptr;
}

std::size_t File::memory() const {
  constexpr std::size_t kOverhead = 32;
  std::size_t total = kOverhead + size;
  for (const auto& one : children) total += one->memory();
  return total;
}

nlohmann::json File::save() const {
  nlohmann::json state;
  state["id"] = id;
  state["type"] = static_cast<std::uint16_t>(type);
  state["size"] = size;
  state["access"] = hex(Bytes(access.begin(), access.end()));
  state["properties"] = hex(Bytes(properties.begin(), properties.end()));
  state["body"] = hex(body);
  state["loaded"] = loaded;
  state["children"] = nlohmann::json::array();
  for (const auto& one : children) state["children"].push_back(one->save());
  return state;
}

std::unique_ptr<File> File::load(const nlohmann::json& state, File* parent) {
  auto file = std::make_unique<File>();
  file->id = state.at("id").get<std::uint16_t>();
  file->type = static_cast<Type>(state.at("type").get<std::uint16_t>());
  file->size = state.at("size").get<std::uint16_t>();
  const Bytes access = unhex(state.at("access").get<std::string>());
  const Bytes properties = unhex(state.at("properties").get<std::string>());
  if (access.size() != file->access.size() || properties.size() != file->properties.size())
    throw std::invalid_argument("the state file does not describe this card");
  std::ranges::copy(access, file->access.begin());
  std::ranges::copy(properties, file->properties.begin());
  file->body = unhex(state.at("body").get<std::string>());
  file->loaded = state.at("loaded").get<bool>();
  file->parent = parent;
  for (const auto& one : state.at("children")) file->children.push_back(load(one, file.get()));
  return file;
}

File* walk(File* root, const std::vector<std::uint16_t>& path) {
  File* at = root;
  for (const std::uint16_t id : path) {
    if (at == nullptr) return nullptr;
    at = at->child(id);
  }
  return at;
}

std::string hex(const Bytes& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02X}", byte);
  return text;
}

Bytes unhex(const std::string& text) {
  if (text.size() % 2 != 0) throw std::invalid_argument("an odd number of hexadecimal digits");
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

}  // namespace kilt::vtoken::kaztoken
