// Login: key derivation, challenge and response, counters.
#include <algorithm>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "tests/virtual/etoken/applet/applet.h"

namespace kilt::vtoken::etoken {
namespace {

constexpr std::size_t kSaltSize = 20, kKeySize = 24, kBlock = 8, kStampSize = 16;
constexpr std::uint8_t kUser = 0x11, kSo = 0x15, kData = 0x10;

/// UTF-16, big-endian, and two zero bytes. `widen`: each byte by itself.
Bytes password_of(const std::string& pin, bool widen) {
  Bytes out;
  for (std::size_t i = 0; i < pin.size();) {
    const auto lead = static_cast<std::uint8_t>(pin[i++]);
    unsigned code = lead;
    unsigned more = 0;
    if (!widen && lead >= 0xC0) {
      more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
      code = lead & (0x3FU >> more);
    }
    for (; more > 0 && i < pin.size(); --more)
      code = code << 6 | (static_cast<std::uint8_t>(pin[i++]) & 0x3FU);
    if (code > 0xFFFF) {  // a surrogate pair
      code -= 0x10000;
      append(out, two(0xD800U | code >> 10));
      code = 0xDC00U | (code & 0x3FFU);
    }
    append(out, two(code));
  }
  append(out, {0x00, 0x00});
  return out;
}

/// The key derivation of PKCS#12 (RFC 7292, B.2) with SHA-1, as its MAC keys are made.
Bytes pkcs12_key(Bytes password, Bytes salt) {
  int purpose = 3;
  unsigned rounds = 999;
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "PKCS12KDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  char digest[] = "SHA1";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password.data(), password.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS12_ID, &purpose),
      OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
      OSSL_PARAM_construct_end()};
  Bytes key(kKeySize);
  const int good = EVP_KDF_derive(context, key.data(), key.size(), parameters);
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  if (good != 1) throw std::runtime_error("key derivation failed");
  return key;
}

/// Triple DES of one block.
Bytes cryptogram_of(const Bytes& key, const Bytes& challenge) {
  Bytes out(kBlock);
  int length = 0;
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const bool good =
      EVP_EncryptInit_ex(context, EVP_des_ede3_ecb(), nullptr, key.data(), nullptr) == 1 &&
      EVP_CIPHER_CTX_set_padding(context, 0) == 1 &&
      EVP_EncryptUpdate(context, out.data(), &length, challenge.data(),
                        static_cast<int>(challenge.size())) == 1;
  EVP_CIPHER_CTX_free(context);
  if (!good) throw std::runtime_error("triple DES failed");
  return out;
}

}  // namespace

Bytes Applet::derived_key(std::uint8_t reference, const std::string& pin) const {
  const File* salts = salt_file();
  if (salts == nullptr) throw std::invalid_argument("the token has no salt file");
  const bool second =
      reference == kSo && is("so-salt", "second") && salts->body.size() >= 2 * kSaltSize;
  const Bytes salt = part(salts->body, second ? kSaltSize : 0, kSaltSize);
  return pkcs12_key(password_of(pin, is("pin-encoding", "widened")), salt);
}

bool Applet::pins_reachable() const {
  if (is("login-place", "anywhere")) return true;
  for (const File* at = directory_; at != nullptr; at = at->parent)
    if (at->id == 0x5000) return true;
  return false;
}

bool Applet::logged_in(std::uint8_t reference) {
  if (!authenticated_.contains(reference)) return false;
  if (is("login", "one-use")) authenticated_.erase(reference);
  return true;
}

void Applet::log_out() { authenticated_.clear(); }

Answer Applet::give_challenge(const Apdu& apdu) {
  const bool for_messaging = apdu.p1p2() == 0x0100 && current();
  if (apdu.p1p2() != 0 && !for_messaging) return status(0x6A86);
  if (!apdu.has_le || apdu.le != kBlock) return status(0x6700);
  const Bytes challenge = random_bytes(kBlock);
  if (!for_messaging) challenge_ = challenge;
  return {challenge, 0x9000};
}

Answer Applet::authenticate(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return status(0x6A86);
  const auto found = pins_.find(apdu.p2);
  if (found == pins_.end() || !pins_reachable()) return status(0x6A88);
  Pin& pin = found->second;
  const auto objects = parse_simple(apdu.data);
  if (!objects || objects->size() != 1 || objects->front().tag != kData ||
      objects->front().value.size() != kBlock)
    return status(0x6A80);
  if (pin.key.empty()) return status(is("so-unset", "6A88") ? 0x6A88 : 0x6983);
  if (pin.tries_left == 0) return status(0x6983);
  if (challenge_.empty()) return status(0x6985);
  const Bytes expected = cryptogram_of(pin.key, challenge_);
  challenge_.clear();
  if (objects->front().value == expected) {
    pin.tries_left = pin.tries_max;
    authenticated_.insert(apdu.p2);
    age_of_login_ = 0;
    return {};
  }
  authenticated_.erase(apdu.p2);
  --pin.tries_left;
  return status(pin.tries_left == 0 && is("last-try", "6983") ? 0x6983 : 0x6300);
}

/// The wanted tags' values, in the order asked for.
Answer Applet::key_information(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return status(0x6A86);
  const auto found = pins_.find(apdu.p2);
  if (found == pins_.end() || !pins_reachable()) return status(0x6A88);
  const auto wanted = parse_simple(apdu.data);
  if (!wanted || wanted->size() != 1 || wanted->front().tag != kData) return status(0x6A80);
  const Pin& pin = found->second;
  if (pin.key.empty() && is("so-unset", "6A88")) return status(0x6A88);
  const unsigned tries = is("tag23", "maximum") ? pin.tries_max : pin.tries_left;
  Bytes out;
  for (const std::uint8_t tag : wanted->front().value) {
    if (tag == 0x04)
      put(out, tag,
          unhex(apdu.p2 == kUser ? "00 FF 1A FF FF 21 FF FF" : "00 FF 15 FF FF FF FF FF"));
    else if (tag == 0x20)
      put(out, tag, {0x01});
    else if (tag == 0x23)
      put(out, tag, {static_cast<std::uint8_t>(tries)});
    else if (tag == 0x06 && apdu.p2 == kUser)
      put(out, tag, {kSo});
  }
  return {out, 0x9000};
}

/// 16 bytes that programs leave for one another: read by anybody, written after a login.
Answer Applet::stamp(const Apdu& apdu) {
  if (!current()) return status(0x6D00);
  if (apdu.p1p2() != 0) return status(0x6A86);
  if (apdu.ins == 0x1C) {
    Bytes out;
    put(out, kData, stamp_);
    return {out, 0x9000};
  }
  const auto objects = parse_simple(apdu.data);
  if (!objects || objects->size() != 1 || objects->front().tag != kData ||
      objects->front().value.size() != kStampSize)
    return status(0x6A80);
  if (!logged_in(kUser)) return status(0x6982);
  stamp_ = objects->front().value;
  return {};
}

}  // namespace kilt::vtoken::etoken
