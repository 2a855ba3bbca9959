#include "drivers/crypto/padding.h"

#include <algorithm>
#include <array>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/random.h"

namespace kilt::crypto {
namespace {

constexpr std::size_t kPkcs1Overhead = 11;  // 00 BT, eight padding bytes, 00

/// MGF1 (RFC 8017, B.2.1), XORed onto `target`.
void mask(std::span<Byte> target, BytesView seed, Hash hash) {
  std::size_t done = 0;
  for (std::uint32_t counter = 0; done < target.size(); ++counter) {
    Digest running(hash);
    running.update(seed);
    running.update(write_be(counter, 4));
    const Bytes block = running.finish();
    for (std::size_t i = 0; i < block.size() && done < target.size(); ++i, ++done)
      target[done] = static_cast<Byte>(target[done] ^ block[i]);
  }
}

// Without branches: all ones if the condition holds, else zero.
Mask is_zero(Mask value) {
  return static_cast<Mask>(-static_cast<std::int32_t>((~value & (value - 1)) >> 31));
}
Mask is_equal(Mask a, Mask b) { return is_zero(a ^ b); }
Mask is_less(Mask a, Mask b) {  // for values below 2^31
  return static_cast<Mask>(-static_cast<std::int32_t>((a - b) >> 31));
}
Mask choose(Mask condition, Mask yes, Mask no) { return (condition & yes) | (~condition & no); }

Bytes hmac(BytesView key, BytesView data, Byte purpose, Byte counter) {
  Bytes message = to_bytes(data);
  message.push_back(purpose);
  message.push_back(counter);
  Bytes value(32);
  std::size_t size = 0;
  if (EVP_Q_mac(library(), "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(),
                message.data(), message.size(), value.data(), value.size(), &size) == nullptr)
    throw Error("the message authentication code failed");
  return value;
}

const Bytes& rejection_secret() {
  static const auto* secret = new Bytes(random_bytes(32));  // NOLINT: lives as long as the process
  return *secret;
}

}  // namespace

Bytes digest_info(Hash hash, BytesView value) {
  // DER of AlgorithmIdentifier and the OCTET STRING's header (RFC 8017, 9.2, note 1).
  static const std::array<const char*, 6> kPrefixes = {"",
                                                       "3021300906052B0E03021A05000414",
                                                       "302D300D06096086480165030402040500041C",
                                                       "3031300D060960864801650304020105000420",
                                                       "3041300D060960864801650304020205000430",
                                                       "3051300D060960864801650304020305000440"};
  const auto row = static_cast<std::size_t>(hash);
  if (row >= kPrefixes.size()) throw InvalidData("PKCS#1 knows no such hash");
  Bytes info = from_hex(kPrefixes.at(row));
  append(info, value);
  return info;
}

Bytes pad_pkcs1_sign(BytesView data, std::size_t size) {
  if (data.size() + kPkcs1Overhead > size) throw InvalidData("the data is too long for this key");
  Bytes block(size, 0xFF);
  block[0] = 0x00;
  block[1] = 0x01;
  block[size - data.size() - 1] = 0x00;
  std::ranges::copy(data, block.end() - static_cast<std::ptrdiff_t>(data.size()));
  return block;
}

Bytes pad_pss(BytesView hash_value, Hash hash, Hash mgf, std::size_t salt_size,
              unsigned modulus_bits) {
  const std::size_t hash_size = digest_size(hash);
  const unsigned em_bits = modulus_bits - 1;
  const std::size_t em_size = (em_bits + 7) / 8;
  if (hash_value.size() != hash_size) throw InvalidData("the hash has the wrong length");
  if (em_size < hash_size + salt_size + 2) throw InvalidData("the key is too short for this salt");
  const Bytes salt = random_bytes(salt_size);
  Digest running(hash);
  running.update(Bytes(8, 0x00));
  running.update(hash_value);
  running.update(salt);
  const Bytes h = running.finish();
  Bytes block(em_size, 0x00);
  const std::size_t db_size = em_size - hash_size - 1;
  block[db_size - salt_size - 1] = 0x01;
  std::ranges::copy(salt, block.begin() + static_cast<std::ptrdiff_t>(db_size - salt_size));
  std::ranges::copy(h, block.begin() + static_cast<std::ptrdiff_t>(db_size));
  block.back() = 0xBC;
  mask(std::span(block).first(db_size), h, mgf);
  block[0] = static_cast<Byte>(block[0] & (0xFFU >> (8 * em_size - em_bits)));
  // The block has the modulus' length; one byte more than em_size if em_bits is a multiple of 8.
  const std::size_t size = (modulus_bits + 7) / 8;
  block.insert(block.begin(), size - em_size, 0x00);
  return block;
}

Unpadded find_message_pkcs1(BytesView block, BytesView cryptogram) {
  if (block.size() < kPkcs1Overhead) throw InvalidData("the deciphered block is too short");
  const auto size = static_cast<Mask>(block.size());
  // Where the message begins, looking at every byte whatever it is.
  Mask good = is_zero(block[0]) & is_equal(block[1], 2);
  Mask found = 0;
  Mask start = 0;
  for (Mask i = 2; i < size; ++i) {
    const Mask zero = is_zero(block[i]);
    start = choose(~found & zero, i + 1, start);
    found |= zero;
  }
  good &= found & ~is_less(start, static_cast<Mask>(kPkcs1Overhead));
  // The made-up message is computed in every case, so that both cases take the same time.
  const Bytes seed = hmac(rejection_secret(), cryptogram, 0, 0);
  const auto made_up_size =
      static_cast<Mask>(read_be(BytesView(seed).first(4)) % (block.size() - kPkcs1Overhead + 1));
  Bytes made_up;
  for (Byte counter = 1; made_up.size() < block.size(); ++counter)
    append(made_up, hmac(rejection_secret(), cryptogram, 1, counter));
  start = choose(good, start, size - made_up_size);
  Bytes whole(block.size());
  for (std::size_t i = 0; i < whole.size(); ++i)
    whole[i] = static_cast<Byte>(choose(good, block[i], made_up[i]));
  return {std::move(whole), start, good};
}

SecureBytes unpad_pkcs1(BytesView block, BytesView cryptogram) {
  const Unpadded found = find_message_pkcs1(block, cryptogram);
  return SecureBytes(BytesView(found.bytes).subspan(found.start));
}

Unpadded look_oaep(BytesView block, Hash hash, Hash mgf, BytesView label) {
  const std::size_t hash_size = digest_size(hash);
  if (block.size() < 2 * hash_size + 2) throw InvalidData("the key is too short for OAEP");
  Bytes seed = to_bytes(block.subspan(1, hash_size));
  Bytes db = to_bytes(block.subspan(1 + hash_size));
  mask(seed, db, mgf);
  mask(db, seed, mgf);
  const Bytes label_hash = digest(hash, label);
  Mask good = is_zero(block[0]);
  Mask difference = 0;
  for (std::size_t i = 0; i < hash_size; ++i) difference |= db[i] ^ Mask { label_hash[i] };
  good &= is_zero(difference);
  Mask found = 0;
  Mask start = 0;
  for (std::size_t i = hash_size; i < db.size(); ++i) {
    const Mask one = is_equal(db[i], 1);
    const Mask zero = is_zero(db[i]);
    start = choose(~found & one, static_cast<Mask>(i + 1), start);
    good &= found | one | zero;
    found |= one;
  }
  good &= found;
  return {std::move(db), start, good};
}

SecureBytes unpad_oaep(BytesView block, Hash hash, Hash mgf, BytesView label) {
  const Unpadded found = look_oaep(block, hash, mgf, label);
  // One branch, on the whole verdict: nothing tells which check failed (Manger's attack).
  if (found.good == 0) throw InvalidData("the encrypted data cannot be read with this key");
  return SecureBytes(BytesView(found.bytes).subspan(found.start));
}

}  // namespace kilt::crypto
