// The file behind a token: its bytes as last read, the container while it is open, and the
// password, which every writing needs (each part has a salt of its own) and which is wiped at
// logout.
#pragma once

#include <filesystem>
#include <optional>

#include "drivers/crypto/pkcs12.h"
#include "drivers/files/disk_file.h"

namespace kilt::files {

class KeyFile {
 public:
  explicit KeyFile(std::filesystem::path path) : path_(std::move(path)) {}

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Reads the file. Throws as read_file(); TokenNotRecognized for something else than PKCS#12.
  void read();
  /// The file is another than the one read. Throws CardRemoved if it is gone.
  [[nodiscard]] bool changed() const;
  /// SHA-256 of the bytes read.
  [[nodiscard]] Bytes digest() const;

  /// Opens the container. Throws crypto::WrongPassword, NotSupported, MalformedAnswer.
  void open(const SecureBytes& password);
  /// The password opens it; nothing else changes.
  [[nodiscard]] bool opens_with(const SecureBytes& password) const;
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return container_.has_value(); }
  /// Throws NotLoggedIn unless it is open.
  [[nodiscard]] crypto::Pkcs12& container();
  /// Writes the container under the password it was opened with, or from now on under another.
  /// Throws as replace_file(); the container is then as in the file again.
  void save(const SecureBytes* new_password = nullptr);

 private:
  std::filesystem::path path_;
  Contents contents_;
  std::optional<crypto::Pkcs12> container_;
  SecureBytes password_;
};

}  // namespace kilt::files
