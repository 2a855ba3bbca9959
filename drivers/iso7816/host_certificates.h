// Certificates that are kept on this computer because it is not known where the card keeps them (or
// it cannot): a folder of files, matched with the card's keys by the public key itself.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "drivers/objects.h"

namespace kilt::iso7816 {

class HostCertificates {
 public:
  /// `folder` may be empty or absent: then there are none.
  explicit HostCertificates(std::filesystem::path folder) : folder_(std::move(folder)) {}

  struct Entry {
    std::filesystem::path file;
    Bytes der;
    Bytes public_key;  ///< contents of subjectPublicKey's BIT STRING
    std::string name;  ///< the subject's common name
  };

  /// The folder's certificates: *.cer, *.crt, *.der, *.pem, DER or PEM, one each; what is no
  /// certificate is left out. Files are read again only if they changed.
  const std::vector<Entry>& refresh();
  /// There may be some: saves reading keys for nothing.
  [[nodiscard]] bool any() { return !refresh().empty(); }
  /// Changes whenever refresh() brings something else than before.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }

  /// Writes the certificate as a new file, readable by its owner only, whole or not at all; nothing
  /// happens if it is there already. Throws WriteProtected with what failed.
  std::filesystem::path store(BytesView der);
  /// Deletes the file. Throws ObjectNotFound, WriteProtected.
  void remove(const std::filesystem::path& file);

 private:
  using Stamp = std::pair<std::filesystem::file_time_type, std::uintmax_t>;

  std::filesystem::path folder_;
  std::map<std::filesystem::path, Stamp> stamps_;
  std::vector<Entry> entries_;
  std::uint64_t generation_ = 0;
};

}  // namespace kilt::iso7816
