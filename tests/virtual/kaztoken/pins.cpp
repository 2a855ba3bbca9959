// PINs, GET DATA, GET CHALLENGE, the life cycle.
#include <algorithm>

#include <openssl/rand.h>

#include "tests/virtual/kaztoken/kaztoken.h"

namespace kilt::vtoken::kaztoken {
namespace {

// Properties of a PIN object: type, minimum length, flags, maximum and remaining tries.
std::uint8_t tries_left(const File& pin) { return pin.properties[3] & 0x0F; }
void set_tries(File& pin, unsigned left) {
  pin.properties[3] = static_cast<std::uint8_t>((pin.properties[3] & 0xF0) | left);
}
std::uint8_t tries_max(const File& pin) { return pin.properties[3] >> 4; }

constexpr std::size_t kMaxPin = 32;

}  // namespace

File* Kaztoken::pin(std::uint8_t reference) const {
  const auto found = pins_.find(reference);
  return found == pins_.end() ? nullptr : found->second.get();
}

Answer Kaztoken::verify(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return {{}, 0x6A86};
  File* object = pin(apdu.p2);
  if (object == nullptr || !object->loaded) return {{}, 0x6A88};
  if (apdu.data.empty()) {
    if (logged_in_ == apdu.p2) return {};
    if (tries_left(*object) == 0) return {{}, 0x6983};
    return {{}, 0x63C0U | tries_left(*object)};
  }
  const bool occupied = logged_in_ != 0, blocked = tries_left(*object) == 0;
  if (is("login-check", "before") && occupied) return {{}, 0x6F86};
  if (blocked) return {{}, 0x6983};
  if (occupied) return {{}, 0x6F86};
  if (apdu.data == object->body) {
    about_to_write();
    set_tries(*object, tries_max(*object));
    logged_in_ = apdu.p2;
    return {};
  }
  about_to_write();
  set_tries(*object, tries_left(*object) - 1U);
  if (tries_left(*object) == 0 && is("last-try", "6983")) return {{}, 0x6983};
  return {{}, 0x6300};
}

Answer Kaztoken::logout(const Apdu& apdu) {
  if (apdu.p1 != 0x00) return {{}, 0x6A86};
  if (apdu.p2 == 0x00 || apdu.p2 == logged_in_) logged_in_ = 0;
  return {};
}

Answer Kaztoken::reset_retry_counter(const Apdu& apdu) {
  constexpr unsigned kUnblock = 0;
  if (apdu.p1 != 0x03 || !apdu.data.empty()) return {{}, 0x6A86};
  File* object = pin(apdu.p2);
  if (object == nullptr) return {{}, 0x6A88};
  if (!allowed(*object, kUnblock)) return {{}, 0x6982};
  about_to_write();
  set_tries(*object, tries_max(*object));
  return {};
}

Answer Kaztoken::set_pin(std::uint8_t reference, const Bytes& value) {
  constexpr unsigned kChange = 1;
  File* object = pin(reference);
  if (object == nullptr) return {{}, 0x6A88};
  if (!allowed(*object, kChange)) return {{}, 0x6982};
  if (value.size() < object->properties[1]) return {{}, 0x6F89};
  const std::size_t limit = is("long-pin", "refused") ? object->size : kMaxPin;
  if (value.size() > limit) return {{}, 0x6A80};
  about_to_write();
  object->body = value;
  object->loaded = true;
  return {};
}

Answer Kaztoken::get_data(const Apdu& apdu) {
  const unsigned tag = apdu.p1p2();
  if (tag == 0x0181) return {serial_, 0x9000};
  if (is("get-data", "serial")) return {{}, 0x6A88};
  switch (tag) {
    case 0x0101:
    case 0x0102: {
      const File* object = pin(static_cast<std::uint8_t>(tag & 0xFF));
      if (object == nullptr) return {{}, 0x6A88};
      return {control_information(*object, 0x62), 0x9000};
    }
    case 0x0183:
      return {{0x19, static_cast<std::uint8_t>(initialised_ ? 0xAC : 0xA8), 0x00, 0x00}, 0x9000};
    case 0x0189:  // type Kaztoken, hardware, memory in 8 KB, …, firmware, class
      return {{0x11, 0x3C, 0x08, 0x01, 0x1E, 0x02, 0x03, 0x1E, 0x02, 0x01, 0x00, 0x00}, 0x9000};
    default:
      return {{}, 0x6A88};
  }
}

Answer Kaztoken::get_challenge(const Apdu& apdu) {
  if (!apdu.has_le || apdu.p1p2() != 0) return {{}, 0x6700};
  Answer answer{Bytes(apdu.le), 0x9000};
  RAND_bytes(answer.data.data(), static_cast<int>(answer.data.size()));
  return answer;
}

void Kaztoken::erase() {
  reset();
  master_.reset();
  pins_.clear();
  initialised_ = false;
}

}  // namespace kilt::vtoken::kaztoken
