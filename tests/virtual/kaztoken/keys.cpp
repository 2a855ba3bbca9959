// Key objects: loading, generation, MANAGE SECURITY ENVIRONMENT, PERFORM SECURITY OPERATION.
#include <algorithm>

#include "tests/virtual/kaztoken/crypto.h"
#include "tests/virtual/kaztoken/kaztoken.h"

namespace kilt::vtoken::kaztoken {
namespace {

constexpr std::uint8_t kPrivateGost = 0x03, kPrivateRsa = 0x23;
constexpr std::uint8_t kSign = 0xB6, kDecipher = 0xB8;
constexpr std::size_t kMaxChain = 4096;

unsigned rsa_bits(const File& private_object) {
  return private_object.size < 8 ? 0 : (private_object.size - 8U) / 5 * 16;
}

}  // namespace

File* Kaztoken::key(bool private_half, std::uint8_t number) const {
  return walk(master_.get(),
              {0x1000, 0x1000, static_cast<std::uint16_t>(private_half ? 0x6002 : 0x6001), number});
}

/// `24 01 pp`: 80 02 LLLL declares the length, A5 pieces bring the value, over chained commands.
Answer Kaztoken::change_reference_data(const Apdu& apdu) {
  if (apdu.p1 != 0x01) return {{}, 0x6A86};
  const auto abort = [&](unsigned sw) {
    chain_.clear();
    chain_ins_ = 0;
    declared_ = 0;
    return Answer{{}, sw};
  };
  for (std::size_t at = 0; at < apdu.data.size();) {
    if (at + 2 > apdu.data.size() || at + 2 + apdu.data[at + 1] > apdu.data.size())
      return abort(0x6A80);
    const std::uint8_t tag = apdu.data[at], length = apdu.data[at + 1];
    const auto value = apdu.data.begin() + static_cast<std::ptrdiff_t>(at + 2);
    if (tag == 0x80 && length == 2 && chain_.empty())
      declared_ = static_cast<std::size_t>(value[0]) << 8 | value[1];
    else if (tag == 0xA5)
      chain_.insert(chain_.end(), value, value + length);
    else
      return abort(0x6A80);
    at += 2U + length;
  }
  if (chain_.size() > kMaxChain) return abort(0x6700);
  if (apdu.cla == 0x10) return {};
  const Bytes value = chain_;
  const bool complete = value.size() == declared_ && !value.empty();
  abort(0);
  if (!complete) return {{}, 0x6A80};
  return apdu.p2 == 0x00 ? load_object(value) : set_pin(apdu.p2, value);
}

Answer Kaztoken::load_object(const Bytes& value) {
  constexpr unsigned kUpdate = 1;
  if (selected_ == nullptr || selected_->type != Type::kRsf) return {{}, 0x6986};
  if (!allowed(*selected_, kUpdate)) return {{}, 0x6982};
  if (value.size() != selected_->size) return {{}, 0x6A80};
  about_to_write();
  selected_->body = value;
  selected_->loaded = true;
  return {};
}

Answer Kaztoken::generate(const Apdu& apdu) {
  constexpr unsigned kUpdate = 1;
  if (apdu.p1 != 0x80) return {{}, 0x6A86};
  File* private_object = key(true, apdu.p2);
  File* public_object = key(false, apdu.p2);
  if (private_object == nullptr || public_object == nullptr) return {{}, 0x6A82};
  if (!allowed(*private_object, kUpdate) || !allowed(*public_object, kUpdate)) return {{}, 0x6982};
  const std::uint8_t option = private_object->properties[1];
  const bool bad_tries = private_object->properties[3] == 0xFF;
  const auto store = [&](const Bytes& private_body, const Bytes& public_body) {
    about_to_write();
    private_object->body = private_body;
    private_object->loaded = true;
    about_to_write();
    public_object->body = public_body;
    public_object->loaded = true;
  };
  if (private_object->properties[0] == kPrivateGost) {
    const auto made = make_gost(option);
    if (!made || bad_tries) return {{}, 0x6A80};
    store(made->private_body, made->public_body);
    return {made->public_body, 0x9000};
  }
  if (private_object->properties[0] != kPrivateRsa) return {{}, 0x6A81};
  const unsigned bits = rsa_bits(*private_object);
  const unsigned largest = is("rsa-4096", "yes") ? 4096 : 2048;
  if (option != 0x00 || bad_tries || bits < 512 || bits > largest || bits % 128 != 0 ||
      public_object->size != bits / 16 * 3)
    return {{}, 0x6A80};
  const Bytes exponent{0xA6, 0x06, 0x94, 0x04, 0x01, 0x00, 0x01, 0x00};
  if (!apdu.data.empty() && apdu.data != exponent) return {{}, 0x6A80};
  const RsaKey made = make_rsa(bits);
  store(made.private_body, made.public_body);
  return {made.modulus, 0x9000};
}

Answer Kaztoken::manage_security_environment(const Apdu& apdu) {
  if (apdu.p1 == 0xF4) {  // erase
    environment_.clear();
    return {};
  }
  if (apdu.p1 != 0x41 || (apdu.p2 != kSign && apdu.p2 != kDecipher)) return {{}, 0x6A86};
  std::optional<std::uint8_t> number;
  for (std::size_t at = 0; at < apdu.data.size();) {
    if (at + 2 > apdu.data.size() || at + 2 + apdu.data[at + 1] > apdu.data.size())
      return {{}, 0x6A80};
    const std::uint8_t tag = apdu.data[at], length = apdu.data[at + 1];
    if (tag == 0x84 && length == 1) number = apdu.data[at + 2];
    if (tag == 0x81 && is("mse-81", "refused")) return {{}, 0x6A80};
    at += 2U + length;
  }
  if (!number) return {{}, 0x6A80};
  environment_[apdu.p2] = *number;
  return {};
}

Answer Kaztoken::perform_security_operation(const Apdu& apdu) {
  chain_.insert(chain_.end(), apdu.data.begin(), apdu.data.end());
  if (chain_.size() > kMaxChain) {
    chain_.clear();
    chain_ins_ = 0;
    return {{}, 0x6700};
  }
  if (apdu.cla == 0x10) return {};
  const Bytes data = std::move(chain_);
  chain_.clear();
  chain_ins_ = 0;
  if (apdu.p1p2() == 0x9E9A) return use_key(kSign, data);
  if (apdu.p1p2() == 0x8086) return use_key(kDecipher, data);
  return {{}, 0x6A86};
}

Answer Kaztoken::use_key(std::uint8_t template_tag, const Bytes& data) {
  constexpr unsigned kUse = 2;
  const auto number = environment_.find(template_tag);
  if (number == environment_.end()) return {{}, 0x6985};
  const File* object = key(true, number->second);
  if (object == nullptr) return {{}, 0x6A88};
  if (is("key-choice", "agree") && selected_ != object) return {{}, 0x6985};
  if (!initialised_ && is("early-use", "refused")) return {{}, 0x6400};
  if (!allowed(*object, kUse)) return {{}, 0x6982};
  if (!object->loaded) return {{}, 0x6985};
  if (object->properties[0] == kPrivateGost) {
    if (template_tag == kDecipher) return {{}, 0x6994};
    const auto signature = gost_sign(object->properties[1], object->body, data);
    return signature ? Answer{*signature, 0x9000} : Answer{{}, 0x6A80};
  }
  if (data.size() != rsa_bits(*object) / 8) return {{}, 0x6700};
  const auto result = rsa_private(object->body, data);
  return result ? Answer{*result, 0x9000} : Answer{{}, 0x6A80};
}

}  // namespace kilt::vtoken::kaztoken
