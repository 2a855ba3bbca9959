#include "tests/virtual/etoken/cardos/tree.h"

#include <algorithm>
#include <stdexcept>

namespace kilt::vtoken::etoken::cardos {
namespace {

using nlohmann::json;

Bytes bytes_of(const json& state, const char* name) {
  return unhex(state.value(name, std::string()));
}

json save_test(const TestObject& test) {
  return {{"value", hex(test.value)}, {"by-challenge", test.by_challenge}, {"max", test.tries_max},
          {"left", test.tries_left},  {"shortest", test.shortest},         {"change", test.change},
          {"unblock", test.unblock},  {"shows-tries", test.shows_tries}};
}

TestObject load_test(const json& state) {
  TestObject test;
  test.value = bytes_of(state, "value");
  test.by_challenge = state.value("by-challenge", false);
  test.tries_max = state.at("max").get<unsigned>();
  test.tries_left = state.at("left").get<unsigned>();
  test.shortest = state.value("shortest", 0U);
  test.change = state.value("change", std::uint8_t{0});
  test.unblock = state.value("unblock", std::uint8_t{0xFF});
  test.shows_tries = state.value("shows-tries", false);
  return test;
}

json save_key(const KeyObject& key) {
  json components = json::array();
  for (const auto& [number, value] : key.components) components.push_back({number, hex(value)});
  return {{"algorithm", key.algorithm}, {"use", key.use},           {"change", key.change},
          {"generate", key.generate},   {"complete", key.complete}, {"components", components}};
}

KeyObject load_key(const json& state) {
  KeyObject key;
  key.algorithm = state.at("algorithm").get<std::uint8_t>();
  key.use = state.value("use", std::uint8_t{0});
  key.change = state.value("change", std::uint8_t{0});
  key.generate = state.value("generate", std::uint8_t{0});
  key.complete = state.value("complete", true);
  for (const json& one : state.at("components"))
    key.components[one.at(0).get<std::uint8_t>()] = unhex(one.at(1).get<std::string>());
  return key;
}

std::uint8_t id_of(const std::string& name) { return unhex(name).at(0); }

}  // namespace

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
  constexpr std::size_t kFileOverhead = 32, kObjectOverhead = 24;
  std::size_t total = kFileOverhead + name.size() + (is_df() ? 0 : size);
  for (const auto& [number, test] : tests) total += kObjectOverhead + test.value.size();
  for (const auto& [number, key] : keys)
    for (const auto& [part_number, value] : key.components) total += kObjectOverhead + value.size();
  total += environments.size() * kObjectOverhead;
  for (const auto& one : children) total += one->memory();
  return total;
}

json File::save() const {
  json state;
  state["type"] = static_cast<unsigned>(type);
  state["id"] = hex(two(id));
  state["size"] = size;
  state["acl"] = hex(Bytes(acl.begin(), acl.end()));
  if (!name.empty()) state["name"] = hex(name);
  if (!body.empty()) state["body"] = hex(body);
  for (const Bytes& record : records) state["records"].push_back(hex(record));
  for (const auto& [number, test] : tests) state["tests"][hex({number})] = save_test(test);
  for (const auto& [number, key] : keys) state["keys"][hex({number})] = save_key(key);
  for (const auto& [number, value] : environments)
    state["environments"][hex({number})] = hex(value);
  for (const auto& one : children) state["children"].push_back(one->save());
  return state;
}

std::unique_ptr<File> File::load(const json& state, File* parent) {
  auto file = std::make_unique<File>();
  const auto items = [&](const char* member) {
    return state.contains(member) ? state.at(member) : json::object();
  };
  file->type = static_cast<Type>(state.at("type").get<unsigned>());
  const Bytes saved_id = bytes_of(state, "id"), saved_acl = bytes_of(state, "acl");
  if (saved_id.size() != 2 || saved_acl.size() != file->acl.size())
    throw std::invalid_argument("the state's file has no id of 2 or no acl of 9 bytes");
  file->id = static_cast<std::uint16_t>(saved_id[0] << 8 | saved_id[1]);
  file->size = state.value("size", std::size_t{0});
  std::ranges::copy(saved_acl, file->acl.begin());
  file->name = bytes_of(state, "name");
  file->body = bytes_of(state, "body");
  for (const json& record : items("records"))
    file->records.push_back(unhex(record.get<std::string>()));
  const json saved_tests = items("tests"), saved_keys = items("keys"),
             saved_environments = items("environments");
  for (const auto& [number, saved] : saved_tests.items())
    file->tests[id_of(number)] = load_test(saved);
  for (const auto& [number, saved] : saved_keys.items()) file->keys[id_of(number)] = load_key(saved);
  for (const auto& [number, saved] : saved_environments.items())
    file->environments[id_of(number)] = unhex(saved.get<std::string>());
  file->parent = parent;
  for (const json& one : items("children")) file->children.push_back(load(one, file.get()));
  return file;
}

}  // namespace kilt::vtoken::etoken::cardos
