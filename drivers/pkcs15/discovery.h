// Where a card keeps its PKCS#15 application, as EF.DIR says (PKCS#15 v1.1, 5.4; ISO/IEC 7816-15,
// 7.4; ISO/IEC 7816-4, 12.2.2).
#pragma once

#include <string>
#include <vector>

#include "apdu/bytes.h"

namespace kilt::pkcs15 {

/// One application template of EF.DIR.
struct DirEntry {
  Bytes aid;
  std::string label;
  Bytes path;             ///< of the application's DF; may be absent
  Bytes odf, token_info;  ///< their paths, where the entry names them

  /// The application is PKCS#15 (A0 00 00 00 63 "PKCS-15") or ISO/IEC 7816-15 (E8 28 BD 08 0F).
  [[nodiscard]] bool is_pkcs15() const noexcept;
};

/// A000000063504B43532D3135.
[[nodiscard]] const Bytes& application_id();
/// File id path of EF.DIR, from the MF on.
[[nodiscard]] const Bytes& dir_path();

/// Splits EF.DIR; padding and what is damaged are left out. At most 32 entries.
[[nodiscard]] std::vector<DirEntry> decode_dir(BytesView contents);

}  // namespace kilt::pkcs15
