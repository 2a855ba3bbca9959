// What the token holds when it comes, and the files that show it.
#include <algorithm>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>
#include <zlib.h>

#include "tests/virtual/etoken/idprime/idprime.h"

namespace kilt::vtoken {

std::unique_ptr<Card> make_idprime() { return std::make_unique<etoken::IdPrime>(); }

}  // namespace kilt::vtoken

namespace kilt::vtoken::etoken {
namespace {

constexpr std::uint8_t kUser = 0x11, kSignature = 0x83;
constexpr std::size_t kContainers = 15, kGuidSize = 16;
constexpr std::uint16_t kKeyMap = 0x0005, kIndex = 0x0101, kCardId = 0x0201,
                        kConfiguration = 0x0202, kApplications = 0x0203, kContainerMap = 0x0204,
                        kTokenInfo = 0x0206, kFirstCertificate = 0x0207;

/// 01 00, what is said to be the length before compression (little-endian), a zlib stream.
Bytes compressed(const Bytes& der, std::size_t claimed) {
  uLongf size = compressBound(der.size());
  Bytes out{0x01, 0x00, static_cast<std::uint8_t>(claimed),
            static_cast<std::uint8_t>(claimed >> 8)};
  out.resize(4 + size);
  if (compress(out.data() + 4, &size, der.data(), der.size()) != Z_OK)
    throw std::runtime_error("compression failed");
  out.resize(4 + size);
  return out;
}

KeyPair make_key(const std::string& kind) {
  if (kind == "rsa-1024") return KeyPair::rsa(1024);
  if (kind == "rsa-2048") return KeyPair::rsa(2048);
  if (kind == "rsa-3072") return KeyPair::rsa(3072);
  if (kind == "rsa-4096") return KeyPair::rsa(4096);
  if (kind == "p-256") return KeyPair::ec("P-256");
  if (kind == "p-384") return KeyPair::ec("P-384");
  if (kind == "p-521") return KeyPair::ec("P-521");
  throw std::invalid_argument("no key of the kind '" + kind + "'");
}

/// {xxxxxxxx-xxxx-...} as the maps have it.
std::string guid_text(const Bytes& guid) {
  std::string digits = hex(guid);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) digits.insert(at, "-");
  return "{" + digits + "}";
}

}  // namespace

void IdPrime::personalise() {
  keys_.clear();
  certificates_.clear();
  if (card_id_.empty()) {
    card_id_ = random_bytes(8);
    const Bytes once = card_id_;
    append(card_id_, once);
    guids_ = random_bytes(kContainers * kGuidSize);
  }
  std::istringstream kinds(key_kinds_);
  for (std::string kind; std::getline(kinds, kind, ',');) add_key(kind, kUser);
  if (keys_.empty()) throw std::invalid_argument("keys= names no key");
  // The user PIN is set; the signature PIN is seen, but has no value and no tries.
  pins_.clear();
  pins_[kUser].value = "1234567890";
  pins_[kSignature].tries_left = 0;
  make_files();
}

/// Where each model counts its keys from; the 940 tells in a file of its own.
std::uint8_t IdPrime::key_reference(std::size_t container) const {
  if (is("model", "840")) return static_cast<std::uint8_t>(0xF7 + container);
  if (is("model", "930")) return static_cast<std::uint8_t>(0x10 + 2 * container);
  return static_cast<std::uint8_t>(0x5E + container);
}

void IdPrime::add_key(const std::string& kind, std::uint8_t pin) {
  const std::size_t container = certificates_.size();
  if (container >= kContainers) throw std::invalid_argument("no more than 15 keys");
  const KeyPair pair = make_key(kind);
  keys_[key_reference(container)] = {pair, pin, static_cast<std::uint8_t>(container)};
  certificates_.push_back(make_certificate(pair, "Virtual owner " + std::to_string(container)));
}

/// Records of 8: PIN, key reference, container, …, PIN again: public readers of this file
/// disagree about which of the two counts.
Bytes IdPrime::key_map() const {
  Bytes map;
  for (const auto& [reference, key] : keys_) {
    const std::uint8_t pin = key.pin == kUser ? 1 : 2;
    append(map, {pin, reference, key.container, 0x00, 0x00, 0x00, 0x00, pin});
  }
  map.resize(kContainers * 8, 0x00);
  return map;
}

/// Records of 86 as minidrivers have them: name in UTF-16, flags, key sizes.
Bytes IdPrime::container_map() const {
  constexpr std::size_t kRecord = 86, kName = 80;
  Bytes map;
  if (!is("container-map", "empty")) {
    for (std::size_t i = 0; i < certificates_.size(); ++i) {
      Bytes record;
      for (const char letter : guid_text(part(guids_, i * kGuidSize, kGuidSize)))
        append(record, {static_cast<std::uint8_t>(letter), 0x00});
      record.resize(kName, 0x00);
      const auto key =
          std::ranges::find_if(keys_, [&](const auto& one) { return one.second.container == i; });
      const unsigned bits = key == keys_.end() ? 0 : key->second.pair.bits();
      append(record, {static_cast<std::uint8_t>(i == 0 ? 3 : 1), 0x00, 0x00, 0x00,
                      static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8)});
      append(map, record);
    }
  }
  map.resize(kContainers * kRecord, 0x00);
  return map;
}

void IdPrime::add_to_index(Bytes& index, std::uint16_t id, const char* name,
                           const char* directory) const {
  const auto field = [](const char* letters) {
    Bytes out = text(letters);
    out.resize(8, 0x00);
    return out;
  };
  const auto file = files_.find(id);
  ++index[0];
  append(index, two(id));
  append(index, two(file == files_.end() ? 0 : file->second.body.size()));
  append(index, field(name));
  append(index, field(directory));
  index.push_back(id == kCardId ? 0x03 : 0x01);
}

void IdPrime::make_files() {
  const Bytes user_writes{0x43, 0x12, 0x12, 0x00}, all_write{0x43, 0x18, 0x18, 0x00};
  files_.clear();
  files_[kCardId] = {card_id_, user_writes};
  files_[kConfiguration] = {unhex("00 00 01 00 01 00"), all_write};
  files_[kApplications] = {text("mscp"), user_writes};
  files_[kApplications].body.resize(8, 0x00);
  files_[kContainerMap] = {container_map(), user_writes, is("container-map", "login")};
  if (is("model", "940")) files_[kKeyMap] = {key_map(), user_writes};
  Bytes name{0x01, static_cast<std::uint8_t>(label_.size() + 1)};
  append(name, text(label_));
  name.push_back(0x00);
  files_[kTokenInfo] = {name, user_writes};
  Bytes index{0x00};
  add_to_index(index, kConfiguration, "cardcf", "");
  add_to_index(index, kCardId, "cardid", "");
  add_to_index(index, kApplications, "cardapps", "");
  add_to_index(index, kContainerMap, "cmapfile", "mscp");
  add_to_index(index, kTokenInfo, "tinfo", "p11");
  for (std::size_t i = 0; i < certificates_.size(); ++i) {
    const auto id = static_cast<std::uint16_t>(kFirstCertificate + i);
    const Bytes& der = certificates_[i];
    files_[id] = {is("certificates", "plain") ? der : compressed(der, der.size()), user_writes};
    if (is("certificates", "bomb"))
      files_[id].body = compressed(Bytes(std::size_t{16} << 20, 0x30), der.size());
    add_to_index(index, id, fmt::format("kxc{:02}", i).c_str(), "mscp");
  }
  files_[kIndex] = {index, user_writes};
}

}  // namespace kilt::vtoken::etoken
