#include "drivers/iso7816/objects.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>

#include "apdu/tlv.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/spki.h"
#include "drivers/crypto/x509.h"
#include "drivers/errors.h"
#include "drivers/fingerprint.h"
#include "drivers/pkcs15/encode.h"

namespace kilt::iso7816 {
namespace {

constexpr std::size_t kMaxCertificate = 16384;

// First bytes of the refs of objects that are not the application's.
constexpr Byte kSlotRef = 'k', kHostRef = 'h', kFileRef = 'f';

ObjectRef tagged(Byte kind, BytesView rest) {
  ObjectRef ref{kind};
  append(ref, rest);
  return ref;
}

Bytes inflated(BytesView data) {
  Bytes out(kMaxCertificate);
  uLongf size = out.size();
  if (uncompress(out.data(), &size, data.data(), data.size()) != Z_OK) return {};
  out.resize(size);
  return out;
}

/// The certificate at the beginning of the bytes, padding behind it removed; empty if there is
/// none.
Bytes certificate_in(BytesView contents) {
  try {
    const auto node = tlv::Reader(contents).next();
    if (node && x509::is_certificate(node->encoded)) return to_bytes(node->encoded);
  } catch (const MalformedAnswer&) {
    return {};
  }
  return {};
}

}  // namespace

Objects::Objects(Files& files, KeySlots& slots, pkcs15::Objects* application,
                 const Profile& profile)
    : files_(&files),
      slots_(&slots),
      application_(application),
      profile_(profile),
      host_(profile.host->certificates) {}

/// The application's mark of its last change, empty if it has none.
std::string Objects::mark() {
  if (application_ == nullptr) return {};
  const auto info = application_->read_token_info();
  return info ? info->last_update : std::string();
}

/// True if something may have changed. A PKCS#15 card without lastUpdate is read every time; keys
/// in slots are made by an explicit act only, and are read once until a reset or an act of ours.
bool Objects::read_card() {
  const std::string mark = this->mark();
  const bool same_mark = mark == mark_;
  const bool application_changed =
      application_ != nullptr && (!listed_ || mark.empty() || mark != mark_);
  if (listed_ && !application_changed) return false;
  mark_ = mark;
  if (application_ != nullptr && !std::exchange(fresh_, false))
    application_->load({}, pkcs15::Objects::Trust::kAll, same_mark);
  if (!listed_) {
    wants_login_ = false;
    read_slots();
    read_certificate_files();
  }
  if (application_ != nullptr && !application_->list().odd.empty()) wants_login_ = true;
  public_keys_.clear();
  application_certificates_.clear();
  listed_ = true;
  return true;
}

void Objects::read_slots() {
  slot_keys_.clear();
  slots_fault_.clear();
  if (!slots_->readable()) return;
  try {
    for (auto& [slot, key] : slots_->read_all()) {
      SlotKey entry{slot, key, crypto::key_id(key), {}};
      // The id makes it another object when another key comes into the same slot.
      entry.ref = tagged(kSlotRef, Bytes{slot->number, slot->reference});
      append(entry.ref, BytesView(entry.id).first(8));
      slot_keys_.push_back(std::move(entry));
    }
  } catch (const NotLoggedIn&) {
    wants_login_ = true;  // some cards show public keys after a login only
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
    slots_fault_ = error.what();
  }
}

void Objects::read_certificate_files() {
  card_certificates_.clear();
  for (const CertificateFile& file : profile_.commands.certificate_files) {
    if (!file.verified && !profile_.accepted()) continue;
    try {
      Bytes path{0x3F, 0x00};
      append(path, pkcs15::relative_path(file.path));
      const Bytes contents = pkcs15::read_file(*files_, path);
      if (file.offset >= contents.size()) continue;
      const BytesView rest = BytesView(contents).subspan(file.offset);
      Bytes der = file.compressed ? certificate_in(inflated(rest)) : certificate_in(rest);
      if (!der.empty()) card_certificates_.push_back({file.path, std::move(der)});
    } catch (const ObjectNotFound&) {
      continue;
    } catch (const NotLoggedIn&) {
      wants_login_ = true;
    } catch (const Error& error) {
      if (!concerns_one_object(error)) throw;
      continue;  // a file of another kind: the profile only says where to search
    }
  }
}

const ObjectList& Objects::list(const Bytes& user_auth_id) {
  const bool card_changed = read_card();
  host_.refresh();
  if (card_changed || host_.generation() != host_generation_) build(user_auth_id);
  host_generation_ = host_.generation();
  return list_;
}

void Objects::build(const Bytes& user_auth_id) {
  const std::uint64_t generation = list_.generation + 1, changes = list_.changes + 1;
  list_ = application_ != nullptr ? application_->list() : ObjectList{};
  list_.generation = generation;
  list_.changes = changes;
  certificates_.clear();
  host_files_.clear();
  for (Key& key : list_.keys) {
    key.modifiable = false;
    const auto* entry = application_->private_entry(key.ref);
    if (entry != nullptr && !user_auth_id.empty() && !entry->common.auth_id.empty() &&
        entry->common.auth_id != user_auth_id)
      key.unusable_reason =
          "the key is protected by another PIN of the card, which is not used yet";
  }
  for (Certificate& certificate : list_.certificates) certificate.modifiable = false;
  for (DataObject& data : list_.data) data.modifiable = false;
  add_slot_keys();
  for (const std::string& fault : slots_->faults())
    list_.odd.push_back({fmt::format("a place for keys: {}", fault)});
  if (!slots_fault_.empty()) list_.odd.push_back({"the places for keys: " + slots_fault_});
  for (const CardCertificate& found : card_certificates_)
    add_certificate(tagged(kFileRef, found.path), found.der, x509::common_name(found.der), false);
  for (const auto& entry : host_.refresh()) {
    const ObjectRef ref = tagged(kHostRef, crypto::sha1(entry.der));
    add_certificate(ref, entry.der, entry.name, true);
    if (certificates_.contains(ref)) host_files_[ref] = entry.file;
  }
  // Many cards have no mark of their last change and are read again and again.
  Bytes print = fingerprint_of(list_);
  append(print, to_bytes(mark_));
  if (print == print_) {
    list_.generation = generation - 1;
    list_.changes = changes - 1;
  }
  print_ = std::move(print);
}

void Objects::add_slot_keys() {
  for (const SlotKey& found : slot_keys_) {
    const bool listed = std::ranges::any_of(list_.keys, [&](const Key& key) {
      const auto* entry = application_ == nullptr ? nullptr : application_->private_entry(key.ref);
      return entry != nullptr && entry->reference == found.slot->reference;
    });
    if (listed) continue;  // the directory knows it, with label and certificate
    Key key;
    key.ref = found.ref;
    key.bits = static_cast<unsigned>(found.key.modulus.size() * 8);
    key.id = found.id;
    key.label = found.slot->label;
    key.usage.sign = found.slot->sign;
    key.usage.decrypt = key.usage.unwrap = found.slot->decrypt;
    key.public_key = found.key;
    key.never_extractable = key.always_sensitive = true;
    key.modifiable = false;
    list_.keys.push_back(std::move(key));
  }
}

void Objects::add_certificate(const ObjectRef& ref, const Bytes& der, const std::string& label,
                              bool on_host) {
  if (certificates_.contains(ref)) return;
  const Bytes id = key_of(x509::public_key_bits(der));
  if (id.empty()) return;  // of another token's key, or the CA's
  Certificate certificate;
  certificate.ref = ref;
  certificate.id = id;
  certificate.label = label;
  certificate.der = der;
  certificate.modifiable = on_host;
  // The card's own copy of the same certificate comes first.
  for (const auto& [other, known] : certificates_)
    if (equal(known, der)) return;
  for (const Certificate& other : list_.certificates)
    if (other.id == id && !certificates_.contains(other.ref) &&
        equal(application_certificate(other), der))
      return;
  certificates_.emplace(ref, der);
  list_.certificates.push_back(std::move(certificate));
}

Bytes Objects::key_of(BytesView bits) {
  for (const Key& key : list_.keys) {
    const PublicKey known = public_key(key.ref);
    const Bytes own = std::holds_alternative<std::monostate>(known)
                          ? bits_in_certificate(key)
                          : crypto::encode_public_key(known);
    if (!own.empty() && equal(own, bits)) return key.id;
  }
  return {};
}

/// Of a key whose public half the card keeps in its certificate only; empty if it has none.
Bytes Objects::bits_in_certificate(const Key& key) {
  for (const Certificate& certificate : list_.certificates)
    if (certificate.id == key.id && !certificates_.contains(certificate.ref))
      return x509::public_key_bits(application_certificate(certificate));
  return {};
}

/// Read once, until the card changes; empty if the card does not let it be read.
const Bytes& Objects::application_certificate(const Certificate& certificate) {
  const auto [known, fresh] = application_certificates_.try_emplace(certificate.ref);
  if (fresh && certificate.der) known->second = *certificate.der;
  if (!fresh || certificate.der || application_ == nullptr) return known->second;
  try {
    known->second = application_->read_certificate(certificate.ref);
  } catch (const ObjectNotFound&) {
    return known->second;  // the directory lies about it
  } catch (const NotLoggedIn&) {
    wants_login_ = true;
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
  }
  return known->second;
}

CardKey Objects::card_key(const ObjectRef& ref) const {
  for (const SlotKey& found : slot_keys_)
    if (found.ref == ref)
      return {found.slot->number, found.slot->reference, found.key.modulus.size()};
  const auto* entry = application_ == nullptr ? nullptr : application_->private_entry(ref);
  if (entry == nullptr) throw ObjectNotFound("the key is no longer on the card");
  const KeySlot* slot = slots_->find(entry->reference);
  return {slot == nullptr ? entry->reference : slot->number, entry->reference,
          entry->modulus_bits / 8};
}

PublicKey Objects::public_key(const ObjectRef& ref) {
  for (const SlotKey& found : slot_keys_)
    if (found.ref == ref) return found.key;
  if (application_ == nullptr) return std::monostate{};
  const auto [known, fresh] = public_keys_.try_emplace(ref);
  if (!fresh) return known->second;
  try {
    known->second = application_->read_public_key(ref);
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;
  }
  const auto* entry = application_->private_entry(ref);
  if (std::holds_alternative<std::monostate>(known->second) && entry != nullptr)
    for (const SlotKey& found : slot_keys_)
      if (found.slot->reference == entry->reference) known->second = found.key;
  return known->second;
}

Bytes Objects::certificate(const ObjectRef& ref) const {
  const auto known = certificates_.find(ref);
  if (known != certificates_.end()) return known->second;
  if (application_ == nullptr) throw ObjectNotFound("the certificate is no longer there");
  return application_->read_certificate(ref);
}

const KeySlot* Objects::slot_of_id(const Bytes& id) const {
  for (const SlotKey& found : slot_keys_)
    if (found.id == id) return found.slot;
  // The directory may know the same key under an id of its own.
  for (const Key& key : list_.keys)
    if (key.id == id && application_ != nullptr)
      if (const auto* entry = application_->private_entry(key.ref))
        return slots_->find(entry->reference);
  return nullptr;
}

ObjectRef Objects::ref_in(const KeySlot& slot) const {
  for (const Key& key : list_.keys) {
    const auto* entry = application_ == nullptr ? nullptr : application_->private_entry(key.ref);
    if (entry != nullptr && entry->reference == slot.reference) return key.ref;
  }
  for (const SlotKey& found : slot_keys_)
    if (found.slot->reference == slot.reference) return found.ref;
  throw ObjectNotFound("the new key does not show on the card");
}

ObjectRef Objects::keep_certificate(BytesView der) {
  if (!x509::is_certificate(der)) throw InvalidData("this is no X.509 certificate");
  const Bytes id = key_of(x509::public_key_bits(der));
  if (id.empty()) throw Inconsistent("the certificate is for none of the keys on this card");
  for (const Certificate& known : list_.certificates)
    if (known.id == id && equal(certificates_.contains(known.ref) ? certificates_.at(known.ref)
                                                                  : application_certificate(known),
                                der))
      return known.ref;  // it is there already
  const std::filesystem::path file = host_.store(der);
  if (profile_.host->log)
    profile_.host->log(fmt::format(
        "the certificate is kept on this computer, in {}; it is not on the card and does not go "
        "with it",
        file.string()));
  return tagged(kHostRef, crypto::sha1(der));
}

void Objects::drop_certificate(const ObjectRef& ref) {
  const auto file = host_files_.find(ref);
  if (file == host_files_.end())
    throw WriteProtected("only certificates that are kept on this computer can be deleted");
  host_.remove(file->second);
}

}  // namespace kilt::iso7816
