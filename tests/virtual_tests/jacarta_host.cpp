#include "tests/virtual_tests/jacarta_host.h"

#include <algorithm>
#include <stdexcept>

#include "tests/virtual/jacarta/crypto.h"
#include "tests/virtual/jacarta/tlv.h"

namespace kilt::vtoken::jacarta {
namespace {

Bytes part(const Bytes& from, std::size_t offset, std::size_t count) {
  const auto begin = from.begin() + static_cast<std::ptrdiff_t>(offset);
  return {begin, begin + static_cast<std::ptrdiff_t>(count)};
}

Bytes padded(Bytes data) {
  data.push_back(0x80);
  data.resize((data.size() + 7) / 8 * 8);
  return data;
}

Bytes exclusive_or(Bytes a, const Bytes& b) {
  std::ranges::transform(a, b, a.begin(), std::bit_xor<std::uint8_t>());
  return a;
}

Bytes counted(std::uint64_t counter, const Bytes& message) {
  Bytes out;
  for (int shift = 56; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(counter >> shift));
  append(out, message);
  return out;
}

}  // namespace

Bytes text(const std::string& characters) { return {characters.begin(), characters.end()}; }

unsigned Host::send(const Bytes& command) {
  data_ = card_.transmit(command);
  const unsigned sw = (static_cast<unsigned>(data_.at(data_.size() - 2)) << 8) | data_.back();
  data_.resize(data_.size() - 2);
  return sw;
}

unsigned Host::send(const std::string& hexadecimal) { return send(unhex(hexadecimal)); }

unsigned Host::chain(const std::string& header, const Bytes& data, bool le) {
  constexpr std::size_t kPart = 255;
  unsigned sw = kOk;
  for (std::size_t at = 0; at < data.size() && sw == kOk; at += kPart) {
    const std::size_t count = std::min(kPart, data.size() - at);
    const bool last = at + count == data.size();
    Bytes command = unhex(header);
    if (!last) command[0] |= 0x10;
    command.push_back(static_cast<std::uint8_t>(count));
    append(command, part(data, at, count));
    if (last && le) command.push_back(0x00);
    sw = send(command);
  }
  return sw;
}

Bytes Host::all(unsigned sw) {
  Bytes whole = data_;
  while ((sw & 0xFF00) == 0x6100) {
    sw = send("00C00000" + hex({static_cast<std::uint8_t>(sw)}));
    append(whole, data_);
  }
  if (sw != kOk) throw std::runtime_error("no complete answer");
  return whole;
}

unsigned Host::select_applet() { return send("00A404000CA0000001644C41534552000100"); }

unsigned Host::select(const std::string& path) {
  Bytes full = unhex("3F00" + path);
  return send("80A40800" + hex({static_cast<std::uint8_t>(full.size())}) + hex(full));
}

Bytes Host::information(const std::string& path) {
  Bytes full = unhex("3F00" + path);
  send("80A4080C" + hex({static_cast<std::uint8_t>(full.size())}) + hex(full) + "00");
  return data_;
}

unsigned Host::login(const std::string& pin, const std::string& value) {
  if (const unsigned sw = select(pin); sw != kOk) return sw;
  if (const unsigned sw = send("0084000008"); sw != kOk) return sw;
  Bytes message = unhex("0001020304050607");
  append(message, data_);
  Bytes key = sha1(text(value));
  key.resize(16);
  return send("8020000010" + hex(des_ede_cbc(key, message, true)));
}

void Host::open_channel() {
  const auto parameters = parse_tlvs(all(send("8048008000")));
  if (!parameters || parameters->size() != 3) throw std::runtime_error("no parameters");
  const Bytes g = (*parameters)[0].value, n = (*parameters)[1].value, y = (*parameters)[2].value;
  const Bytes x = random_bytes(20);
  const Bytes z = power(y, x, n), public_value = power(g, x, n);
  const auto size = static_cast<std::uint8_t>(n.size());
  if (send("80860000" + hex({size}) + hex(public_value) + "00") != kOk || data_.size() != 32)
    throw std::runtime_error("the channel was refused");
  enc_ = exclusive_or(part(z, 0, 16), part(data_, 0, 16));
  mac_ = exclusive_or(part(z, 24, 16), part(data_, 16, 16));
  counter_ = 0;
}

unsigned Host::secure(const std::string& hexadecimal, bool damage) {
  const Bytes plain = unhex(hexadecimal);
  Bytes header = part(plain, 0, 4);
  header[0] |= 0x0C;
  Bytes fields;
  std::size_t le_at = 4;
  if (plain.size() > 5) {
    Bytes value{0x01};
    append(value, des_ede_cbc(enc_, padded(part(plain, 5, plain[4])), true));
    append_tlv(fields, 0x87, value);
    le_at = 5U + plain[4];
  }
  if (le_at < plain.size()) append_tlv(fields, 0x97, {plain[le_at]});
  Bytes message = padded(header);
  if (!fields.empty()) append(message, padded(fields));
  Bytes check = retail_mac(mac_, counted(++counter_, message));
  if (damage) check.back() ^= 0x01;
  append_tlv(fields, 0x8E, check);
  Bytes command = header;
  command.push_back(static_cast<std::uint8_t>(fields.size()));
  append(command, fields);
  command.push_back(0x00);
  const unsigned outer = send(command);
  if (outer != kOk && (outer & 0xFF00) != 0x6100) return outer;
  const Bytes whole = all(outer);
  const auto objects = parse_tlvs(whole);
  if (!objects || objects->back().tag != 0x8E) throw std::runtime_error("not a wrapped answer");
  const Bytes covered = part(whole, 0, whole.size() - 10);
  if (objects->back().value != retail_mac(mac_, counted(++counter_, padded(covered))))
    throw std::runtime_error("the answer's MAC is wrong");
  data_.clear();
  if (const Tlv* cryptogram = find(*objects, 0x87)) {
    data_ = des_ede_cbc(enc_, part(cryptogram->value, 1, cryptogram->value.size() - 1), false);
    while (!data_.empty() && data_.back() == 0x00) data_.pop_back();
    data_.pop_back();
  }
  const Bytes& sw = find(*objects, 0x99)->value;
  return (static_cast<unsigned>(sw.at(0)) << 8) | sw.at(1);
}

}  // namespace kilt::vtoken::jacarta
