// PKCS#15 directory entries as bytes: the counterpart of entries.h, in the layout that OpenSC
// writes, so that both programs see the same objects (PKCS#15 v1.1, 6).
#pragma once

#include "drivers/pkcs15/entries.h"

namespace kilt::pkcs15 {

/// An entry of the PrKDF (`private_half`) or the PuKDF.
[[nodiscard]] Bytes encode_key(const KeyEntry& key, bool private_half);
[[nodiscard]] Bytes encode_certificate(const CertificateEntry& certificate);
[[nodiscard]] Bytes encode_data(const DataEntry& data);
/// An AODF entry; min, stored and max length, reference and pad as the structure says.
[[nodiscard]] Bytes encode_pin(const PinEntry& pin);
[[nodiscard]] Bytes encode_odf(const OdfEntry& entry);
/// EF.TokenInfo; an empty last_update leaves the field out.
[[nodiscard]] Bytes encode_token_info(const TokenInfoEntry& info);

/// The entry with another label and id, all its other fields as they are.
[[nodiscard]] Bytes with_names(BytesView entry, const ObjectChange& change);

}  // namespace kilt::pkcs15
