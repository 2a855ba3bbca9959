// How the PKCS#15 code reaches a token's files; the family supplies it.
#pragma once

#include <optional>

#include "apdu/bytes.h"

namespace kilt::pkcs15 {

class Files {
 public:
  Files() = default;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  virtual ~Files() = default;

  /// Selects the EF at `path` (file ids from the MF on, 3F00 may lead) and returns its size in
  /// bytes. Throws ObjectNotFound.
  virtual std::size_t select(BytesView path) = 0;
  /// Up to `length` bytes of the selected EF from `offset`; fewer only at its end.
  virtual Bytes read(std::size_t offset, std::size_t length) = 0;
  /// The record with this number of the selected EF; nothing if that is no file of records. In such
  /// a file the index of a PKCS#15 path is a record's number.
  virtual std::optional<Bytes> record(std::size_t number);
};

/// What a new file is for: the family sets its access rights by that.
enum class FileUse {
  kOdf,
  kTokenInfo,
  kPinDirectory,  ///< AODF
  kDirectory,     ///< PrKDF, PuKDF, CDF, DODF
  kPublicValue,   ///< certificate, public key, public data
  kPrivateValue,  ///< data behind the user PIN
};

class WritableFiles : public Files {
 public:
  /// Makes an empty EF. Throws TokenFull, Inconsistent if it exists.
  virtual void create(BytesView path, FileUse use, std::size_t size) = 0;
  /// Writes into the selected EF, in commands of at most max_update() bytes, front to back.
  virtual void update(std::size_t offset, BytesView data) = 0;
  /// Bytes that one command writes: written whole or not at all.
  [[nodiscard]] virtual std::size_t max_update() const = 0;
  /// Deletes the file. Throws ObjectNotFound.
  virtual void remove(BytesView path) = 0;
};

}  // namespace kilt::pkcs15
