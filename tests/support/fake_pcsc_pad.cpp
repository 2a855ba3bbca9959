// A reader with keys, as PC/SC part 10 (2.5: PIN_VERIFY, PIN_MODIFY) has it: written from there,
// byte by byte, so that it can disagree with who fills these structures in.
#include "tests/support/fake_pcsc_world.h"

namespace kilt::test {

using namespace pcsc;  // NOLINT(google-build-using-namespace): its other half

void FakePcsc::give_pads(bool modify) {
  Bytes features{0x06, 0x04};  // FEATURE_VERIFY_PIN_DIRECT, four bytes of control code
  append(features, write_be(kPadVerify, 4));
  if (modify) {
    append(features, Bytes{0x07, 0x04});
    append(features, write_be(kPadModify, 4));
  }
  const Lock lock(world().mutex);
  world().features = std::move(features);
}

void FakePcsc::type(std::vector<std::string> entries) {
  const Lock lock(world().mutex);
  world().typed = std::move(entries);
}

void FakePcsc::press_cancel() {
  const Lock lock(world().mutex);
  world().cancel_pressed = true;
}

unsigned FakePcsc::pad_requests() {
  const Lock lock(world().mutex);
  return world().pad_requests;
}

namespace pcsc {
namespace {

constexpr std::uint16_t kTimeOut = 0x6400, kCancelled = 0x6401, kMismatch = 0x6402,
                        kWrongLength = 0x6403, kBadStructure = 0x6B80;
constexpr std::size_t kHeader = 5;  // CLA INS P1 P2 Lc

/// The fields that matter here, at their places in the two structures.
struct Request {
  Byte format = 0, block = 0;
  std::size_t old_offset = 0, new_offset = 0;
  std::size_t min = 0, max = 0;
  Byte confirm = 0;
  Byte messages = 0;
  Bytes data;
};

std::optional<Request> parse(bool modify, BytesView bytes) {
  const std::size_t fixed = modify ? 24 : 19;
  if (bytes.size() < fixed) return std::nullopt;
  const std::size_t shift = modify ? 2 : 0;  // bInsertionOffsetOld, bInsertionOffsetNew
  Request request;
  request.format = bytes[2];
  request.block = bytes[3];
  if (bytes[4] != 0) return std::nullopt;  // no length field inside the data
  if (modify) {
    request.old_offset = bytes[5];
    request.new_offset = bytes[6];
    request.confirm = bytes[9];
  }
  request.max = bytes[5 + shift];
  request.min = bytes[6 + shift];
  const std::size_t validation = modify ? 10 : 7;
  if (bytes[validation] == 0 || bytes[validation] > 7) return std::nullopt;
  request.messages = bytes[validation + 1];
  const std::size_t length = read_be(reversed(bytes.subspan(fixed - 4, 4)));
  if (length != bytes.size() - fixed || length < kHeader) return std::nullopt;
  request.data = to_bytes(bytes.subspan(fixed));
  // Byte units, position 0, left-justified.
  if ((request.format & 0xFC) != 0x80 || request.min > request.max || request.max == 0)
    return std::nullopt;
  return request;
}

Bytes encode(Byte format, const std::string& digits) {
  if ((format & 0x03) == 0x02) return to_bytes(digits);
  Bytes packed;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const unsigned low = i + 1 < digits.size() ? unsigned(digits[i + 1] - '0') : 0xFU;
    packed.push_back(static_cast<Byte>(unsigned(digits[i] - '0') << 4U | low));
  }
  return packed;
}

/// Puts one PIN into the command; false if it does not fit.
bool place(Request& request, std::size_t offset, const std::string& digits) {
  const Bytes pin = encode(request.format, digits);
  const std::size_t size = request.block & 0x0FU;
  if (size == 0) {
    append(request.data, pin);
    request.data[kHeader - 1] = static_cast<Byte>(request.data.size() - kHeader);
    return true;
  }
  if (pin.size() > size || kHeader + offset + size > request.data.size()) return false;
  std::ranges::copy(pin, request.data.begin() + static_cast<std::ptrdiff_t>(kHeader + offset));
  return true;
}

}  // namespace

PadResult enter_at_pad(bool modify, BytesView structure) {
  ++world().pad_requests;
  const auto typed = std::exchange(world().typed, {});
  auto request = parse(modify, structure);
  if (!request) return {{}, kBadStructure};
  if (std::exchange(world().cancel_pressed, false)) return {{}, kCancelled};
  const bool ask_old = modify && (request->confirm & 0x02) != 0;
  const bool confirm = modify && (request->confirm & 0x01) != 0;
  const std::size_t wanted = 1U + (ask_old ? 1U : 0U) + (confirm ? 1U : 0U);
  if (request->messages != wanted) return {{}, kBadStructure};
  if (typed.size() < wanted) return {{}, kTimeOut};
  for (const std::string& entry : typed)
    if (entry.size() < request->min || entry.size() > request->max) return {{}, kWrongLength};
  if (confirm && typed[wanted - 1] != typed[wanted - 2]) return {{}, kMismatch};
  bool fits = true;
  if (ask_old) fits = place(*request, request->old_offset, typed[0]);
  fits = fits && place(*request, request->new_offset, typed[ask_old ? 1 : 0]);
  if (!fits) return {{}, kBadStructure};
  return {request->data, 0};
}

}  // namespace pcsc
}  // namespace kilt::test
