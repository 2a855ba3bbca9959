#include "drivers/etoken/applet/pins.h"

#include "drivers/crypto/des.h"
#include "drivers/crypto/pkcs12_kdf.h"
#include "drivers/etoken/applet/layout.h"
#include "drivers/etoken/utf16.h"
#include "drivers/status.h"

namespace kilt::etoken::applet {
namespace {

constexpr unsigned kIterations = 999;
constexpr std::size_t kKeySize = 24;
// The record is 20 bytes, or two salts and the retry limits behind a zero byte.
constexpr std::size_t kLongRecord = 43;
constexpr unsigned kMinPin = 4, kMaxPin = 20;  // what maker's software shows lies within

constexpr Byte kTagTries = 0x23;

KeyReference reference(PinRole role) {
  return role == PinRole::kSo ? KeyReference::kSo : KeyReference::kUser;
}

}  // namespace

SecureBytes derive_login_key(const SecureBytes& pin, BytesView salt) {
  Bytes password = to_utf16be(pin.view());
  append(password, Bytes{0x00, 0x00});
  return crypto::pkcs12_derive(password, salt, crypto::Pkcs12Purpose::kMac, kIterations, kKeySize,
                               Hash::kSha1);
}

Bytes login_cryptogram(const SecureBytes& key, BytesView challenge) {
  return crypto::des3_encrypt(key, challenge);
}

Bytes Pins::read_salt_record() {
  try {
    return files_->read_file(kSaltFile);
  } catch (const ObjectNotFound&) {
    throw PinNotInitialized();
  }
}

BytesView Pins::salt_of(PinRole role, BytesView record) const {
  const bool two = record.size() >= 2 * kSaltSize;
  if (record.size() < kSaltSize) throw MalformedAnswer("the token's salt is too short");
  if (role == PinRole::kSo && two && so_salt_ == SoSalt::kSecond)
    return record.subspan(kSaltSize, kSaltSize);
  return record.first(kSaltSize);
}

void Pins::note_limits(BytesView record) {
  if (record.size() != kLongRecord) return;
  tries_max_[PinRole::kUser] = record[kLongRecord - 2];
  tries_max_[PinRole::kSo] = record[kLongRecord - 1];
}

StatusWord Pins::authenticate(PinRole role, const SecureBytes& key) {
  return files_->authenticate(reference(role), login_cryptogram(key, files_->challenge()));
}

void Pins::verify(PinRole role, const SecureBytes& pin) {
  if (role == PinRole::kSo && so_salt_ == SoSalt::kNotChosen)
    throw NotSupported(
        "how this token's SO key is derived is not proved by a public source, and a wrong guess "
        "spends a try: set the option so_salt in the token's profile to take the risk");
  forget();
  Bytes record = read_salt_record();
  note_limits(record);
  SecureBytes key = derive_login_key(pin, salt_of(role, record));
  const StatusWord sw = authenticate(role, key);
  status_.clear();
  if (sw == sw::kOk) {
    const auto max = tries_max_.find(role);
    const auto full = max != tries_max_.end() && max->second != 0 ? max->second : tries_left(role);
    key_ = Kept{role, std::move(key), std::move(record), full};
    return;
  }
  if (sw == sw::kAuthenticationFailed) throw WrongPin(status(role).tries_left);
  throw_pin_status("EXTERNAL AUTHENTICATE", sw);
}

/// In the DF of the salt file, which is the token's.
std::optional<unsigned> Pins::tries_left(PinRole role) {
  const auto object = files_->pin_object(reference(role));
  if (!object) return std::nullopt;
  const auto tries = object->find(kTagTries);
  if (tries == object->end() || tries->second.size() != 1) return std::nullopt;
  return tries->second.front();
}

bool Pins::still_holds() {
  if (!equal(read_salt_record(), key_->salt_record)) return false;
  return key_->tries && tries_left(key_->role) == key_->tries;
}

void Pins::reauthenticate(const std::function<void()>& prepare) {
  if (!key_) throw NotLoggedIn();
  if (!still_holds()) {
    forget();
    throw NotLoggedIn();
  }
  prepare();
  const StatusWord sw = authenticate(key_->role, key_->key);
  if (sw == sw::kOk) return;
  forget();
  throw NotLoggedIn();
}

void Pins::forget() noexcept { key_.reset(); }

PinStatus Pins::status(PinRole role) {
  if (!status_.contains(role)) read_status();
  return status_.at(role);
}

void Pins::read_status() {
  bool present = true;
  try {
    files_->select(kTokenDirectory);
  } catch (const ObjectNotFound&) {
    present = false;  // a token that was never set up
  } catch (const Error& error) {
    if (!concerns_one_object(error)) throw;  // the folder that cannot be read is there
  }
  for (const PinRole role : {PinRole::kUser, PinRole::kSo}) {
    PinStatus status;
    status.initialized = present;
    status.min_length = kMinPin;
    status.max_length = kMaxPin;
    if (present) status.tries_left = tries_left(role);
    status.blocked = status.tries_left == 0U;
    if (const auto max = tries_max_.find(role); max != tries_max_.end() && max->second != 0)
      status.tries_max = max->second;
    status_[role] = status;
  }
}

}  // namespace kilt::etoken::applet
