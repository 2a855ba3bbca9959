// OBJECT IDENTIFIERs of data objects: DER outside; in Aladdin's files 16 numbers of four bytes,
// little-endian, FFFFFFFF where none is. Other software's files may hold DER itself.
#pragma once

#include "apdu/bytes.h"

namespace kilt::jacarta {

/// OBJECT IDENTIFIER in DER <-> the 16 little-endian numbers that Aladdin's software stores.
[[nodiscard]] Bytes read_object_id(BytesView stored);
[[nodiscard]] Bytes write_object_id(BytesView der);

}  // namespace kilt::jacarta
