#include "tests/virtual/jacarta/tree.h"

#include <stdexcept>

#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {

std::uint8_t File::algorithm() const {
  constexpr std::uint8_t kNone = 0xFF;
  return type == Type::kKo && properties.size() > 2 ? properties[2] : kNone;
}

bool File::is_pin() const { return algorithm() == 0x00; }
bool File::is_logic() const { return algorithm() == 0x0F; }
bool File::is_rsa() const { return algorithm() == 0x20; }

File* File::child(std::uint16_t wanted) const {
  for (const auto& one : children)
    if (one->id == wanted) return one.get();
  return nullptr;
}

File* File::add(std::unique_ptr<File> file) {
  file->parent = this;
  children.push_back(std::move(file));
  return children.back().get();
}

std::size_t File::memory() const {
  // What a file costs beside its content is not public; this makes the free memory fall in steps
  // like those of the recordings.
  constexpr std::size_t kOverhead = 24;
  constexpr std::size_t kPrivateParts = 6;
  std::size_t total = kOverhead + name.size() + access.size() + properties.size();
  if (type == Type::kEf) total += size;
  if (type == Type::kKo && rsa && rsa->d.empty() && !rsa->n.empty())
    total += rsa->n.size() + rsa->e.size();  // a public key
  else if (type == Type::kKo)
    total += is_rsa() ? kPrivateParts * size : size;
  for (const auto& one : children) total += one->memory();
  return total;
}

nlohmann::json File::save() const {
  nlohmann::json state;
  state["type"] = static_cast<unsigned>(type);
  state["id"] = id;
  state["size"] = size;
  state["name"] = hex(name);
  state["access"] = hex(access);
  if (type == Type::kDf) {
    state["children"] = nlohmann::json::array();
    for (const auto& one : children) state["children"].push_back(one->save());
    return state;
  }
  state["body"] = hex(body);
  if (type == Type::kEf) return state;
  state["properties"] = hex(properties);
  if (is_pin()) state["counters"] = {tries_left, tries_max, unblocks_left, unblocks_max};
  if (rsa) state["rsa"] = {hex(rsa->n), hex(rsa->e), hex(rsa->d)};
  return state;
}

std::unique_ptr<File> File::load(const nlohmann::json& state, File* parent) {
  const auto bytes = [&](const char* field) { return unhex(state.at(field).get<std::string>()); };
  auto file = std::make_unique<File>();
  file->parent = parent;
  file->type = static_cast<Type>(state.at("type").get<unsigned>());
  file->id = state.at("id").get<std::uint16_t>();
  file->size = state.at("size").get<std::uint16_t>();
  file->name = bytes("name");
  file->access = bytes("access");
  std::size_t rules = 0;
  if (file->type == Type::kDf) {
    rules = 6;
    for (const auto& one : state.at("children")) file->children.push_back(load(one, file.get()));
  } else if (file->type == Type::kEf) {
    rules = 4;
    file->body = bytes("body");
    if (file->body.size() != file->size) rules = 0;
  } else if (file->type == Type::kKo) {
    rules = 7;
    file->body = bytes("body");
    file->properties = bytes("properties");
    if (file->is_pin()) {
      const auto& counters = state.at("counters");
      file->tries_left = counters.at(0).get<unsigned>();
      file->tries_max = counters.at(1).get<unsigned>();
      file->unblocks_left = counters.at(2).get<unsigned>();
      file->unblocks_max = counters.at(3).get<unsigned>();
    }
    if (state.contains("rsa")) {
      const auto& rsa = state.at("rsa");
      file->rsa = RsaKey{unhex(rsa.at(0).get<std::string>()), unhex(rsa.at(1).get<std::string>()),
                         unhex(rsa.at(2).get<std::string>())};
    }
  }
  if (rules == 0 || file->access.size() != 2 * rules)
    throw std::invalid_argument("the state file does not describe this card");
  return file;
}

}  // namespace kilt::vtoken::jacarta
