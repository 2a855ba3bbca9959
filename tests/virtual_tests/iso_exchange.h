// Talking to a virtual card in hexadecimal.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/sha.h>

#include "tests/virtual/card.h"

namespace kilt::test {

using vtoken::Bytes;

inline Bytes from_hex(const std::string& digits) {
  Bytes bytes;
  std::string packed;
  for (const char one : digits)
    if (one != ' ') packed += one;
  for (std::size_t i = 0; i + 1 < packed.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(packed.substr(i, 2), nullptr, 16)));
  return bytes;
}

inline std::string to_hex(const Bytes& bytes) {
  std::string digits;
  for (const std::uint8_t byte : bytes) digits += fmt::format("{:02X}", byte);
  return digits;
}

/// A card and what was said last.
class Exchange {
 public:
  explicit Exchange(const std::string& kind,
                    const std::vector<std::pair<std::string, std::string>>& settings = {})
      : card_(vtoken::make_card(kind)) {
    for (const auto& [key, value] : settings) card_->set(key, value);
    card_->reset();
  }

  [[nodiscard]] vtoken::Card& card() { return *card_; }

  /// One APDU; the status word in hexadecimal, the data in data().
  std::string one(const std::string& command) {
    data_ = card_->transmit(from_hex(command));
    if (data_.size() < 2) throw std::logic_error("an answer without status word");
    const std::string sw = to_hex(Bytes(data_.end() - 2, data_.end()));
    data_.resize(data_.size() - 2);
    return sw;
  }

  /// As a reader's driver would: follows 61xx and 6Cxx.
  std::string all(const std::string& command) {
    std::string sw = one(command);
    if (sw.starts_with("6C")) sw = one(command.substr(0, command.size() - 2) + sw.substr(2));
    Bytes whole = data_;
    for (int i = 0; sw.starts_with("61") && i < 64; ++i) {
      sw = one("00C00000" + sw.substr(2));
      whole.insert(whole.end(), data_.begin(), data_.end());
    }
    data_ = whole;
    return sw;
  }

  /// `header` (CLA INS P1 P2), data in short commands with class bit 10 on all but the last.
  std::string chained(const std::string& header, const Bytes& data) {
    constexpr std::size_t kPart = 255;
    std::string sw = "6700";
    for (std::size_t at = 0; at < data.size(); at += kPart) {
      const std::size_t end = std::min(at + kPart, data.size());
      const bool last = end == data.size();
      const std::string part = to_hex(Bytes(data.begin() + static_cast<std::ptrdiff_t>(at),
                                            data.begin() + static_cast<std::ptrdiff_t>(end)));
      sw = all((last ? header : "1" + header.substr(1)) + fmt::format("{:02X}", end - at) + part +
               (last ? "00" : ""));
      if (!last && sw != "9000") return sw;
    }
    return sw;
  }

  [[nodiscard]] const Bytes& data() const { return data_; }
  [[nodiscard]] std::string hex() const { return to_hex(data_); }

 private:
  std::unique_ptr<vtoken::Card> card_;
  Bytes data_;
};

/// signature^65537 mod modulus, as long as the modulus.
inline Bytes opened(const Bytes& signature, const Bytes& modulus) {
  BN_CTX* context = BN_CTX_new();
  BIGNUM* n = BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr);
  BIGNUM* s = BN_bin2bn(signature.data(), static_cast<int>(signature.size()), nullptr);
  BIGNUM* e = BN_new();
  BN_set_word(e, 65537);
  BN_mod_exp(s, s, e, n, context);
  Bytes block(modulus.size());
  BN_bn2binpad(s, block.data(), static_cast<int>(block.size()));
  for (BIGNUM* number : {n, s, e}) BN_free(number);
  BN_CTX_free(context);
  return block;
}

/// EMSA-PKCS1-v1_5 around the data.
inline Bytes padded(const Bytes& data, std::size_t size) {
  Bytes block(size, 0xFF);
  block[0] = 0x00;
  block[1] = 0x01;
  block[size - data.size() - 1] = 0x00;
  std::copy(data.begin(), data.end(), block.end() - static_cast<std::ptrdiff_t>(data.size()));
  return block;
}

inline Bytes digest_info_sha1(const std::string& word) {
  Bytes info = from_hex("3021300906052B0E03021A05000414");
  Bytes hash(SHA_DIGEST_LENGTH);
  const Bytes bytes(word.begin(), word.end());
  SHA1(bytes.data(), bytes.size(), hash.data());
  info.insert(info.end(), hash.begin(), hash.end());
  return info;
}

inline Bytes digest_info_sha256(const std::string& word) {
  Bytes info = from_hex("3031300D060960864801650304020105000420");
  Bytes hash(SHA256_DIGEST_LENGTH);
  const Bytes bytes(word.begin(), word.end());
  SHA256(bytes.data(), bytes.size(), hash.data());
  info.insert(info.end(), hash.begin(), hash.end());
  return info;
}

}  // namespace kilt::test
