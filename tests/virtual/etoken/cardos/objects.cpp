// PUT DATA: PINs, keys, security environments; key generation; their use.
#include <algorithm>

#include "tests/virtual/etoken/cardos/cardos.h"

namespace kilt::vtoken::etoken::cardos {
namespace {

constexpr std::uint8_t kUserPhase = 0x10;
constexpr std::size_t kUpdateObjects = 1, kAppendObjects = 2, kWrite = 1;  // places in ACLs
constexpr std::uint8_t kPinAlgorithm = 0x87;
constexpr std::uint8_t kMore = 0x20;  ///< in a component's options: others follow
constexpr std::uint8_t kSignTemplate = 0xB6, kDecipherTemplate = 0xB8;

bool is_key_algorithm(std::uint8_t algorithm) {
  constexpr std::uint8_t kKnown[] = {0x08, 0x0A, 0x0C, 0x88, 0x8A, 0x8C};
  return std::ranges::find(kKnown, algorithm) != std::end(kKnown);
}
bool signs(const KeyObject& key) { return (key.algorithm & 0x80) != 0; }
/// The card itself pads; otherwise a whole block is wanted.
bool pads(const KeyObject& key) { return (key.algorithm & 0x0F) == 0x08; }

/// Objects with one byte of tag and length, by tag. Nothing if they do not fill the data.
std::optional<std::map<std::uint8_t, Bytes>> parse(const Bytes& data) {
  std::map<std::uint8_t, Bytes> objects;
  for (std::size_t at = 0; at < data.size();) {
    if (at + 2 > data.size() || at + 2 + data[at + 1] > data.size()) return std::nullopt;
    objects[data[at]] = part(data, at + 2, data[at + 1]);
    at += 2U + data[at + 1];
  }
  return objects;
}

}  // namespace

bool CardOs::may_put(bool exists, std::uint8_t change) const {
  if (!exists) return allowed(*directory_, kAppendObjects);
  if (is("object-update", "object")) return fulfilled(change, directory_);
  return allowed(*directory_, kUpdateObjects);
}

Answer CardOs::put_data(const Apdu& apdu) {
  constexpr unsigned kSecurityEnvironment = 0x016D, kObject = 0x016E;
  if (apdu.p1p2() != kSecurityEnvironment && apdu.p1p2() != kObject) return status(0x6A88);
  if (phase_ == kUserPhase && is("objects-in", "admin")) return status(0x6985);
  return apdu.p1p2() == kObject ? put_object(apdu.data) : put_environment(apdu.data);
}

Answer CardOs::put_object(const Bytes& data) {
  const auto objects = parse(data);
  if (!objects) return status(0x6A85);
  for (const unsigned tag : {0x83U, 0x85U, 0x86U, 0x8FU})
    if (!objects->contains(static_cast<std::uint8_t>(tag))) return status(0x6A80);
  const Bytes& address = objects->at(0x83);
  if (address.size() != 2) return status(0x6A80);
  if (data.size() > memory_left()) return status(0x6A84);
  if (address[0] == 0x00)
    return put_test(address[1], objects->at(0x85), objects->at(0x86), objects->at(0x8F));
  if ((address[0] & 0xF0) == 0x20)
    return put_component(address[0], address[1], objects->at(0x85), objects->at(0x86),
                         objects->at(0x8F));
  return status(0x6A81);
}

/// Options: [options, (tries are shown,) maximum, algorithm, left, uses, DEK, ARA, shortest].
Answer CardOs::put_test(std::uint8_t id, const Bytes& options, const Bytes& conditions,
                        const Bytes& value) {
  const bool nine = options.size() == 9;
  if (id == 0 || id > 0x7F || conditions.size() != 3 || value.empty()) return status(0x6A80);
  if (options.size() != 8 && !(nine && is("verify-rc", "yes"))) return status(0x6A80);
  const Bytes fields = part(options, nine ? 2 : 1, 7);
  if (fields[1] != kPinAlgorithm) return status(0x6A80);
  const auto old = directory_->tests.find(id);
  const bool exists = old != directory_->tests.end();
  if (!may_put(exists, exists ? old->second.change : std::uint8_t{0})) return status(0x6982);
  TestObject test;
  test.value = value;
  test.tries_max = fields[0] & 0x0FU;
  test.tries_left = fields[2] & 0x0FU;
  test.shortest = fields[6];
  test.change = conditions[1];
  test.unblock = conditions[2];
  constexpr std::uint8_t kShowsTries = 0x04;
  test.shows_tries = nine && (options[1] & kShowsTries) != 0;
  about_to_write();
  passed_.erase(&directory_->tests[id]);
  directory_->tests[id] = test;
  return {};
}

/// One component of a key: the lower half of the class is its number.
Answer CardOs::put_component(std::uint8_t object_class, std::uint8_t id, const Bytes& options,
                             const Bytes& conditions, const Bytes& value) {
  const auto number = static_cast<std::uint8_t>(object_class & 0x0F);
  if (options.size() != 8 || conditions.size() != 7 || value.empty()) return status(0x6A80);
  const std::uint8_t algorithm = options[2];
  if (!is_key_algorithm(algorithm)) return status(0x6A80);
  auto old = directory_->keys.find(id);
  const bool exists = old != directory_->keys.end();
  // The first component begins a key anew; the others belong to the one begun.
  const bool follows = exists && !old->second.complete && number != 0;
  if (!follows && number != 0) return status(0x6A80);
  if (follows && old->second.algorithm != algorithm) return status(0x6A80);
  if (!follows &&
      !may_put(exists && old->second.complete, exists ? old->second.change : std::uint8_t{0}))
    return status(0x6982);
  about_to_write();
  KeyObject& key = directory_->keys[id];
  if (!follows) key = KeyObject{};
  key.algorithm = algorithm;
  key.use = conditions[0];
  key.change = conditions[1];
  key.generate = conditions[6];
  key.components[number] = value;
  key.complete = (options[0] & kMore) == 0;
  return {};
}

Answer CardOs::put_environment(const Bytes& data) {
  const auto objects = parse(data);
  if (!objects) return status(0x6A85);
  const auto number = objects->find(0x83), keys = objects->find(0x8F);
  if (number == objects->end() || number->second.size() != 1 || keys == objects->end() ||
      keys->second.size() != 6)
    return status(0x6A80);
  const std::uint8_t id = number->second[0];
  if (!may_put(directory_->environments.contains(id), 0)) return status(0x6982);
  about_to_write();
  directory_->environments[id] = keys->second;
  return {};
}

/// `46`: class and id of a key object that exists, the file that takes the public key, tests, the
/// difference of the primes' lengths, bits of the exponent.
Answer CardOs::generate(const Apdu& apdu) {
  if (apdu.p1p2() != 0) return status(0x6A86);
  if (apdu.data.size() != 8 || apdu.data[0] != 0x20) return status(0x6A80);
  const auto found = directory_->keys.find(apdu.data[1]);
  if (found == directory_->keys.end()) return status(0x6F86);
  KeyObject& key = found->second;
  const std::size_t size = key.size();
  const auto [least, most] = key.is_long() ? std::pair{129U, 256U} : std::pair{64U, 128U};
  if (size < least || size > most) return status(0x6984);
  File* file = directory_->child(static_cast<std::uint16_t>(apdu.data[2] << 8 | apdu.data[3]));
  if (file == nullptr) return status(0x6A82);
  if (!fulfilled(key.generate, directory_) || !allowed(*file, kWrite)) return status(0x6982);
  if (file->type != (key.is_long() ? Type::kTransparent : Type::kLinearTlv)) return status(0x6981);
  KeyObject fresh = key;
  const auto [modulus, exponent] = fresh.generate_new();
  Bytes contents;
  std::vector<Bytes> records;
  if (key.is_long()) {
    Bytes body;
    put_ber(body, 0x81, modulus);
    put_ber(body, 0x82, exponent);
    put_ber(contents, 0x7F49, body);
  } else {
    std::uint8_t tag = 0x10;
    for (const Bytes& value : {modulus, exponent}) {
      Bytes record{tag++, static_cast<std::uint8_t>(value.size() + 2),
                   static_cast<std::uint8_t>(value.size() + 1), 0x00};
      append(record, value);
      append(contents, record);
      records.push_back(record);
    }
  }
  if (contents.size() > file->size) return status(0x6A84);
  about_to_write();
  key = fresh;
  about_to_write();
  if (key.is_long())
    std::ranges::copy(contents, file->body.begin());
  else
    file->records = records;
  return {};
}

KeyObject* CardOs::find_key(std::uint8_t id, const File** where) {
  for (File* at = directory_; at != nullptr; at = at->parent) {
    const auto found = at->keys.find(id);
    if (found == at->keys.end()) continue;
    *where = at;
    return &found->second;
  }
  return nullptr;
}

bool CardOs::has_environment(std::uint8_t number) const {
  for (const File* at = directory_; at != nullptr; at = at->parent)
    if (number == 0 ? !at->environments.empty() : at->environments.contains(number)) return true;
  return false;
}

/// P1 3 (or F3) restores, 1 (or 41, F1) sets a key.
Answer CardOs::manage_security_environment(const Apdu& apdu) {
  if (apdu.p1 == 0x03 || apdu.p1 == 0xF3) {
    if (!has_environment(apdu.p2)) return status(0x6A88);
    environment_.clear();
    return {};
  }
  if (apdu.p1 != 0x01 && apdu.p1 != 0x41 && apdu.p1 != 0xF1) return status(0x6A86);
  if (apdu.p2 != kSignTemplate && apdu.p2 != kDecipherTemplate) return status(0x6A86);
  if (apdu.data.size() != 3 || apdu.data[0] != 0x83 || apdu.data[1] != 0x01) return status(0x6A80);
  if (is("environment", "needed") && !has_environment(0)) return status(0x6A88);
  const File* where = nullptr;
  if (find_key(apdu.data[2], &where) == nullptr) return status(0x6A88);
  environment_[apdu.p2] = apdu.data[2];
  return {};
}

/// A key signs or deciphers, never both; one that deciphers without padding can stand in for a
/// signature on the host's block.
Answer CardOs::perform_security_operation(const Apdu& apdu) {
  const Bytes first_parts = std::move(chain_);
  chain_.clear();
  const bool sign = apdu.p1p2() == 0x9E9A;
  if (!sign && apdu.p1p2() != 0x8086) return status(0x6A86);
  const auto chosen = environment_.find(sign ? kSignTemplate : kDecipherTemplate);
  if (chosen == environment_.end()) return status(0x6985);
  const File* where = nullptr;
  const KeyObject* key = find_key(chosen->second, &where);
  if (key == nullptr) return status(0x6F86);
  if (!fulfilled(key->use, where)) return status(0x6982);
  if (key->size() == 0) return status(0x6984);
  if (signs(*key) != sign) return status(0x6985);
  Bytes block = first_parts;
  append(block, apdu.data);
  if (!sign) {
    if (block.empty() || block[0] != 0x00) return status(0x6A80);
    block.erase(block.begin());
  }
  if (sign && pads(*key)) {
    constexpr std::size_t kLeast = 11;
    if (block.size() + kLeast > key->size()) return status(0x6A80);
    Bytes padded{0x00, 0x01};
    padded.resize(key->size() - block.size() - 1, 0xFF);
    padded.push_back(0x00);
    append(padded, block);
    block = padded;
  }
  if (block.size() != key->size()) return status(0x6700);
  Bytes result = key->raw(block);
  if (result.empty()) return status(0x6A80);
  if (!sign && pads(*key)) {
    const auto end = std::find(result.begin() + 2, result.end(), 0x00);
    if (result[0] != 0x00 || result[1] != 0x02 || end == result.end()) return status(0x6A80);
    result.erase(result.begin(), end + 1);
  }
  return {result, 0x9000};
}

}  // namespace kilt::vtoken::etoken::cardos
