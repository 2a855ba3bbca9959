#include "drivers/iso7816/files.h"

#include <algorithm>
#include <array>

#include "apdu/tlv.h"
#include "drivers/status.h"

namespace kilt::iso7816 {
namespace {

constexpr Byte kById = 0x00, kEfOfCurrentDf = 0x02, kByName = 0x04, kByPath = 0x08;
constexpr Byte kFci = 0x00, kFcp = 0x04, kNoAnswer = 0x0C;
constexpr std::size_t kSmallestBlock = 32;
constexpr unsigned kMaxReads = 4096;  // of one file: cards that give a few bytes at a time
constexpr unsigned kMaxRecords = 64;
constexpr std::size_t kMaxRecordNumber = 254;
constexpr Byte kCurrentFileByNumber = 0x04;
constexpr StatusWord kWrongFileType{0x6981};

/// The card does not know the form of the command, as opposed to: the file is not there.
bool form_refused(StatusWord sw) {
  return sw == sw::kIncorrectP1P2 || sw == sw::kFunctionNotSupported || sw == sw::kWrongOffset ||
         sw == sw::kWrongLength || sw == sw::kIncorrectData;
}

bool is_mf(BytesView path) { return path.size() >= 2 && path[0] == 0x3F && path[1] == 0x00; }

/// An application identifier and a file id. File ids of paths do not begin like registered AIDs.
bool is_by_name(BytesView path) {
  constexpr std::size_t kShortestAid = 5;
  constexpr Byte kRegistered = 0xA0;
  return path.size() >= kShortestAid + 2 && path[0] >= kRegistered;
}

bool begins_with(BytesView path, BytesView head) {
  return !head.empty() && path.size() >= head.size() && equal(path.first(head.size()), head);
}

/// What is in the FCI or FCP template; an FCI may hold the FCP as an inner one. Throws
/// MalformedAnswer.
std::optional<BytesView> control_information(BytesView answer) {
  const auto outer = tlv::Reader(answer).next();
  if (!outer || (outer->tag != 0x6F && outer->tag != 0x62)) return std::nullopt;
  const auto inner = tlv::find(outer->value, 0x62);
  return inner ? inner->value : outer->value;
}

/// Reading goes no further: behind the end there is 6282 with what was left, 6B00, nothing, or, on
/// some cards, one of the others.
bool behind_end(StatusWord sw, std::size_t at) {
  if (sw == sw::kEndOfFile || sw == sw::kWrongOffset) return true;
  return at > 0 && (sw == sw::kIncorrectP1P2 || sw == sw::kFileNotFound || sw == sw::kWrongLength ||
                    sw == sw::kConditionsNotSatisfied);
}

}  // namespace

std::optional<std::size_t> size_in_fci(BytesView answer) {
  try {
    if (const auto body = control_information(answer))
      for (const std::uint32_t tag : {0x80U, 0x81U})
        if (const auto size = tlv::find(*body, tag); size && !size->value.empty())
          return size->value.size() > 4 ? Files::kUnknownSize : std::size_t{read_be(size->value)};
  } catch (const MalformedAnswer&) {
    return std::nullopt;  // the size is a help, not a need
  }
  return std::nullopt;
}

std::optional<bool> records_in_fci(BytesView answer) {
  constexpr std::uint32_t kDescriptor = 0x82;
  constexpr unsigned kStructure = 0x07, kTransparent = 0x01;
  try {
    if (const auto body = control_information(answer))
      if (const auto descriptor = tlv::find(*body, kDescriptor);
          descriptor && !descriptor->value.empty() && (descriptor->value[0] & kStructure) != 0)
        return (descriptor->value[0] & kStructure) != kTransparent;
  } catch (const MalformedAnswer&) {
    return std::nullopt;
  }
  return std::nullopt;
}

// P2: FCI, else FCP, else nothing; what the card took is asked first from then on.
apdu::Response Files::select_command(Byte how, BytesView name) {
  std::array<Byte, 3> forms{kFci, kFcp, kNoAnswer};
  if (answer_form_) std::ranges::stable_partition(forms, [&](Byte f) { return f == answer_form_; });
  apdu::Response answer;
  // Where no form was ever taken, the other forms of the same command are not tried again.
  const bool in_vain = !answer_form_ && refused_ways_.contains(how);
  for (const Byte form : forms) {
    // FCI and FCP are commands of one length.
    if (form == kFcp && answer.sw == sw::kWrongLength) continue;
    answer = card_->send(apdu::select(how, form, name, form == kNoAnswer));
    constexpr Byte kWarning = 0x62;  // the file is selected all the same
    constexpr Byte kOtherLength = 0x6C;
    if (answer.sw.sw1() == kOtherLength)
      throw MalformedAnswer("the token refuses the length that it asks for");
    if (answer.sw.sw1() == kWarning) answer.sw = sw::kOk;
    if (answer.ok()) answer_form_ = form;
    if (!form_refused(answer.sw) || in_vain) return answer;
  }
  refused_ways_.insert(how);
  // A card that finds every length wrong knows no SELECT at all.
  if (answer.sw == sw::kWrongLength) refused_ways_ = {kById, kEfOfCurrentDf, kByName, kByPath};
  return answer;
}

bool Files::select_name(BytesView aid) {
  entered_ = false;
  const auto answer = select_command(kByName, aid);
  if (answer.sw == sw::kSecurityStatusNotSatisfied) throw NotLoggedIn();
  return answer.ok();
}

apdu::Response Files::select_steps(BytesView path) {
  apdu::Response answer = select_command(kById, Bytes{0x3F, 0x00});
  // Some cards have no MF to go back to; what follows shows whether that matters.
  for (std::size_t i = 0; i + 2 <= path.size(); i += 2) {
    answer = select_command(kById, path.subspan(i, 2));
    if (!answer.ok()) return answer;
  }
  return answer;
}

apdu::Response Files::select_absolute(BytesView path) {
  if (path.size() % 2 != 0) throw MalformedAnswer("a path has an odd number of bytes");
  if (application_.aid.empty()) entered_ = false;
  if (!path.empty() && way_ != Way::kSteps) {
    auto answer = select_command(kByPath, path);
    if (answer.ok()) way_ = Way::kPath;
    if (answer.ok() || way_ == Way::kPath) return answer;
  }
  auto answer = select_steps(path);
  if (answer.ok() && !path.empty()) way_ = Way::kSteps;
  return answer;
}

// Below an application that has no path. The application stays selected.
apdu::Response Files::select_relative(BytesView path) {
  if (path.size() != 2) {
    apdu::Response answer;
    for (std::size_t i = 0; i + 2 <= path.size(); i += 2) {
      answer = select_command(kById, path.subspan(i, 2));
      if (!answer.ok()) break;
    }
    return answer;
  }
  if (select_ef_by_parent_) {
    auto answer = select_command(kEfOfCurrentDf, path);
    if (!form_refused(answer.sw)) return answer;
    select_ef_by_parent_ = false;
  }
  return select_command(kById, path);
}

std::size_t Files::select(BytesView path) {
  has_records_.reset();
  said_empty_ = false;
  const auto expect = [this](const apdu::Response& answer) {
    const Bytes& data = expect_ok("SELECT", answer).data;
    has_records_ = records_in_fci(data);
    const std::size_t told = size_in_fci(data).value_or(kUnknownSize);
    said_empty_ = told == 0;
    return said_empty_ ? kUnknownSize : told;
  };
  std::size_t size = kUnknownSize;
  if (is_by_name(path) && !begins_with(path, application_.aid)) {
    // In another application, or in this one although it was not found by name.
    const BytesView aid = path.first(path.size() - 2);
    if (!select_name(aid)) throw ObjectNotFound("the application is not on the card");
    size = expect(select_relative(path.last(2)));
  } else if (is_mf(path)) {
    size = expect(select_absolute(path.subspan(2)));
  } else if (!application_.path.empty()) {
    Bytes whole = application_.path;
    append(whole, path);
    size = expect(select_absolute(is_mf(whole) ? BytesView(whole).subspan(2) : whole));
  } else if (!application_.aid.empty()) {
    if (begins_with(path, application_.aid)) path = path.subspan(application_.aid.size());
    size = in_application([&] { return path.empty() ? size : expect(select_relative(path)); });
  } else {
    size = expect(select_absolute(path));
  }
  return std::min(size, kUnknownSize);
}

Bytes Files::read(std::size_t offset, std::size_t length) {
  Bytes contents;
  for (unsigned reads = 0; contents.size() < length && reads < kMaxReads; ++reads) {
    const std::size_t at = offset + contents.size();
    if (at >= kUnknownSize) break;
    const std::size_t wanted = std::min(block_, length - contents.size());
    const auto answer =
        card_->send(apdu::read_binary(at, apdu::Le{static_cast<std::uint32_t>(wanted)}));
    // 6700: less at a time. E7 is what fits beside secure messaging, the others are guesses.
    if (answer.sw == sw::kWrongLength && block_ > kSmallestBlock) {
      block_ = block_ > 0xE7 ? 0xE7 : block_ / 2;
      continue;
    }
    if (answer.sw == kWrongFileType && contents.empty()) {
      const Bytes records = read_records();
      if (offset >= records.size()) return {};
      const BytesView rest = BytesView(records).subspan(offset);
      return to_bytes(rest.first(std::min(length, rest.size())));
    }
    const bool ended = behind_end(answer.sw, at) || (said_empty_ && at == 0 && !answer.ok());
    if (!ended) expect_ok("READ BINARY", answer);
    if (answer.data.size() > wanted) throw MalformedAnswer("READ BINARY brought too many bytes");
    append(contents, answer.data);
    if (ended || answer.data.empty()) break;
  }
  return contents;
}

std::optional<Bytes> Files::record(std::size_t number) {
  if (!has_records_)
    has_records_ = card_->send(apdu::read_binary(0, apdu::Le{1})).sw == kWrongFileType;
  if (!*has_records_) return std::nullopt;
  if (number == 0 || number > kMaxRecordNumber)
    throw MalformedAnswer("a PKCS#15 path names no record");
  return expect_ok("READ RECORD",
                   card_->send(apdu::Command::case2(0x00, 0xB2, static_cast<Byte>(number),
                                                    kCurrentFileByNumber, apdu::kLeShortMax)))
      .data;
}

Bytes Files::read_records() {
  Bytes contents;
  for (unsigned number = 1; number <= kMaxRecords; ++number) {
    const auto answer = card_->send(apdu::Command::case2(0x00, 0xB2, static_cast<Byte>(number),
                                                         kCurrentFileByNumber, apdu::kLeShortMax));
    if (answer.sw == sw::kRecordNotFound || (number > 1 && !answer.ok())) break;
    append(contents, expect_ok("READ RECORD", answer).data);
  }
  return contents;
}

bool Files::still_there() {
  return !application_.witness.empty() && select_relative(application_.witness).ok();
}

bool Files::enter() {
  if (entered_) return false;
  for (const CommandTemplate& step : application_.select)
    expect_ok("SELECT", card_->send(step.fill({})));
  if (!application_.aid.empty() && !select_name(application_.aid))
    throw ObjectNotFound("the application is no longer on the card");
  if (!application_.path.empty()) {
    const BytesView path(application_.path);
    expect_ok("SELECT", select_absolute(is_mf(path) ? path.subspan(2) : path));
  }
  entered_ = true;
  return true;
}

}  // namespace kilt::iso7816
