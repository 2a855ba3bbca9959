// Where things lie on a token with the eToken applet (public recording of a 5110; an open boot
// driver for the 72K has the same paths).
#pragma once

#include "drivers/etoken/applet/files.h"

namespace kilt::etoken::applet {

inline const FilePath kTokenDirectory{0x6666, 0x5000};
inline const FilePath kSaltFile{0x6666, 0x5000, 0x000F};
inline const FilePath kObjectDirectory{0x6666, 0x5000, 0x0220};

/// The high byte of an object's file id is its kind.
enum class ObjectKind : Byte {
  kCertificate = 0x10,    ///< DF: attributes, value
  kRsaPrivateKey = 0x30,  ///< DF
  kEcPublicKey = 0x50,    ///< EF: attributes with the point
  kEcPrivateKey = 0x60,   ///< DF: attributes
};
[[nodiscard]] constexpr Byte kind_of(FileId id) { return static_cast<Byte>(id >> 8); }

inline constexpr FileId kAttributes = 0x0001, kValue = 0x0002;

/// The object's DF or EF, or the file `child` in its DF.
[[nodiscard]] inline FilePath object_path(FileId id) {
  FilePath path = kObjectDirectory;
  path.push_back(id);
  return path;
}
[[nodiscard]] inline FilePath object_path(FileId id, FileId child) {
  FilePath path = object_path(id);
  path.push_back(child);
  return path;
}

}  // namespace kilt::etoken::applet
