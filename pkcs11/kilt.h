// Kilt's vendor-defined PKCS#11 values: the token status object and a return value. Constants only,
// so that programs may include it; `kilt` does.
//
// Each slot with a recognised token shows one CKO_HW_FEATURE object with CKA_HW_FEATURE_TYPE =
// CKH_KILT_TOKEN_STATUS. It is public, not stored on the token, and read-only. Reading it never
// spends a PIN try.
#pragma once

#include "pkcs11/cryptoki.h"

// NOLINTBEGIN(cppcoreguidelines-macro-usage): the style of the standard's own headers

#define CKH_KILT_TOKEN_STATUS (CKH_VENDOR_DEFINED | 0x4B490001UL)

// Another program holds the token, and has for longer than the module waits: 30 s, or KILT_PATIENCE
// of the environment in milliseconds.
#define CKR_KILT_READER_BUSY (CKR_VENDOR_DEFINED | 0x4B490001UL)

// CK_ULONG each; CK_UNAVAILABLE_INFORMATION: not known without spending a try.
#define CKA_KILT_USER_TRIES_LEFT (CKA_VENDOR_DEFINED | 0x4B490001UL)
#define CKA_KILT_USER_TRIES_MAX (CKA_VENDOR_DEFINED | 0x4B490002UL)
#define CKA_KILT_SO_TRIES_LEFT (CKA_VENDOR_DEFINED | 0x4B490003UL)
#define CKA_KILT_SO_TRIES_MAX (CKA_VENDOR_DEFINED | 0x4B490004UL)
// CK_ULONG: 0 the PIN is another one, 1 it is a factory PIN, CK_UNAVAILABLE_INFORMATION not known.
#define CKA_KILT_USER_PIN_FACTORY (CKA_VENDOR_DEFINED | 0x4B490005UL)
#define CKA_KILT_SO_PIN_FACTORY (CKA_VENDOR_DEFINED | 0x4B490006UL)
// CK_ULONG, bytes; CK_UNAVAILABLE_INFORMATION: not known.
#define CKA_KILT_MEMORY_TOTAL (CKA_VENDOR_DEFINED | 0x4B490007UL)
#define CKA_KILT_MEMORY_FREE (CKA_VENDOR_DEFINED | 0x4B490008UL)
// UTF-8 text without terminating zero: the driver, the profile's name, the firmware's version, the
// CA's OID of this kind of key storage in dotted form (empty: none known).
#define CKA_KILT_FAMILY (CKA_VENDOR_DEFINED | 0x4B490009UL)
#define CKA_KILT_PROFILE (CKA_VENDOR_DEFINED | 0x4B49000AUL)
#define CKA_KILT_FIRMWARE (CKA_VENDOR_DEFINED | 0x4B49000BUL)
#define CKA_KILT_STORAGE_OID (CKA_VENDOR_DEFINED | 0x4B49000CUL)
// UTF-8 JSON: {"sign": {"state": "native" | "delegated" | "unavailable", "reason": "..."}, ...};
// names: sign decrypt derive generate-key import-key write-certificate write-data delete-object
// change-attributes change-user-pin change-so-pin unblock-pin init-token random.
#define CKA_KILT_FUNCTIONS (CKA_VENDOR_DEFINED | 0x4B49000DUL)
// UTF-8 JSON: a list of texts, objects that were seen but cannot be shown (damaged, unknown kind).
#define CKA_KILT_ODD_OBJECTS (CKA_VENDOR_DEFINED | 0x4B49000EUL)
// UTF-8 text: why the last refused call on this slot was refused, in words for a user; empty: none
// was.
#define CKA_KILT_LAST_REASON (CKA_VENDOR_DEFINED | 0x4B49000FUL)
// UTF-8 JSON: a list of {"name", "role": "user" | "so"}: the profile's factory PINs by name.
#define CKA_KILT_FACTORY_PINS (CKA_VENDOR_DEFINED | 0x4B490010UL)
// UTF-8 text: the name of the PIN that CKU_USER stands for, where the token has several; else
// empty.
#define CKA_KILT_USER_PIN_LABEL (CKA_VENDOR_DEFINED | 0x4B490011UL)
// CK_ULONG: 0 where C_Login(CKU_SO) proves nothing, because the card compares its code only when
// C_InitPIN uses it; else 1.
#define CKA_KILT_SO_PIN_VERIFIABLE (CKA_VENDOR_DEFINED | 0x4B490012UL)
// CK_ULONG: 1 a factory PIN may be set as a new one (pin.allow_default in kilt.toml), 0 it is
// refused.
#define CKA_KILT_FACTORY_PIN_ALLOWED (CKA_VENDOR_DEFINED | 0x4B490013UL)
// CK_BBOOL, always CK_TRUE. A search that names it asks the token anew: what was seen of its PINs
// and objects within the last second (`recheck`) is not enough for a program that waited for its
// user.
#define CKA_KILT_ASKED_ANEW (CKA_VENDOR_DEFINED | 0x4B490014UL)

// In a template of C_GenerateKeyPair, for tokens with a fixed number of places for keys (the ID
// card). Bytes: the CKA_ID of the key pair whose place the new one takes; that key pair is lost for
// ever. Without it a key is only made where there is none.
#define CKA_KILT_REPLACE_KEY (CKA_VENDOR_DEFINED | 0x4B490020UL)
// CK_BBOOL: must be CK_TRUE beside it, as the owner's confirmation.
#define CKA_KILT_REPLACE_CONFIRMED (CKA_VENDOR_DEFINED | 0x4B490021UL)

// NOLINTEND(cppcoreguidelines-macro-usage)
