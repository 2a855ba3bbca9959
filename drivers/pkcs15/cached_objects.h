// A PKCS#15 application kept up to date by the token's own mark of its last change (lastUpdate of
// EF.TokenInfo, which OpenSC and Kilt set at every write), and remembered on disk.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "drivers/pkcs15/objects.h"

namespace kilt::pkcs15 {

class CachedObjects {
 public:
  /// `serial` reads the token's number; it is called when it is needed.
  CachedObjects(Objects& objects, std::string family, std::function<Bytes()> serial)
      : objects_(&objects), family_(std::move(family)), serial_(std::move(serial)) {}

  /// Asks the token for its mark, and reads what the mark does not prove to be as it was. False if
  /// the token has no such application.
  bool refresh();
  /// EF.TokenInfo was read just now, for another purpose.
  void note_token_info(const std::optional<TokenInfoEntry>& token);
  /// True if the objects are known as of what was read of the token lately, without asking it now:
  /// by the last refresh(), or by the disk.
  bool remembers();
  /// What was listed holds no longer: the token was reset or written to.
  void forget() noexcept;
  // As the objects read them; what was read is put on the disk.
  PublicKey read_public_key(const ObjectRef& ref);
  Bytes read_certificate(const ObjectRef& ref);
  Bytes read_data(const ObjectRef& ref);
  /// Puts what was read since on the disk.
  void save();

 private:
  [[nodiscard]] std::string cache_mark() const;
  /// Empty if the token does not give it; nothing is remembered then.
  [[nodiscard]] Bytes known_serial() const;
  bool read(bool same);

  Objects* objects_;
  std::string family_;
  std::function<Bytes()> serial_;
  bool listed_ = false;
  std::string listed_mark_;  ///< at the last listing, even one that proves nothing
  std::string mark_;         ///< as last read; empty: none, or one that the next change may repeat
};

}  // namespace kilt::pkcs15
