// Attribute records of the eToken applet's objects. All that is known of them was worked out from
// the seven records of a public recording; flags and the word behind them are not decoded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"

namespace kilt::etoken::applet {

/// What the record of an object says.
struct Attributes {
  std::string label;
  Bytes id;
  Bytes parameters;  ///< EC: DER OBJECT IDENTIFIER of the curve
  Bytes point;       ///< EC public key: uncompressed point
};

// Each throws MalformedAnswer for a record of another make.
[[nodiscard]] Attributes parse_certificate_record(BytesView record);
[[nodiscard]] Attributes parse_ec_private_record(BytesView record);
[[nodiscard]] Attributes parse_ec_public_record(BytesView record);

/// The fields of a record whose meaning is not public (RSA keys): every way of reading it as
/// length-prefixed fields that fits to its end, best guess first.
[[nodiscard]] std::vector<std::vector<Bytes>> read_unknown_record(BytesView record);

}  // namespace kilt::etoken::applet
