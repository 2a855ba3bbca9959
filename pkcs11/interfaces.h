// What the function tables of different versions do not share.
#pragma once

#include "pkcs11/cryptoki.h"

namespace kilt::p11 {

inline constexpr CK_VERSION kVersion2_40{2, 40};
inline constexpr CK_VERSION kVersion3_0{3, 0};
inline constexpr CK_VERSION kVersion3_2{3, 2};

/// C_GetInfo as the older tables have it: each gives its own version (PKCS#11 v3.2, 3.1, CK_INFO).
CK_RV info_2_40(CK_INFO* info);
CK_RV info_3_0(CK_INFO* info);

}  // namespace kilt::p11
