#include "drivers/etoken/applet/login.h"

#include <memory>

#include <openssl/evp.h>
#include <openssl/pkcs12.h>

#include "drivers/crypto.h"
#include "drivers/etoken/applet/layout.h"
#include "drivers/etoken/des3.h"
#include "drivers/etoken/utf16.h"
#include "drivers/status.h"

namespace kilt::etoken {
namespace {

constexpr int kIterations = 999;
constexpr int kMacId = 3;  // RFC 7292, B.3: "key material for MACs"
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
  if (pin.empty()) throw PinLength("an empty PIN is never sent to the token");
  Bytes password = to_utf16be(pin.view());
  append(password, Bytes{0x00, 0x00});
  Bytes salt_copy = to_bytes(salt);  // OpenSSL's parameter is not const
  Bytes key(kKeySize);
  const std::unique_ptr<EVP_MD, void (*)(EVP_MD*)> sha1(
      EVP_MD_fetch(crypto::library(), "SHA1", nullptr), &EVP_MD_free);
  if (!sha1 || PKCS12_key_gen_uni_ex(password.data(), static_cast<int>(password.size()),
                                     salt_copy.data(), static_cast<int>(salt_copy.size()), kMacId,
                                     kIterations, static_cast<int>(key.size()), key.data(),
                                     sha1.get(), crypto::library(), nullptr) != 1)
    throw Error("the login key cannot be derived");
  return SecureBytes(std::move(key));
}

Bytes login_cryptogram(const SecureBytes& key, BytesView challenge) {
  return des3_encrypt(key, challenge);
}

Bytes Login::read_salt_record() {
  try {
    return channel_->read_file(kSaltFile);
  } catch (const ObjectNotFound&) {
    throw PinNotInitialized();
  }
}

BytesView Login::salt_of(PinRole role, BytesView record) const {
  const bool two = record.size() >= 2 * kSaltSize;
  if (record.size() < kSaltSize) throw MalformedAnswer("the token's salt is too short");
  if (role == PinRole::kSo && two && so_salt_ == SoSalt::kSecond)
    return record.subspan(kSaltSize, kSaltSize);
  return record.first(kSaltSize);
}

void Login::note_limits(BytesView record) {
  if (record.size() != kLongRecord) return;
  tries_max_[PinRole::kUser] = record[kLongRecord - 2];
  tries_max_[PinRole::kSo] = record[kLongRecord - 1];
}

StatusWord Login::authenticate(PinRole role, const SecureBytes& key) {
  return channel_->authenticate(reference(role), login_cryptogram(key, channel_->challenge()));
}

void Login::log_in(PinRole role, const SecureBytes& pin) {
  if (pin.empty()) throw PinLength("an empty PIN is never sent to the token");
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
    key_ = Kept{role, std::move(key), std::move(record)};
    return;
  }
  if (sw == sw::kAuthenticationFailed) throw WrongPin(status(role).tries_left);
  throw_status("EXTERNAL AUTHENTICATE", sw);
}

void Login::again(const std::function<void()>& prepare) {
  if (!key_) throw NotLoggedIn();
  // A changed PIN comes with a new salt: the old key would only spend a try.
  if (!equal(read_salt_record(), key_->salt_record)) {
    forget();
    throw NotLoggedIn();
  }
  prepare();
  const StatusWord sw = authenticate(key_->role, key_->key);
  if (sw == sw::kOk) return;
  forget();
  throw NotLoggedIn();
}

void Login::forget() noexcept { key_.reset(); }

PinStatus Login::status(PinRole role) {
  if (!status_.contains(role)) read_status();
  return status_.at(role);
}

void Login::read_status() {
  bool present = true;
  try {
    channel_->select(kTokenDirectory);
  } catch (const ObjectNotFound&) {
    present = false;  // a token nobody has set up
  }
  for (const PinRole role : {PinRole::kUser, PinRole::kSo}) {
    PinStatus status;
    status.initialized = present;
    status.min_length = kMinPin;
    status.max_length = kMaxPin;
    if (present)
      if (const auto object = channel_->pin_object(reference(role)))
        if (const auto tries = object->find(kTagTries);
            tries != object->end() && tries->second.size() == 1)
          status.tries_left = tries->second.front();
    status.blocked = status.tries_left == 0U;
    if (const auto max = tries_max_.find(role); max != tries_max_.end() && max->second != 0)
      status.tries_max = max->second;
    status_[role] = status;
  }
}

}  // namespace kilt::etoken
