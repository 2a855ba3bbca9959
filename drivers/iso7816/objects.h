// Everything that an ISO 7816 card shows: keys of its PKCS#15 directory and of the profile's slots,
// certificates of the card and of this computer, put together by key.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "drivers/iso7816/host_certificates.h"
#include "drivers/iso7816/key_slots.h"
#include "drivers/iso7816/key_use.h"
#include "drivers/pkcs15/objects.h"

namespace kilt::iso7816 {

class Objects {
 public:
  /// `application` may be nullptr: the card has none.
  Objects(Files& files, KeySlots& slots, pkcs15::Objects* application, const Profile& profile);

  /// Bad news: read the card again at the next list(). Good news is noticed by itself.
  void forget() noexcept { listed_ = fresh_ = false; }
  /// The application has just been loaded: the next list() need not do it again.
  void application_loaded() noexcept { fresh_ = true; }
  /// A login may show more.
  void logged_in() noexcept {
    if (wants_login_) listed_ = false;
    if (application_ != nullptr && !application_->list().odd.empty()) fresh_ = false;
  }
  /// `user_auth_id`: keys under another PIN are shown, but cannot be used.
  const ObjectList& list(const Bytes& user_auth_id);

  /// Throws ObjectNotFound.
  [[nodiscard]] CardKey card_key(const ObjectRef& ref) const;
  [[nodiscard]] PublicKey public_key(const ObjectRef& ref);
  [[nodiscard]] Bytes certificate(const ObjectRef& ref) const;
  /// The slot whose key has this id, nullptr if none has.
  [[nodiscard]] const KeySlot* slot_of_id(const Bytes& id) const;
  /// The ref of the key in this slot.
  [[nodiscard]] ObjectRef ref_in(const KeySlot& slot) const;

  /// Stores the certificate on this computer. Throws Inconsistent if it is for none of the card's
  /// keys, WriteProtected.
  ObjectRef keep_certificate(BytesView der);
  /// Deletes one that is kept on this computer. Throws WriteProtected for one of the card.
  void drop_certificate(const ObjectRef& ref);

 private:
  struct SlotKey {
    const KeySlot* slot;
    RsaPublicKey key;
    Bytes id;
    ObjectRef ref;
  };
  struct CardCertificate {
    Bytes path, der;
  };

  bool read_card();
  void read_slots();
  void read_certificate_files();
  void build(const Bytes& user_auth_id);
  void add_slot_keys();
  void add_certificate(const ObjectRef& ref, const Bytes& der, const std::string& label,
                       bool on_host);
  /// The id of the key that the certificate is for, empty if none.
  Bytes key_of(BytesView public_key);
  Bytes bits_in_certificate(const Key& key);
  const Bytes& application_certificate(const Certificate& certificate);
  [[nodiscard]] std::string mark();

  Files* files_;
  KeySlots* slots_;
  pkcs15::Objects* application_;
  const Profile profile_;
  HostCertificates host_;

  bool listed_ = false, fresh_ = false, wants_login_ = false;
  std::string mark_;
  std::uint64_t host_generation_ = 0;
  std::vector<SlotKey> slot_keys_;
  std::vector<CardCertificate> card_certificates_;
  std::map<ObjectRef, PublicKey> public_keys_;  ///< of the application's keys, as far as read
  std::map<ObjectRef, Bytes> application_certificates_;  ///< DER, as far as read
  std::map<ObjectRef, Bytes> certificates_;  ///< DER of those that are not the application's
  std::map<ObjectRef, std::filesystem::path> host_files_;
  std::string slots_fault_;  ///< why the places for keys could not be read, if so
  ObjectList list_;
  Bytes print_;  ///< of list_
};

}  // namespace kilt::iso7816
