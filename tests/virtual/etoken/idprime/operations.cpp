// PINs; MANAGE SECURITY ENVIRONMENT, PERFORM SECURITY OPERATION.
#include <algorithm>

#include <openssl/evp.h>

#include "tests/virtual/etoken/idprime/idprime.h"

namespace kilt::vtoken::etoken {
namespace {

constexpr std::size_t kShortestPin = 4, kLongestPin = 16;
constexpr std::uint8_t kPkcs1 = 0x2, kEcdsa = 0x4, kPss = 0x5;

/// The hash that the high nibble of an algorithm byte names.
struct Hash {
  std::uint8_t nibble;
  const char* name;
  std::size_t size;
  const char* prefix;  ///< DigestInfo up to the hash (RFC 8017, 9.2)
};
constexpr Hash kHashes[] = {
    {0x1, "SHA1", 20, "3021300906052B0E03021A05000414"},
    {0x3, "SHA224", 28, "302D300D06096086480165030402040500041C"},
    {0x4, "SHA256", 32, "3031300D060960864801650304020105000420"},
    {0x5, "SHA384", 48, "3041300D060960864801650304020205000430"},
    {0x6, "SHA512", 64, "3051300D060960864801650304020305000440"},
};

const Hash* hash_of(std::uint8_t algorithm) {
  const auto* const found =
      std::ranges::find_if(kHashes, [&](const Hash& one) { return one.nibble == algorithm >> 4; });
  return found == std::end(kHashes) ? nullptr : found;
}

/// Type-1 padding of PKCS#1 to `size` bytes; empty if it does not fit.
Bytes pad(const Bytes& value, std::size_t size) {
  constexpr std::size_t kLeast = 11;
  if (value.size() + kLeast > size) return {};
  Bytes block{0x00, 0x01};
  block.resize(size - value.size() - 1, 0xFF);
  block.push_back(0x00);
  append(block, value);
  return block;
}

}  // namespace

std::optional<std::string> IdPrime::pin_of(const Bytes& field) const {
  Bytes digits = field;
  if (!is("model", "930")) {
    if (field.size() != kLongestPin) return std::nullopt;
    while (!digits.empty() && digits.back() == 0x00) digits.pop_back();
  }
  if (digits.size() > kLongestPin) return std::nullopt;
  return std::string(digits.begin(), digits.end());
}

void IdPrime::log_out(std::uint8_t reference) { verified_[reference] = false; }

/// `00 20` and the vendor's `00 21`: VERIFY, the query without data, and P1 = FF to log out.
Answer IdPrime::verify(const Apdu& apdu) {
  const auto found = pins_.find(apdu.p2);
  if (found == pins_.end()) return status(0x6A88);
  if (apdu.p1 == 0xFF) {
    if (!apdu.data.empty()) return status(0x6A80);
    log_out(apdu.p2);
    return {};
  }
  if (apdu.p1 != 0x00) return status(0x6A86);
  if (!apdu.data.empty()) return compare(apdu.p2, apdu.data);
  if (verified_[apdu.p2] && apdu.ins == 0x20) return {};
  const unsigned left = found->second.tries_left;
  return status(left == 0 ? 0x6983U : 0x63C0U | left);
}

Answer IdPrime::compare(std::uint8_t reference, const Bytes& given) {
  Pin& pin = pins_[reference];
  if (pin.value.empty() || pin.tries_left == 0) return status(0x6983);
  const auto value = pin_of(given);
  if (!value) return status(0x6700);
  if (*value == pin.value) {
    pin.tries_left = pin.tries_max;
    verified_[reference] = true;
    return {};
  }
  log_out(reference);
  --pin.tries_left;
  return status(pin.tries_left == 0 && is("last-try", "6983") ? 0x6983U : 0x63C0U | pin.tries_left);
}

/// Old and new, of equal field length.
Answer IdPrime::change_pin(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return status(0x6A86);
  const auto found = pins_.find(apdu.p2);
  if (found == pins_.end()) return status(0x6A88);
  if (apdu.data.empty() || apdu.data.size() % 2 != 0) return status(0x6700);
  const std::size_t half = apdu.data.size() / 2;
  Bytes wanted = part(apdu.data, half, half);
  const auto value = pin_of(wanted);
  if (!value) return status(0x6700);
  if (value->size() < kShortestPin) return status(0x6A80);
  const Answer answer = compare(apdu.p2, part(apdu.data, 0, half));
  if (answer.sw != 0x9000) return answer;
  found->second.value = *value;
  found->second.ever_changed = true;
  return {};
}

const IdPrime::Key* IdPrime::chosen_key() const {
  const auto found = keys_.find(key_);
  return found == keys_.end() ? nullptr : &found->second;
}

Answer IdPrime::manage_security_environment(const Apdu& apdu) {
  constexpr std::uint8_t kSignTemplate = 0xB6, kDecipherTemplate = 0xB8;
  if (apdu.p1 != 0x41 || (apdu.p2 != kSignTemplate && apdu.p2 != kDecipherTemplate))
    return status(0x6A86);
  std::uint8_t algorithm = 0;
  std::optional<std::uint8_t> key;
  for (std::size_t at = 0; at < apdu.data.size(); at += 3) {
    if (at + 3 > apdu.data.size() || apdu.data[at + 1] != 0x01) return status(0x6A80);
    if (apdu.data[at] == 0x80) algorithm = apdu.data[at + 2];
    if (apdu.data[at] == 0x84) key = apdu.data[at + 2];
  }
  operation_ = Operation::kNone;
  hash_.clear();
  if (!key) return status(0x6A80);
  if (!keys_.contains(*key)) return status(0x6A88);
  if (algorithm >> 4 == 0x1 && apdu.p2 == kSignTemplate && is("sha1", "refused"))
    return status(0x6A80);
  key_ = *key;
  algorithm_ = algorithm;
  operation_ = apdu.p2 == kSignTemplate ? Operation::kSign : Operation::kDecipher;
  return {};
}

Answer IdPrime::perform_security_operation(const Apdu& apdu) {
  if (chained(apdu)) return {};
  const Bytes data = std::move(chain_);
  chain_.clear();
  const Key* key = chosen_key();
  if (key == nullptr || operation_ == Operation::kNone) return status(0x6985);
  switch (apdu.p1p2()) {
    case 0x90A0: {  // the hash, or what alone is to be padded
      if (operation_ != Operation::kSign) return status(0x6985);
      if (data.size() < 3 || data[0] != 0x90 || data[1] != data.size() - 2) return status(0x6A80);
      const Hash* hash = hash_of(algorithm_);
      hash_ = part(data, 2, data.size());
      const bool ec = (algorithm_ & 0x0F) == kEcdsa;
      const bool fits = ec ? hash_.size() % 8 == 0 : hash == nullptr || hash_.size() == hash->size;
      if (!fits) {
        hash_.clear();
        return status(0x6A80);
      }
      return is("echo", "yes") ? Answer{hash_, 0x9000} : Answer{};
    }
    case 0x9E9A:
      if (operation_ != Operation::kSign) return status(0x6985);
      if (!verified_[key->pin]) return status(0x6982);
      return sign(data);
    case 0x8086:
      if (operation_ != Operation::kDecipher) return status(0x6985);
      if (!verified_[key->pin]) return status(0x6982);
      return decipher(data);
    default:
      return status(0x6A86);
  }
}

/// What was given to 90 A0, or with data: a whole padded block.
Answer IdPrime::sign(const Bytes& data) {
  const KeyPair& pair = chosen_key()->pair;
  const Hash* hash = hash_of(algorithm_);
  const std::uint8_t scheme = algorithm_ & 0x0F;
  const Bytes value = std::move(hash_);
  hash_.clear();
  Bytes result;
  if (!data.empty()) {
    if (!pair.is_rsa() || scheme != kPkcs1 || hash != nullptr) return status(0x6A80);
    if (data.size() != pair.size()) return status(0x6700);
    result = pair.raw(data);
  } else if (value.empty()) {
    return status(0x6985);
  } else if (!pair.is_rsa()) {
    if (scheme != kEcdsa) return status(0x6985);
    result = pair.ecdsa(value);
  } else if (scheme == kPkcs1) {
    Bytes digest_info = hash != nullptr ? unhex(hash->prefix) : Bytes();
    append(digest_info, value);
    const Bytes block = pad(digest_info, pair.size());
    if (block.empty()) return status(0x6A80);
    result = pair.raw(block);
  } else if (scheme == kPss && hash != nullptr) {
    result = pair.pss(hash->name, value);
  } else {
    return status(0x6985);
  }
  return result.empty() ? status(0x6A80) : Answer{result, 0x9000};
}

/// The padding indicator (00 or 81), then the cryptogram or a point.
Answer IdPrime::decipher(const Bytes& data) const {
  constexpr std::uint8_t kPlain = 0x1A, kOaep = 0xD;
  const KeyPair& pair = chosen_key()->pair;
  if (data.size() < 2 || (data[0] != 0x00 && data[0] != 0x81)) return status(0x6A80);
  const Bytes body = part(data, 1, data.size());
  if (!pair.is_rsa()) {
    const Bytes shared = pair.ecdh(body);
    return shared.empty() ? status(0x6A80) : Answer{shared, 0x9000};
  }
  if (body.size() != pair.size()) return status(0x6700);
  const Hash* hash = hash_of(algorithm_);
  const bool oaep = (algorithm_ & 0x0F) == kOaep && hash != nullptr;
  if (!oaep && algorithm_ != kPlain && algorithm_ != 0x00) return status(0x6985);
  Bytes message;
  if (!pair.decipher(oaep ? hash->name : nullptr, body, message)) return status(0x6A80);
  return {message, 0x9000};
}

}  // namespace kilt::vtoken::etoken
