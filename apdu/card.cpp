#include "apdu/card.h"

#include <algorithm>

namespace kilt::apdu {
namespace {

constexpr std::size_t kBlock = 255;  // data bytes of one short command
constexpr std::size_t kMaxShortAnswer = 256;
constexpr std::size_t kMaxExtendedAnswer = 65536;
constexpr unsigned kMaxRounds = 512;  // of GET RESPONSE: twice what 64 KiB need
constexpr Byte kChaining = 0x10;      // CLA bit 5: more blocks follow (ISO/IEC 7816-4, 5.4.1)

Le from_sw2(Byte sw2) { return sw2 == 0 ? kLeShortMax : Le{sw2}; }

}  // namespace

Card::Card(std::unique_ptr<Connection> connection, ChannelOptions options)
    : connection_(std::move(connection)), options_(options) {}

Card::~Card() = default;

Response Card::send(const Command& command) {
  if (command.data.size() > kBlock && !extended()) return send_chained(command);
  return send_whole(command);
}

Response Card::at_pad(PadAction action, const Command& command, BytesView structure) {
  const auto start = std::chrono::steady_clock::now();
  const Bytes raw = connection_->use_pad(action, structure);
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  Response answer = Response::parse(raw);
  trace_exchange(command, answer.sw, raw.size(), time);
  // The reader's own words (PC/SC part 10, 2.5.3); it has sent nothing to the card then.
  switch (answer.sw.value()) {
    case 0x6400:
      throw PinEntryFailed(PinEntryFailed::Why::kTimeOut);
    case 0x6401:
      throw PinEntryFailed(PinEntryFailed::Why::kCancelled);
    case 0x6402:
      throw PinEntryFailed(PinEntryFailed::Why::kMismatch);
    case 0x6403:
      throw PinEntryFailed(PinEntryFailed::Why::kLength);
    case 0x6B80:
      throw TransportError("the reader does not understand how the PIN shall be entered");
    default:
      return answer;
  }
}

bool Card::extended() const noexcept { return options_.extended && connection_->extended_length(); }

// One command, repeated once with the right Le if the card says 6Cxx, then its whole answer.
Response Card::send_whole(const Command& command) {
  Response answer = exchange(command);
  if (answer.sw.sw1() == 0x6C && command.le) {
    Command again = command;
    again.le = from_sw2(answer.sw.sw2());
    answer = exchange(again);
  }
  return collect(command, std::move(answer));
}

// Command chaining: all blocks but the last answer 9000; anything else ends the command.
Response Card::send_chained(const Command& command) {
  const BytesView data = command.data;
  std::size_t sent = 0;
  while (data.size() - sent > kBlock) {
    Command block = Command::case3(command.cla | kChaining, command.ins, command.p1, command.p2,
                                   data.subspan(sent, kBlock));
    block.privacy = command.privacy;
    Response answer = exchange(block);
    if (!answer.ok()) return answer;
    sent += kBlock;
  }
  Command last =
      Command::case3(command.cla, command.ins, command.p1, command.p2, data.subspan(sent));
  last.le = command.le;
  last.privacy = command.privacy;
  last.follow_61 = command.follow_61;
  return send_whole(last);
}

// 61xx: fetch what waits. Every round must bring something, and the total is bounded.
Response Card::collect(const Command& command, Response first) {
  if (!command.follow_61) return first;
  Response answer = std::move(first);
  for (unsigned round = 0; answer.sw.sw1() == 0x61; ++round) {
    // CLA of the interindustry channel, without chaining and secure messaging bits.
    Command more = Command::case2(command.cla & 0x03, 0xC0, 0, 0, from_sw2(answer.sw.sw2()));
    more.privacy = command.privacy;
    Response part = exchange(more);
    if (part.sw.sw1() == 0x6C) {
      more.le = from_sw2(part.sw.sw2());
      part = exchange(more);
    }
    if (part.data.empty() && part.sw.sw1() == 0x61)
      throw MalformedAnswer("GET RESPONSE brings nothing and promises more");
    append(answer.data, part.data);
    answer.sw = part.sw;
    if (answer.data.size() > options_.max_answer || round >= kMaxRounds)
      throw MalformedAnswer("the token's answer does not end");
  }
  return answer;
}

Response Card::exchange(const Command& command) {
  const bool extended = !command.fits_short() && this->extended();
  Command fitted = command;
  // Without extended length, "more than 256" can only be asked as 256; 61xx brings the rest.
  if (!extended && fitted.le && *fitted.le > kLeShortMax) fitted.le = kLeShortMax;
  // T=0 has no Lc and Le in one command (ISO/IEC 7816-3, 12.2): GET RESPONSE fetches the answer.
  if (connection_->protocol() == 0 && !fitted.data.empty()) fitted.le.reset();
  const Bytes encoded = extended ? fitted.encode_extended() : fitted.encode_short();

  const auto start = std::chrono::steady_clock::now();
  const Bytes raw = connection_->transmit(encoded);
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);

  Response answer = Response::parse(raw);
  trace_exchange(fitted, answer.sw, raw.size(), time);
  if (answer.data.size() > (extended ? kMaxExtendedAnswer : kMaxShortAnswer))
    throw MalformedAnswer("the token's answer is longer than an APDU can be");
  return answer;
}

}  // namespace kilt::apdu
