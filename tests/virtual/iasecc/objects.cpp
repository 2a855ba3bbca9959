// PINs and keys of the IAS-ECC-like card as security data objects.
#include <openssl/sha.h>

#include "tests/virtual/iasecc/iasecc.h"
#include "tests/virtual/iso7816/rsa.h"
#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::iasecc {
namespace {

using iso::Answer;
using iso::Command;
using iso::tlv;

constexpr std::uint8_t kPin = 0x01, kPuk = 0x02, kLocal = 0x80;
constexpr std::size_t kMinPin = 4, kMaxPin = 8;
// Classes of objects
constexpr std::uint8_t kChv = 0x01, kPrivate = 0x10, kPublic = 0x20, kEnvironmentClass = 0x7B;
// Control reference templates, algorithm bytes
constexpr std::uint8_t kAt = 0xA4, kDst = 0xB6, kCt = 0xB8, kHt = 0xAA;
constexpr std::uint8_t kPkcs1 = 0x02, kPkcs1Decrypt = 0x0A, kSha1 = 0x10, kSha256 = 0x40;
constexpr std::uint8_t kKeys = 4;

Bytes modulus_and_exponent(const Bytes& key, bool modulus, bool exponent) {
  const iso::RsaPublic half = iso::public_half(key);
  return tlv(0x7F49, {modulus ? tlv(0x81, half.modulus) : Bytes(),
                      exponent ? tlv(0x82, half.exponent) : Bytes()});
}

}  // namespace

Bytes IasEcc::block(const std::string& digits) const {
  Bytes value = iso::text(digits);
  if (!is("pin-pad", "none")) value.resize(kMaxPin, iso::unhex(setting("pin-pad"))[0]);
  return value;
}

Answer IasEcc::verify(const Command& command) {
  if (command.p1 != 0x00) return {{}, 0x6A86};
  if (command.p2 != kPin && command.p2 != kPuk) return {{}, 0x6A88};
  iso::Pin& pin = command.p2 == kPin ? pin_ : puk_;
  if (command.data.empty()) return {{}, pin_status(command.p2, pin)};
  return {{}, check_pin(command.p2, pin, command.data)};
}

Answer IasEcc::new_pin(const Bytes& value) {
  const bool stored = !is("pin-pad", "none");
  if (value.size() < (stored ? kMaxPin : kMinPin) || value.size() > kMaxPin) return {{}, 0x6A80};
  about_to_write();
  pin_.value = value;
  pin_.tries = pin_.max;
  return {};
}

Answer IasEcc::change_reference_data(const Command& command) {
  if (command.p1 != 0x00) return {{}, 0x6A86};
  if (command.p2 != kPin) return {{}, 0x6A88};
  const std::size_t length = pin_.value.size();
  if (command.data.size() <= length) return {{}, 0x6700};
  const auto middle = command.data.begin() + static_cast<std::ptrdiff_t>(length);
  const unsigned sw = check_pin(kPin, pin_, Bytes(command.data.begin(), middle));
  return sw == 0x9000 ? new_pin(Bytes(middle, command.data.end())) : Answer{{}, sw};
}

/// 02: a new PIN, 03: the counter alone; the PUK was verified before.
Answer IasEcc::reset_retry_counter(const Command& command) {
  if (command.p1 != 0x02 && command.p1 != 0x03) return {{}, 0x6A86};
  if (command.p2 != kPin) return {{}, 0x6A88};
  if (!verified(kPuk)) return {{}, 0x6982};
  if (command.data.empty() == (command.p1 == 0x02)) return {{}, 0x6700};
  forget_pin(kPin);
  if (command.p1 == 0x02) return new_pin(command.data);
  about_to_write();
  pin_.tries = pin_.max;
  return {};
}

/// `CB 3F FF`: 4D, 70, the object BF cc nn, what is wanted of it. A length of 80 means all.
Answer IasEcc::get_data(const Command& command) {
  if (command.p1p2() != 0x3FFF) return {{}, 0x6A86};
  const Bytes& data = command.data;
  constexpr std::size_t kHeader = 8;
  if (data.size() < kHeader || data[0] != 0x4D || data[1] != data.size() - 2 || data[2] != 0x70 ||
      data[3] != data.size() - 4 || data[4] != 0xBF)
    return {{}, 0x6A80};
  const Bytes wanted(data.begin() + kHeader, data.end());
  if (data[7] != wanted.size()) return {{}, 0x6A80};
  const auto object_class = static_cast<std::uint8_t>(data[5] & 0x7F);
  const auto number = static_cast<std::uint8_t>(data[6] & 0x1F);
  const bool exists =
      (object_class == kChv && (number == kPin || number == kPuk)) ||
      ((object_class == kPrivate || object_class == kPublic) && number >= 1 && number <= kKeys) ||
      (object_class == kEnvironmentClass && (number == 1 || number == 2));
  if (!exists) return {{}, 0x6A88};
  const Bytes contents = object_data(object_class, number, wanted);
  if (contents.empty()) return {{}, 0x6A80};
  const unsigned tag = 0xBF0000U | static_cast<unsigned>(data[5]) << 8 | data[6];
  return {tlv(0x70, tlv(tag, contents)), 0x9000};
}

Bytes IasEcc::object_data(std::uint8_t object_class, std::uint8_t number,
                          const Bytes& wanted) const {
  if (wanted == Bytes{0xA0, 0x80}) return control_parameters(object_class, number);
  if (object_class == kEnvironmentClass && wanted == Bytes{kEnvironmentClass, 0x80}) {
    const Bytes password = tlv(0xA4, {tlv(0x95, {0x08}), tlv(0x83, {number})});
    return tlv(kEnvironmentClass, password);
  }
  if (object_class == kChv && wanted == Bytes{0x7F, 0x41, 0x80})
    return tlv(0x7F41, {tlv(0x80, {kMaxPin}), tlv(0x81, {kMinPin})});
  const auto key = keys_.find(number);
  if (object_class != kPublic || key == keys_.end()) return {};
  if (wanted == Bytes{0x7F, 0x49, 0x80}) return modulus_and_exponent(key->second, true, true);
  if (wanted == Bytes{0x7F, 0x49, 0x02, 0x81, 0x00})
    return modulus_and_exponent(key->second, true, false);
  if (wanted == Bytes{0x7F, 0x49, 0x02, 0x82, 0x00})
    return modulus_and_exponent(key->second, false, true);
  if (wanted == Bytes{0x7F, 0x49, 0x04, 0x81, 0x00, 0x82, 0x00})
    return modulus_and_exponent(key->second, true, true);
  return {};
}

/// A0: counters, size, rules. Conditions: 11 user PIN, 12 PUK, 00 always, FF never.
Bytes IasEcc::control_parameters(std::uint8_t object_class, std::uint8_t number) const {
  const auto count = [](unsigned value) { return Bytes{static_cast<std::uint8_t>(value)}; };
  if (object_class == kChv) {
    const iso::Pin& pin = number == kPin ? pin_ : puk_;
    // change, verify, reset, put data, get data
    const Bytes rules = number == kPin ? iso::unhex("73000012FF00") : iso::unhex("2300FF00");
    return tlv(0xA0, {tlv(0x9A, count(pin.max)), tlv(0x9B, count(pin.tries)),
                      tlv(0xA1, tlv(0x8C, rules))});
  }
  if (object_class == kEnvironmentClass) return {};
  // signature, internal authentication, decipherment, generation; put data, get data
  const Bytes rules = iso::unhex(object_class == kPrivate ? "7B11111111FF00" : "0B111100");
  return tlv(0xA0, {tlv(0x80, {0x01, 0x00}), tlv(0x9E, count(number == 2 ? 1 : 0)),
                    tlv(0xA1, tlv(0x8C, rules))});
}

/// The exponent of the key to be made; another than F4 is not made here.
Answer IasEcc::put_data(const Command& command) {
  if (command.p1p2() != 0x3FFF) return {{}, 0x6A86};
  if (!verified(kPin)) return {{}, 0x6982};
  const auto outer = iso::read_tlvs(command.data);
  const auto object = outer ? iso::find(*outer, 0x70) : std::nullopt;
  const auto fields = object ? iso::read_tlvs(*object) : std::nullopt;
  if (!fields || fields->size() != 1 || (fields->front().tag & 0xFFFF00) != 0xBFA000)
    return {{}, 0x6A80};
  const auto parts = iso::read_tlvs(fields->front().value);
  const auto key = parts ? iso::find(*parts, 0x7F49) : std::nullopt;
  const auto numbers = key ? iso::read_tlvs(*key) : std::nullopt;
  const auto exponent = numbers ? iso::find(*numbers, 0x82) : std::nullopt;
  return {{}, exponent == Bytes{0x01, 0x00, 0x01} ? 0x9000U : 0x6A80U};
}

Answer IasEcc::manage_security_environment(const Command& command) {
  if (command.p1 != 0x41) return {{}, 0x6A86};
  const auto row = iso::read_tlvs(command.data);
  if (!row) return {{}, 0x6A80};
  const auto algorithm = iso::find(*row, 0x80), key = iso::find(*row, 0x84);
  if (!algorithm || algorithm->size() != 1) return {{}, 0x6A80};
  const std::uint8_t chosen = (*algorithm)[0];
  switch (command.p2) {
    case kHt:
      if (chosen != kSha1 && chosen != kSha256) return {{}, 0x6A80};
      environment_[kHt] = {0, chosen};
      hash_.clear();
      return {};
    case kAt:
      if (chosen != kPkcs1) return {{}, 0x6A80};
      break;
    case kDst:
      if (chosen != (kPkcs1 | kSha1) && chosen != (kPkcs1 | kSha256)) return {{}, 0x6A80};
      break;
    case kCt:
      if ((chosen & 0x0F) != kPkcs1Decrypt) return {{}, 0x6A80};
      break;
    default:
      return {{}, 0x6A86};
  }
  if (!key || key->size() != 1 || ((*key)[0] & kLocal) == 0) return {{}, 0x6A80};
  environment_[command.p2] = {static_cast<std::uint8_t>((*key)[0] & ~kLocal), chosen};
  return {};
}

std::pair<const Bytes*, unsigned> IasEcc::usable(std::uint8_t crt) const {
  const auto chosen = environment_.find(crt);
  if (chosen == environment_.end()) return {nullptr, 0x6985};
  const auto key = keys_.find(chosen->second.key);
  if (key == keys_.end()) return {nullptr, 0x6A88};
  if (!verified(kPin)) return {nullptr, 0x6982};
  return {&key->second, 0x9000};
}

Answer IasEcc::internal_authenticate(const Command& command) {
  if (command.p1p2() != 0x0000) return {{}, 0x6A86};
  if (is("sign", "hash")) return {{}, 0x6D00};
  const auto [key, sw] = usable(kAt);
  if (key == nullptr) return {{}, sw};
  // ISO 9796-2's rule that 40 % of the modulus are free for the input.
  if (command.data.size() > 102) return {{}, 0x6700};
  const auto signature = iso::rsa_sign(*key, command.data);
  return signature ? Answer{*signature, 0x9000} : Answer{{}, 0x6A80};
}

Answer IasEcc::perform_security_operation(const Command& command) {
  if (command.p1p2() == 0x8086) return decipher(command.data);
  if (is("sign", "internal")) return {{}, 0x6A81};
  if (command.p1p2() == 0x90A0) return hash(command.data);
  return command.p1p2() == 0x9E9A ? sign_hash() : Answer{{}, 0x6A86};
}

/// 90 with a finished hash; or 90 empty and 80 with all the text. What a host has begun to hash
/// (an intermediate value under 90) is not taken on.
Answer IasEcc::hash(const Bytes& data) {
  const auto chosen = environment_.find(kHt);
  if (chosen == environment_.end()) return {{}, 0x6985};
  const auto row = iso::read_tlvs(data);
  const auto begun = row ? iso::find(*row, 0x90) : std::nullopt;
  const auto rest = row ? iso::find(*row, 0x80) : std::nullopt;
  if (!begun) return {{}, 0x6A80};
  const bool sha1 = chosen->second.algorithm == kSha1;
  Bytes value(sha1 ? std::size_t{SHA_DIGEST_LENGTH} : std::size_t{SHA256_DIGEST_LENGTH});
  if (!rest && begun->size() == value.size()) {
    value = *begun;
  } else if (rest && begun->empty()) {
    if (sha1)
      SHA1(rest->data(), rest->size(), value.data());
    else
      SHA256(rest->data(), rest->size(), value.data());
  } else {
    return {{}, 0x6A80};
  }
  hash_ = value;
  return {};
}

Answer IasEcc::sign_hash() {
  const auto [key, sw] = usable(kDst);
  if (key == nullptr) return {{}, sw};
  const bool sha1 = environment_[kDst].algorithm == (kPkcs1 | kSha1);
  if (hash_.size() != (sha1 ? 20U : 32U)) return {{}, 0x6985};
  const Bytes oid = iso::unhex(sha1 ? "2B0E03021A" : "608648016503040201");
  const Bytes identifier = tlv(0x30, {tlv(0x06, oid), tlv(0x05, Bytes())});
  const auto signature = iso::rsa_sign(*key, tlv(0x30, {identifier, tlv(0x04, hash_)}));
  hash_.clear();
  return signature ? Answer{*signature, 0x9000} : Answer{{}, 0x6A80};
}

/// The cryptogram behind a padding indicator.
Answer IasEcc::decipher(const Bytes& data) {
  const auto [key, sw] = usable(kCt);
  if (key == nullptr) return {{}, sw};
  if (data.empty() || (data[0] != 0x00 && data[0] != 0x81)) return {{}, 0x6A80};
  const auto plain = iso::rsa_decrypt(*key, Bytes(data.begin() + 1, data.end()));
  return plain ? Answer{*plain, 0x9000} : Answer{{}, 0x6A80};
}

/// `47 00 00`, 70 with the private object's name.
Answer IasEcc::generate(const Command& command) {
  if (command.p1p2() != 0x0000) return {{}, 0x6A86};
  const Bytes& data = command.data;
  if (data.size() != 5 || data[0] != 0x70 || data[1] != 3 || data[2] != 0xBF ||
      (data[3] & ~kLocal) != kPrivate)
    return {{}, 0x6A80};
  const auto number = static_cast<std::uint8_t>(data[4] & ~kLocal);
  if (number < 1 || number > kKeys) return {{}, 0x6A88};
  if (!verified(kPin)) return {{}, 0x6982};
  about_to_write();
  keys_.erase(number);
  Bytes made = iso::make_rsa(2048);
  about_to_write();
  keys_[number] = made;
  return {modulus_and_exponent(made, true, true), 0x9000};
}

}  // namespace kilt::vtoken::iasecc
