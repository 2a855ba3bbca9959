// Keys of AKEYSIM: MANAGE SECURITY ENVIRONMENT, signature, decryption, generation (ISO 7816-8).
#include "tests/virtual/akey/akeysim.h"
#include "tests/virtual/akey/layout.h"
#include "tests/virtual/iso7816/rsa.h"
#include "tests/virtual/iso7816/tlv.h"

namespace kilt::vtoken::akey {
namespace {

using iso::Answer;
using iso::Command;
using iso::tlv;

constexpr std::uint8_t kAuthentication = 0xA4, kSignature = 0xB6, kConfidentiality = 0xB8;
constexpr std::uint8_t kSha1 = 0x12;  // the other hash is SHA-256, 42

Bytes public_template(const Bytes& key) {
  const iso::RsaPublic half = iso::public_half(key);
  return tlv(0x7F49, {tlv(0x81, half.modulus), tlv(0x82, half.exponent)});
}

/// The hash in its DigestInfo; nothing if its length is another algorithm's.
std::optional<Bytes> digest_info(std::uint8_t algorithm, const Bytes& hash) {
  const Bytes oid = iso::unhex(algorithm == kSha1 ? "2B0E03021A" : "608648016503040201");
  if (hash.size() != (algorithm == kSha1 ? 20U : 32U)) return std::nullopt;
  const Bytes identifier = tlv(0x30, {tlv(0x06, oid), tlv(0x05, Bytes())});
  return tlv(0x30, {identifier, tlv(0x04, hash)});
}

}  // namespace

std::uint8_t AkeySim::first_reference() const { return is("keys", "01") ? 0x01 : 0x81; }

unsigned AkeySim::container(std::uint8_t reference) const {
  const unsigned number = static_cast<unsigned>(reference) - first_reference() + 1;
  return number >= 1 && number <= kContainers ? number : 0;
}

Answer AkeySim::manage_security_environment(const Command& command) {
  if (command.p1 != 0x41) return {{}, 0x6A86};
  if (command.p2 != kAuthentication && command.p2 != kSignature && command.p2 != kConfidentiality)
    return {{}, 0x6A86};
  const auto row = iso::read_tlvs(command.data);
  if (!row) return {{}, 0x6A80};
  const auto key = iso::find(*row, 0x84), algorithm = iso::find(*row, 0x80);
  if (!key || key->size() != 1) return {{}, 0x6A80};
  const Bytes known = iso::unhex(setting("algorithm"));
  if (algorithm && command.p2 != kConfidentiality && *algorithm != known) return {{}, 0x6A80};
  environment_.erase(command.p2);
  if (container((*key)[0]) == 0) return {{}, 0x6A88};
  environment_[command.p2] = (*key)[0];
  return {};
}

Answer AkeySim::use(std::uint8_t crt,
                    const std::function<std::optional<Bytes>(const Bytes&)>& how) {
  const auto chosen = environment_.find(crt);
  if (chosen == environment_.end()) return {{}, 0x6985};
  const unsigned number = container(chosen->second);
  const auto key = keys_.find(number);
  if (key == keys_.end()) return {{}, 0x6A88};
  if (!logged_in()) return {{}, 0x6982};
  if (number == 2 && is("consent", "sign")) forget_pin(pin_reference());
  const auto result = how(key->second);
  return result ? Answer{*result, 0x9000} : Answer{{}, 0x6A80};
}

Answer AkeySim::sign(std::uint8_t crt, const Bytes& data) {
  return use(crt, [&](const Bytes& key) -> std::optional<Bytes> {
    if (is("sign-input", "raw")) return iso::rsa_raw(key, data);
    if (is("sign-input", "digest-info")) return iso::rsa_sign(key, data);
    const auto info = digest_info(iso::unhex(setting("algorithm"))[0], data);
    return info ? iso::rsa_sign(key, *info) : std::nullopt;
  });
}

/// The cryptogram behind its padding indicator. A card that does not look at the padding signs with
/// this, too.
Answer AkeySim::decipher(const Bytes& data) {
  if (is("decipher", "none")) return {{}, 0x6A81};
  if (data.empty() || data[0] != 0x00) return {{}, 0x6A80};
  const Bytes cryptogram(data.begin() + 1, data.end());
  return use(kConfidentiality, [&](const Bytes& key) {
    return is("decipher", "raw") ? iso::rsa_raw(key, cryptogram)
                                 : iso::rsa_decrypt(key, cryptogram);
  });
}

Answer AkeySim::perform_security_operation(const Command& command) {
  if (command.p1p2() == 0x8086) return decipher(command.data);
  if (command.p1p2() != 0x9E9A) return {{}, 0x6A86};
  if (is("sign", "internal")) return {{}, 0x6A81};
  return sign(kSignature, command.data);
}

/// `47 00` (`46 00`) makes a pair and answers its public half, P1 01 answers that of the pair that
/// is there. The data is a control reference template with the key's reference.
Answer AkeySim::generate(const Command& command) {
  if (is("generate", "none")) return {{}, 0x6D00};
  if (command.p1 > 0x01 || command.p2 != 0x00) return {{}, 0x6A86};
  const auto outer = iso::read_tlvs(command.data);
  if (!outer || outer->size() != 1) return {{}, 0x6A80};
  const auto inner = iso::read_tlvs(outer->front().value);
  const auto reference = inner ? iso::find(*inner, 0x84) : std::nullopt;
  if (!reference || reference->size() != 1) return {{}, 0x6A80};
  const unsigned number = container((*reference)[0]);
  if (number == 0) return {{}, 0x6A88};
  if (command.p1 == 0x01) {
    const auto key = keys_.find(number);
    return key == keys_.end() ? Answer{{}, 0x6A88} : Answer{public_template(key->second), 0x9000};
  }
  if (!logged_in()) return {{}, 0x6982};
  about_to_write();
  keys_.erase(number);
  Bytes made = iso::make_rsa(2048);
  about_to_write();
  keys_[number] = made;
  return {public_template(made), 0x9000};
}

}  // namespace kilt::vtoken::akey
