// Object files as Aladdin's software writes them: which attributes, in which order, with which
// flags and rules (sheet, sections 8.1 to 8.3).
#pragma once

#include <vector>

#include "drivers/jacarta/attribute_file.h"
#include "drivers/jacarta/container_map.h"
#include "drivers/objects.h"

namespace kilt::jacarta {

/// Names and use of a key pair's two files.
struct KeyNames {
  std::string label;
  Bytes id;
  KeyUsage usage;
  bool local = false;  ///< made on the token
  Bytes subject;       ///< of the private half; empty: default_subject()
};

/// What Aladdin's software gives a key without a subject: SEQUENCE of ten characters.
[[nodiscard]] Bytes default_subject();

[[nodiscard]] AttributeFile private_key_file(FileId id, const KeyNames& names);
[[nodiscard]] AttributeFile public_key_file(FileId id, const KeyNames& names,
                                            const RsaPublicKey& key);
/// Throws InvalidData if `der` is no certificate.
[[nodiscard]] AttributeFile certificate_file(FileId id, const Certificate& certificate,
                                             BytesView der);
[[nodiscard]] AttributeFile data_file(FileId id, const DataObject& object, BytesView value);
[[nodiscard]] AttributeFile container_map_file(const ContainerMap& map);

// READ, UPDATE, ADMIN, DELETE of these files.
[[nodiscard]] std::vector<AccessRule> object_rules();  ///< keys, public certificates
[[nodiscard]] std::vector<AccessRule> public_data_rules();
[[nodiscard]] std::vector<AccessRule> private_value_rules();  ///< private data and certificates
[[nodiscard]] std::vector<AccessRule> container_map_rules();

}  // namespace kilt::jacarta
