// PIN and PUK of AKEYSIM: padding, encodings, the forms of change and unblock.
#include <algorithm>

#include "tests/virtual/akey/akeysim.h"
#include "tests/virtual/akey/pin_block.h"

namespace kilt::vtoken::akey {

using iso::Answer;
using iso::Command;

std::uint8_t AkeySim::pin_reference() const { return is("pin-scope", "local") ? 0x81 : 0x01; }
std::uint8_t AkeySim::puk_reference() const { return is("pin-scope", "local") ? 0x82 : 0x02; }

Answer AkeySim::verify(const Command& command) {
  if (command.p1 != 0x00) return {{}, 0x6A86};
  const bool local = (command.p2 & 0x80) != 0;
  if (local && files_.current_directory().parent == nullptr) return {{}, 0x6A88};
  const bool is_puk = command.p2 == puk_reference() && !is("unblock", "none");
  if (command.p2 != pin_reference() && !is_puk) return {{}, 0x6A88};
  iso::Pin& pin = is_puk ? puk_ : pin_;
  if (!command.data.empty()) {
    // A stored length is checked before a try is spent.
    if (!is("pin-pad", "none") && command.data.size() != pin.value.size()) return {{}, 0x6700};
    return {{}, check_pin(command.p2, pin, command.data)};
  }
  return {{}, is("empty-verify", "status") ? pin_status(command.p2, pin) : 0x6700U};
}

std::pair<Bytes, Bytes> AkeySim::cut(const Bytes& data, const iso::Pin& pin) const {
  const auto end =
      data.begin() + static_cast<std::ptrdiff_t>(std::min(pin.value.size(), data.size()));
  return {Bytes(data.begin(), end), Bytes(end, data.end())};
}

Answer AkeySim::new_pin(const Bytes& value) {
  if (!acceptable(setting("pin-type"), setting("pin-pad"), value)) return {{}, 0x6A80};
  about_to_write();
  pin_.value = value;
  pin_.tries = pin_.max;
  return {};
}

/// `24 00`: old and new; `24 01`: new, the old one verified before.
Answer AkeySim::change_reference_data(const Command& command) {
  if (is("change", "none")) return {{}, 0x6D00};
  if (command.p1 != (is("change", "00") ? 0x00 : 0x01)) return {{}, 0x6A86};
  if (command.p2 != pin_reference()) return {{}, 0x6A88};
  if (command.p1 == 0x01) return logged_in() ? new_pin(command.data) : Answer{{}, 0x6982};
  const auto [presented, next] = cut(command.data, pin_);
  if (next.empty()) return {{}, 0x6700};
  const unsigned sw = check_pin(command.p2, pin_, presented);
  return sw == 0x9000 ? new_pin(next) : Answer{{}, sw};
}

/// `2C 00`: PUK and new PIN; 01: PUK alone, the PIN stays; 02: new PIN after a VERIFY of the PUK;
/// 03: nothing after it, the PIN stays.
Answer AkeySim::reset_retry_counter(const Command& command) {
  if (is("unblock", "none")) return {{}, 0x6D00};
  if (command.p1 != std::stoul(setting("unblock"))) return {{}, 0x6A86};
  if (command.p2 != pin_reference()) return {{}, 0x6A88};
  Bytes next = command.data;
  if (command.p1 <= 0x01) {
    const auto [presented, rest] = cut(command.data, puk_);
    if (rest.empty() == (command.p1 == 0x00)) return {{}, 0x6700};
    const unsigned sw = check_pin(puk_reference(), puk_, presented);
    forget_pin(puk_reference());
    if (sw != 0x9000) return {{}, sw};
    next = rest;
  } else {
    if (!verified(puk_reference())) return {{}, 0x6982};
    if (next.empty() == (command.p1 == 0x02)) return {{}, 0x6700};
  }
  forget_pin(pin_reference());
  if (!next.empty()) return new_pin(next);
  about_to_write();
  pin_.tries = pin_.max;
  return {};
}

}  // namespace kilt::vtoken::akey
