#include "drivers/etoken/idprime/objects.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "drivers/crypto/public_key.h"
#include "drivers/crypto/spki.h"
#include "drivers/crypto/x509.h"
#include "drivers/errors.h"
#include "drivers/etoken/idprime/keys.h"

namespace kilt::etoken::idprime {
namespace {

constexpr std::size_t kContainerRecord = 86;
constexpr unsigned kMaxContainers = 100;
const char* const kCertificateFolder = "mscp";

/// Of a key: its container, and which key it is. Of a certificate: its file, and whose it is.
ObjectRef ref_of(Byte kind, BytesView card_key, BytesView mark) {
  ObjectRef ref{kind};
  append(ref, card_key);
  append(ref, mark);
  return ref;
}
constexpr Byte kKeyRef = 'k', kCertificateRef = 'c';

/// Container number of 'kscNN' or 'kxcNN'.
std::optional<unsigned> container_number(const IndexEntry& entry) {
  const bool named = entry.name.starts_with("ksc") || entry.name.starts_with("kxc");
  if (entry.directory != kCertificateFolder || !named || entry.name.size() != 5)
    return std::nullopt;
  unsigned number = 0;
  const char* const end = entry.name.data() + 5;
  const auto [stop, error] = std::from_chars(entry.name.data() + 3, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// Key reference of a container, by generation of the card.
std::optional<Byte> usual_reference(Model model, unsigned container) {
  unsigned reference = 0;
  switch (model) {
    case Model::k3810:
      reference = 0x31 + container;
      break;
    case Model::k830:
      reference = 0x41 + container;
      break;
    case Model::k930:
      reference = 0x11 + 2 * container;
      break;
    case Model::k930Plus:
      reference = 0x10 + 2 * container;
      break;
    case Model::k840:
      reference = 0xF7 + container;
      break;
    case Model::k940:
    case Model::kOther:
      reference = 0x56 + container;
  }
  if (reference > 0xFF) return std::nullopt;
  return static_cast<Byte>(reference);
}

unsigned bits_of(const PublicKey& key) {
  if (const auto* rsa = std::get_if<RsaPublicKey>(&key))
    return static_cast<unsigned>(rsa->modulus.size() * 8);
  if (const auto* ec = std::get_if<EcPublicKey>(&key)) {
    const auto bits = static_cast<unsigned>(ec->point.size() / 2 * 8);
    return bits == 528 ? 521 : bits;  // secp521r1
  }
  return 0;
}

}  // namespace

Model model_of(BytesView atr) {
  constexpr Byte kMark[]{0x65, 0xB0};
  const auto mark = std::ranges::search(atr, kMark);
  const BytesView rest = atr.subspan(static_cast<std::size_t>(mark.begin() - atr.begin()));
  if (rest.size() < 4) return Model::kOther;
  const auto is = [&](Byte a, Byte b) { return rest[2] == a && rest[3] == b; };
  if (is(0x84, 0x41)) return Model::k3810;
  if (is(0x84, 0x61)) return Model::k830;
  if (is(0x84, 0x65)) return Model::k930Plus;
  if (is(0x84, 0x56)) return Model::k930;
  if (is(0x85, 0x03)) return Model::k840;
  if (is(0x85, 0x59) || is(0x85, 0x05)) return Model::k940;
  return Model::kOther;
}

/// A file that wants a login is read after one; if it still does not open, the token is in a mode
/// that no public source describes, and that is said instead of tried again.
template <typename Read>
auto Objects::read_or_note(const char* what, bool logged_in, Read read) -> decltype(read()) {
  try {
    return read();
  } catch (const ObjectNotFound&) {
    return {};
  } catch (const NotLoggedIn&) {
    complete_ = logged_in;
    objects_.odd.push_back(
        {fmt::format("{}: {}", what,
                     logged_in ? "unsupported token mode: not even readable after a login"
                               : "seen after a login")});
    return {};
  } catch (const Error& problem) {
    if (!concerns_one_object(problem)) throw;
    objects_.odd.push_back({fmt::format("{}: {}", what, problem.what())});
    return {};
  }
}

const ObjectList& Objects::list(bool logged_in) {
  std::vector<IndexEntry> index;
  try {
    index = parse_index(files_->read_file(kIndex));
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    index.clear();
  }
  if (index_ == index && (complete_ || !logged_in)) return objects_;
  if (index_ != index) ++changes_;
  index_ = std::move(index);
  read_objects(logged_in);
  return objects_;
}

void Objects::read_objects(bool logged_in) {
  const std::uint64_t generation = objects_.generation + 1;
  objects_ = {};
  objects_.generation = generation;
  objects_.changes = changes_;
  card_keys_.clear();
  certificate_files_.clear();
  certificate_containers_.clear();
  complete_ = true;
  add_certificates();
  const auto containers = read_or_note("container map", logged_in, [&] {
    return parse_container_map(files_->read_records(kContainerMap, kContainerRecord));
  });
  std::vector<MappedKey> map;
  if (model_ == Model::k940 || model_ == Model::kOther)
    map = read_or_note("key map", logged_in,
                       [&] { return parse_key_map(files_->read_file(kKeyMap)); });
  add_keys(containers, map, logged_in);
}

void Objects::add_certificates() {
  for (const IndexEntry& entry : *index_) {
    const auto number = container_number(entry);
    if (!number || *number >= kMaxContainers || entry.size == 0) continue;
    Certificate certificate;
    const Bytes mark{static_cast<Byte>(*number), static_cast<Byte>(entry.size >> 8),
                     static_cast<Byte>(entry.size & 0xFF)};
    certificate.ref = ref_of(kCertificateRef, write_be(entry.file, 2), mark);
    if (certificate_files_.contains(certificate.ref)) continue;
    certificate.label = entry.name;
    certificate.id = {static_cast<Byte>(*number)};
    certificate.modifiable = false;
    certificate_files_[certificate.ref] = entry.file;
    certificate_containers_[certificate.ref] = *number;
    objects_.certificates.push_back(std::move(certificate));
  }
}

void Objects::add_keys(const std::vector<Container>& containers, const std::vector<MappedKey>& map,
                       bool logged_in) {
  std::vector<unsigned> done;
  const auto add = [&](const Container& container, std::optional<MappedKey> mapped) {
    read_or_note("a key", logged_in, [&] {
      add_key(container, mapped, logged_in);
      return 0;
    });
  };
  // The map of keys counts more than that of containers, which may be empty.
  for (const MappedKey& mapped : map) {
    if (mapped.container >= kMaxContainers ||
        std::ranges::find(done, mapped.container) != done.end())
      continue;
    done.push_back(mapped.container);
    const auto known = std::ranges::find(containers, mapped.container, &Container::number);
    add(known == containers.end() ? Container{mapped.container, {}, 0, 0} : *known, mapped);
  }
  for (const Container& container : containers)
    if (container.number < kMaxContainers &&
        std::ranges::find(done, container.number) == done.end())
      add(container, std::nullopt);
}

Certificate* Objects::certificate_of(unsigned container) {
  for (Certificate& certificate : objects_.certificates)
    if (certificate_containers_[certificate.ref] == container) return &certificate;
  return nullptr;
}

/// The key in a certificate, if that can be read.
PublicKey Objects::key_in(const Certificate* certificate, bool logged_in) {
  if (certificate == nullptr) return std::monostate{};
  return read_or_note("a certificate", logged_in,
                      [&] { return x509::public_key(read_certificate(certificate->ref)); });
}

/// The reference whose public half fits the container's certificate; without a certificate, the
/// one that this generation of the card uses.
std::optional<std::pair<Byte, PublicKey>> Objects::find_key(unsigned container, unsigned bits,
                                                            bool logged_in) {
  const PublicKey wanted = key_in(certificate_of(container), logged_in);
  const bool has_wanted = !std::holds_alternative<std::monostate>(wanted);
  std::vector<Byte> candidates;
  const auto propose = [&](Model model) {
    const auto reference = usual_reference(model, container);
    if (reference && std::ranges::find(candidates, *reference) == candidates.end())
      candidates.push_back(*reference);
  };
  propose(model_);
  if (has_wanted)
    for (const Model model :
         {Model::kOther, Model::k840, Model::k930Plus, Model::k930, Model::k830, Model::k3810})
      propose(model);
  bool card_tells = false;
  for (const Byte reference : candidates) {
    PublicKey found = read_public_key(*files_, reference, has_wanted ? bits_of(wanted) : bits);
    if (std::holds_alternative<std::monostate>(found)) continue;
    card_tells = true;
    if (!has_wanted || same_key(found, wanted)) return std::pair{reference, std::move(found)};
  }
  // An older applet does not give public keys; then only the usual number can be meant.
  if (!card_tells && !candidates.empty()) return std::pair{candidates.front(), wanted};
  return std::nullopt;
}

void Objects::add_key(const Container& container, std::optional<MappedKey> mapped, bool logged_in) {
  const unsigned announced = std::max(container.sign_bits, container.exchange_bits);
  Certificate* certificate = certificate_of(container.number);
  if (announced == 0 && !mapped && certificate == nullptr) return;
  CardKey card_key;
  PublicKey public_key;
  if (mapped) {
    card_key.reference = mapped->reference;
    card_key.signature_pin = mapped->signature_pin;
    public_key = read_public_key(*files_, mapped->reference, announced);
    if (std::holds_alternative<std::monostate>(public_key))
      public_key = key_in(certificate, logged_in);
  } else {
    auto found = find_key(container.number, announced, logged_in);
    if (!found) {
      objects_.odd.push_back(
          {fmt::format("container {}: its key cannot be found", container.number)});
      return;
    }
    card_key.reference = found->first;
    public_key = std::move(found->second);
  }
  card_key.bits = bits_of(public_key) != 0 ? bits_of(public_key) : announced;
  if (card_key.bits == 0) return;
  Key key;
  key.ref = ref_of(kKeyRef, Bytes{static_cast<Byte>(container.number)}, key_mark(public_key));
  key.type = card_key.bits <= 521 ? KeyType::kEc : KeyType::kRsa;
  key.bits = card_key.bits;
  key.id = std::holds_alternative<std::monostate>(public_key)
               ? Bytes{static_cast<Byte>(container.number)}
               : crypto::key_id(public_key);
  key.label =
      container.name.empty() ? fmt::format("container {}", container.number) : container.name;
  key.usage.sign = true;
  key.usage.decrypt = key.usage.unwrap = key.type == KeyType::kRsa;
  key.usage.derive = key.type == KeyType::kEc;
  key.has_public = !std::holds_alternative<std::monostate>(public_key);
  key.public_key = std::move(public_key);
  key.always_authenticate = card_key.signature_pin;
  key.modifiable = false;
  if (certificate != nullptr) {
    certificate->id = key.id;
    certificate->label = key.label;
  }
  card_keys_[key.ref] = card_key;
  objects_.keys.push_back(std::move(key));
}

const CardKey* Objects::card_key(const ObjectRef& ref) const noexcept {
  const auto found = card_keys_.find(ref);
  return found == card_keys_.end() ? nullptr : &found->second;
}

bool Objects::has_signature_pin() const noexcept {
  return std::ranges::any_of(card_keys_, [](const auto& one) { return one.second.signature_pin; });
}

Bytes Objects::read_certificate(const ObjectRef& ref) {
  const auto file = certificate_files_.find(ref);
  const auto certificate = std::ranges::find(objects_.certificates, ref, &Certificate::ref);
  if (file == certificate_files_.end() || certificate == objects_.certificates.end())
    throw ObjectNotFound("no such certificate on the token");
  if (!certificate->der) certificate->der = unpack_certificate(files_->read_file(file->second));
  return *certificate->der;
}

std::string Objects::token_name() {
  try {
    for (const IndexEntry& entry : index_ ? *index_ : parse_index(files_->read_file(kIndex)))
      if (entry.name == "tinfo" && entry.directory == "p11")
        return parse_token_name(files_->read_file(entry.file));
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    return {};  // the name is worth no failure
  }
  return {};
}

}  // namespace kilt::etoken::idprime
