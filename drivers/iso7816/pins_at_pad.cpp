// PINs of a described card, typed at the reader.
#include "apdu/pin_pad.h"
#include "drivers/iso7816/pins.h"

namespace kilt::iso7816 {
namespace {

const char* const kNoPad =
    "this card wants its PIN in a form that no reader makes: it cannot be typed at the reader";

std::optional<apdu::PadFormat> pad_format(const PinFormat& format, bool two_blocks) {
  apdu::PadFormat result;
  result.bcd = format.encoding == PinEncoding::kBcd;
  const bool plain =
      format.encoding == PinEncoding::kAsciiNumeric || format.encoding == PinEncoding::kUtf8;
  if (!plain && !result.bcd) return std::nullopt;
  result.min = format.min;
  result.max = format.max;
  // Without a pad byte the block is as long as the PIN.
  if (format.pad) {
    result.stored = format.stored;
    result.fill = *format.pad;
  }
  if (!apdu::fits_pad(result, two_blocks)) return std::nullopt;
  return result;
}

}  // namespace

/// The header of the only command, if its data is the block or the two blocks.
std::optional<apdu::Command> Pins::pad_command(const Pin& pin, const Procedure& procedure,
                                               bool two_blocks) const {
  if (procedure.steps.size() != 1 || !pad_format(pin.rules.format, two_blocks)) return std::nullopt;
  // Filled in with marks instead of PINs, the data must be these marks.
  const Bytes first{0x31, 0x32, 0x33}, second{0x34, 0x35}, reference{pin.rules.reference};
  TemplateFields fields{{"ref", reference}};
  Bytes expected = first;
  if (two_blocks) {
    fields["old"] = first;
    fields["new"] = second;
    append(expected, second);
  } else {
    fields["pin"] = first;
  }
  try {
    auto command = procedure.steps.front().fill(fields);
    if (!equal(command.data, expected) || command.le) return std::nullopt;
    command.data.clear();
    command.privacy = apdu::Privacy::kSecret;
    return command;
  } catch (const std::exception&) {
    return std::nullopt;  // it names something else
  }
}

bool Pins::takes_pad() const {
  const Pin* pin = find(PinRole::kUser);
  return pin != nullptr && card_->connection().has_pad(apdu::PadAction::kVerify) &&
         usable(pin->rules.verify) && pad_command(*pin, pin->rules.verify, false);
}

void Pins::verify_at_pad(PinRole role) {
  const Pin& known = need(role);
  if (const std::string why = why_not(known.rules.verify, "log in"); !why.empty())
    throw NotSupported(why);
  const auto command = pad_command(known, known.rules.verify, false);
  if (!command) throw NotSupported(kNoPad);
  select(known);
  judge(role, known, apdu::verify_at_pad(*card_, *command, *pad_format(known.rules.format, false)),
        "VERIFY");
}

void Pins::change_at_pad(PinRole role) {
  const Pin& known = need(role);
  if (!known.may_change) throw NotSupported("the card says that this PIN cannot be changed");
  if (const std::string why = why_not(known.rules.change, "change the PIN"); !why.empty())
    throw NotSupported(why);
  const auto command = pad_command(known, known.rules.change, true);
  if (!command || !card_->connection().has_pad(apdu::PadAction::kModify))
    throw NotSupported("this PIN cannot be changed at the reader: change it on the computer");
  select(known);
  judge(role, known, apdu::modify_at_pad(*card_, *command, *pad_format(known.rules.format, true)),
        "CHANGE REFERENCE DATA");
}

}  // namespace kilt::iso7816
