// The numbers that TC 26 (the Russian committee for cryptography) gave to GOST's key types and
// mechanisms in Cryptoki, as the token makers' modules have them; the standard has those of 256
// bits only. Here, because every layer needs them.
#pragma once

namespace kilt::tc26 {

inline constexpr unsigned long kBase = 0xD4321000UL;

/// CKK: GOST R 34.10-2012 (Kazakhstan: 2015) of 512 bits.
inline constexpr unsigned long kGost512Key = kBase | 0x003UL;

// CKM.
inline constexpr unsigned long kGost512KeyPairGen = kBase | 0x005UL;
inline constexpr unsigned long kGost512 = kBase | 0x006UL;
inline constexpr unsigned long kGost256WithStreebog = kBase | 0x008UL;
inline constexpr unsigned long kGost512WithStreebog = kBase | 0x009UL;
inline constexpr unsigned long kStreebog256 = kBase | 0x012UL;
inline constexpr unsigned long kStreebog512 = kBase | 0x013UL;

}  // namespace kilt::tc26
