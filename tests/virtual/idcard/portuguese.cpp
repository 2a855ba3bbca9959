// What the Portuguese relative adds: by analogy only, see soma.h.
#include "tests/virtual/idcard/soma.h"
#include "tests/virtual/iso7816/certificate.h"
#include "tests/virtual/iso7816/rsa.h"

namespace kilt::vtoken::idcard {
namespace {

using iso::Answer;
using iso::Command;

constexpr std::uint8_t kPin = 0x02, kPuk = 0x12;
constexpr std::size_t kPinLength = 8;

}  // namespace

Answer Soma::new_pin(const Bytes& value) {
  if (value.size() != kPinLength) return {{}, 0x6700};
  about_to_write();
  pin_.value = value;
  pin_.tries = pin_.max;
  return {};
}

/// `24 01 02`, the new PIN alone: the old one was verified before.
Answer Soma::change_reference_data(const Command& command) {
  if (command.p1 != 0x01) return {{}, 0x6A86};
  if (command.p2 != kPin) return {{}, 0x6A88};
  return verified(kPin) ? new_pin(command.data) : Answer{{}, 0x6982};
}

/// `2C 02 02`, the new PIN alone: the PUK was verified before.
Answer Soma::reset_retry_counter(const Command& command) {
  if (command.p1 != 0x02) return {{}, 0x6A86};
  if (command.p2 != kPin) return {{}, 0x6A88};
  if (!verified(kPuk)) return {{}, 0x6982};
  forget_pin(kPin);
  return new_pin(command.data);
}

/// `2A 80 86`, the cryptogram behind a padding indicator 00 or bare.
Answer Soma::decipher(const Command& command) {
  if (command.p1p2() != 0x8086) return {{}, 0x6A86};
  if (!selected()) return {{}, 0x6A82};
  if (deciphering_.key == 0) return {{}, 0x6985};
  const unsigned state = usable(deciphering_.key);
  if (state != 0x9000) return {{}, state};
  const Bytes& key = *container(deciphering_.key);
  Bytes cryptogram = command.data;
  if (cryptogram.size() == iso::public_half(key).modulus.size() + 1 && cryptogram[0] == 0x00)
    cryptogram.erase(cryptogram.begin());
  const auto plain = iso::rsa_decrypt(key, cryptogram);
  return plain ? Answer{*plain, 0x9000} : Answer{{}, 0x6A80};
}

void Soma::add_certificates() {
  constexpr std::size_t kFileSize = 2048;
  iso::File& folder = files_.master().add_directory(0x5F00);
  const auto& authority = iso::CertificateAuthority::here();
  const auto place = [&](std::uint16_t id, Bytes der) {
    if (!is("padding", "none")) der.resize(kFileSize, iso::unhex(setting("padding"))[0]);
    folder.add_file(id, std::move(der));
  };
  using iso::KeyRole;
  constexpr const char* kIdCard = "1.2.398.3.3.5.2.1";
  if (!keys_[0].empty())
    place(0xEF08, authority.issue(keys_[0], KeyRole::kAuthentication, kIdCard));
  if (!keys_[1].empty()) place(0xEF09, authority.issue(keys_[1], KeyRole::kSignature, kIdCard));
  place(0xEF0F, authority.certificate());
}

}  // namespace kilt::vtoken::idcard
