// Is there a PKCS#15 application on this card? Only SELECT and READ.
#pragma once

#include <optional>

#include "drivers/iso7816/files.h"

namespace kilt::iso7816 {

struct Discovered {
  ApplicationSelection application;
  Bytes base;             ///< for pkcs15::Objects: the DF from 3F00 on, empty below an AID
  Bytes odf, token_info;  ///< where EF.DIR names other places than 5031 and 5032
  std::string label;      ///< EF.DIR's
};

/// By application identifier, then wherever EF.DIR points, then in DF 5015; the first that has an
/// ODF. Leaves `files` with that place set.
[[nodiscard]] std::optional<Discovered> find_pkcs15(Files& files);

}  // namespace kilt::iso7816
