#include "drivers/iso7816/pad_command.h"

namespace kilt::iso7816 {
namespace {

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

std::optional<PadCommand> pad_command(const PinRules& rules, const Procedure& procedure,
                                      bool two_blocks) {
  const auto format = pad_format(rules.format, two_blocks);
  if (procedure.steps.size() != 1 || !format) return std::nullopt;
  // Filled in with marks instead of PINs, the data must be these marks.
  const Bytes first{0x31, 0x32, 0x33}, second{0x34, 0x35}, reference{rules.reference};
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
    return PadCommand{command, *format};
  } catch (const std::exception&) {
    return std::nullopt;  // it names something else
  }
}

}  // namespace kilt::iso7816
