// SELECT, READ BINARY, GET DATA in both forms, GET CHALLENGE.
#include <algorithm>

#include "tests/virtual/etoken/idprime/idprime.h"

namespace kilt::vtoken::etoken {
namespace {

constexpr std::uint16_t kMaster = 0x3F00;
constexpr std::uint8_t kUser = 0x11;
constexpr std::uint8_t kStoredPinSize = 16;

const Bytes& aid() {
  static const Bytes value = unhex("A0 00 00 00 18 80 00 00 00 06 62");
  return value;
}

}  // namespace

Answer IdPrime::select(const Apdu& apdu) {
  if (apdu.p1 == 0x04) {
    if (apdu.data != aid()) return status(0x6A82);
    if (selected_ && is("session-id", "select")) session_ = random_bytes(8);
    if (!is("reselect", "keeps")) verified_.clear();
    selected_ = true;
    file_ = 0;
    operation_ = Operation::kNone;
    return {};
  }
  if (!selected_) return status(0x6A82);
  if (apdu.p1 != 0x00 && apdu.p1 != 0x02 && apdu.p1 != 0x08) return status(0x6A86);
  if (apdu.p2 != 0x00 && apdu.p2 != 0x04 && apdu.p2 != 0x0C) return status(0x6A86);
  if (apdu.data.size() != 2) return status(0x6A80);
  const auto id = static_cast<std::uint16_t>(apdu.data[0] << 8 | apdu.data[1]);
  if (id == kMaster) {
    file_ = 0;
    return {};
  }
  const auto found = files_.find(id);
  if (found == files_.end()) return status(0x6A82);
  file_ = id;
  if (apdu.p2 == 0x0C) return {};
  Bytes body, out;
  put_ber(body, 0x81, two(found->second.body.size()));
  put_ber(body, 0x82, {0x01});
  put_ber(body, 0x83, two(id));
  put_ber(body, 0x8A, {0x05});
  put_ber(body, 0x8C, found->second.access);
  put_ber(body, 0x9C, found->second.access);
  put_ber(out, 0x6F, body);
  return {out, 0x9000};
}

Answer IdPrime::read_binary(const Apdu& apdu) {
  constexpr std::size_t kAll = 256;
  const auto found = files_.find(file_);
  if (file_ == 0 || found == files_.end()) return status(0x6986);
  if (found->second.needs_login && !verified_[kUser]) return status(0x6982);
  if ((apdu.p1 & 0x80) != 0) return status(0x6A86);
  if (!apdu.has_le) return status(0x6700);
  const Bytes& body = found->second.body;
  const std::size_t offset = apdu.p1p2();
  if (offset >= body.size()) return status(0x6B00);
  const std::size_t left = body.size() - offset;
  Answer answer{part(body, offset, apdu.le), 0x9000};
  if (apdu.le != kAll && apdu.le > left) {
    if (is("read-end", "6Cxx")) return status(0x6C00U | static_cast<unsigned>(left & 0xFFU));
    if (!is("read-end", "6282")) return status(is("read-end", "6700") ? 0x6700 : 0x6B00);
    if (t1()) answer.sw = 0x6282;
  }
  return answer;
}

Answer IdPrime::get_data(const Apdu& apdu) const {
  const Bytes version = text(is("model", "840") ? "4.3.5.D" : "4.4.2.A");
  Bytes out;
  switch (apdu.p1p2()) {
    case 0x9F7F: {  // life cycle data; the OS release decides how OpenSC counts keys
      Bytes data = unhex("40 90 61 64 40 51 10 86");
      data.resize(42, 0x00);
      data[8] = is("model", "840") ? 0x03 : 0x04;
      put_ber(out, 0x9F7F, data);
      return {out, 0x9000};
    }
    case 0xDF30:
      if (!selected_) return status(0x6A88);
      if (is("version", "bare")) return {version, 0x9000};
      put_ber(out, 0xDF30, version);
      return {out, 0x9000};
    case 0x7F30: {
      if (!selected_) return status(0x6A88);
      Bytes body;
      put_ber(body, 0xC0, text("IAS Classic v4"));
      put_ber(body, 0xC1, version);
      put_ber(out, 0x7F30, body);
      return {out, 0x9000};
    }
    default:
      return status(0x6A88);
  }
}

/// 8 bytes that stay the same as long as nobody resets, then the applet's name.
Answer IdPrime::session_check(const Apdu& apdu) const {
  if (apdu.p1p2() != 0) return status(0x6A86);
  Answer answer{session_, 0x9000};
  append(answer.data, aid());
  append(answer.data, {0x40, 0x51});
  if (apdu.has_le && apdu.le != answer.data.size())
    return status(0x6C00U | static_cast<unsigned>(answer.data.size()));
  return answer;
}

Answer IdPrime::get_challenge(const Apdu& apdu) const {
  if (apdu.p1 != 0x00 || apdu.p2 > 0x01) return status(0x6A86);
  const std::size_t most = is("random", "8") ? 8 : 16;
  if (!apdu.has_le || apdu.le > most) return status(0x6700);
  return {random_bytes(apdu.le), 0x9000};
}

/// `00 CB 00 FF`: PIN objects and public keys, without a PIN.
Answer IdPrime::get_object(const Apdu& apdu) const {
  if (apdu.p1p2() != 0x00FF) return status(0x6A86);
  const Bytes& data = apdu.data;
  const bool framed = data.size() >= 5 && data[1] == 0x03 && data[2] == 0x83 && data[3] == 0x01;
  if (framed && data[0] == 0xA0 && data.size() == 5) return pin_object(data[4]);
  if (framed && data[0] == 0xB6 && data.size() >= 8) {
    const auto found = keys_.find(data[4]);
    const bool list = data[5] == 0x7F && data[6] == 0x49 && data[7] == data.size() - 8;
    if (found == keys_.end()) return status(0x6A88);
    if (list) return public_key(found->second, part(data, 8, data.size()));
  }
  return status(0x6A88);
}

Answer IdPrime::pin_object(std::uint8_t reference) const {
  const auto found = pins_.find(reference);
  if (found == pins_.end()) return status(0x6A88);
  const Pin& pin = found->second;
  Bytes body, out;
  put_ber(body, 0x83, {reference});
  put_ber(body, 0x8C, {0xF0, 0x00, 0x00, 0x00});
  put_ber(body, 0x9C, {0xF0, 0x00, 0x00, 0x00});
  put_ber(body, 0xDF21, {static_cast<std::uint8_t>(pin.tries_left), 0xFF, 0xA5, 0x04});
  put_ber(body, 0xDF27, {0xFF, 0xFF});
  put_ber(body, 0xDF28, {kStoredPinSize});
  if (is("ever-changed", "present"))
    put_ber(body, 0xDF2F, {static_cast<std::uint8_t>(pin.ever_changed ? 1 : 0)});
  put_ber(out, 0xA0, body);
  return {out, 0x9000};
}

/// The parts asked for: 81 modulus, 82 exponent, 86 point.
Answer IdPrime::public_key(const Key& key, const Bytes& wanted) const {
  Bytes parts;
  for (std::size_t i = 0; i + 1 < wanted.size(); i += 2) {
    const std::uint8_t tag = wanted[i];
    if (wanted[i + 1] != 0x00) return status(0x6A80);
    if (key.pair.is_rsa() && tag == 0x81)
      put_ber(parts, tag, key.pair.modulus());
    else if (key.pair.is_rsa() && tag == 0x82)
      put_ber(parts, tag, key.pair.exponent());
    else if (!key.pair.is_rsa() && tag == 0x86)
      put_ber(parts, tag, key.pair.point());
    else
      return status(0x6A88);
  }
  if (parts.empty()) return status(0x6A80);
  Bytes out;
  put_ber(out, 0x7F49, parts);
  if (is("public-key", "bare")) return {out, 0x9000};
  Bytes body, framed;
  const auto reference = std::ranges::find_if(
      keys_, [&](const auto& one) { return one.second.container == key.container; });
  put_ber(body, 0x83, {reference->first});
  append(body, out);
  put_ber(framed, 0xB6, body);
  return {framed, 0x9000};
}

}  // namespace kilt::vtoken::etoken
