// The contents of the files that Microsoft's minidriver keeps on an IDPrime card: index, container
// map, key map, certificates. Layouts as OpenSC's driver and public logs show them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/file_path.h"

namespace kilt::etoken::idprime {

/// An entry of the index.
struct IndexEntry {
  FileId file = 0;
  std::size_t size = 0;
  std::string name, directory;

  bool operator==(const IndexEntry&) const = default;
};
/// Entries of 21 bytes behind a count; as many of them as there are.
[[nodiscard]] std::vector<IndexEntry> parse_index(BytesView contents);

/// A record of the container map.
struct Container {
  unsigned number = 0;
  std::string name;
  unsigned sign_bits = 0, exchange_bits = 0;
};
/// Records of 86 bytes up to the first empty one.
[[nodiscard]] std::vector<Container> parse_container_map(BytesView contents);

/// A record of the key map (940 only).
struct MappedKey {
  Byte reference = 0;
  unsigned container = 0;
  bool signature_pin = false;  ///< behind the digital-signature PIN
};
/// Records of 8 bytes; unused ones are left out.
[[nodiscard]] std::vector<MappedKey> parse_key_map(BytesView contents);

/// DER out of a certificate file, which may hold it compressed. Throws MalformedAnswer, also for
/// a stream that inflates beyond the size it announces.
[[nodiscard]] Bytes unpack_certificate(BytesView contents);

/// The text of the 'tinfo' file: 01, length, name.
[[nodiscard]] std::string parse_token_name(BytesView contents);

}  // namespace kilt::etoken::idprime
