#include "drivers/iso7816/host_certificates.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/crypto/hash.h"
#include "drivers/crypto/openssl.h"
#include "drivers/crypto/x509.h"
#include "drivers/errors.h"

namespace kilt::iso7816 {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFiles = 1000;
constexpr std::uintmax_t kMaxSize = 65536;

bool named_like_a_certificate(const fs::path& file) {
  constexpr std::array<const char*, 4> kExtensions{".cer", ".crt", ".der", ".pem"};
  const std::string extension = file.extension().string();
  return std::ranges::any_of(kExtensions, [&](const char* known) { return extension == known; });
}

Bytes contents_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return to_bytes(text.str());
}

/// The first certificate of a PEM file, empty if there is none.
Bytes from_pem(const Bytes& text) {
  const crypto::BioPtr bio(
      crypto::need(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))));
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* data = nullptr;
  long size = 0;
  Bytes der;
  for (int part = 0; part < 8 && der.empty(); ++part) {
    if (PEM_read_bio(bio.get(), &name, &header, &data, &size) != 1) break;
    if (std::string_view(name) == PEM_STRING_X509) der.assign(data, data + size);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(data);
  }
  return der;
}

std::optional<HostCertificates::Entry> read_entry(const fs::path& file) {
  HostCertificates::Entry entry{file, contents_of(file), {}, {}};
  if (!entry.der.empty() && entry.der.front() != 0x30) entry.der = from_pem(entry.der);
  entry.public_key = x509::public_key_bits(entry.der);
  if (entry.public_key.empty()) return std::nullopt;
  entry.name = x509::common_name(entry.der);
  return entry;
}

[[noreturn]] void cannot(const char* what, const fs::path& path, int error) {
  throw WriteProtected(
      fmt::format("{} {}: {}", what, path.string(), std::generic_category().message(error)));
}

/// Makes the folder, for its owner only, and what is missing above it.
void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    cannot("cannot make the folder", folder, errno);
}

void write_whole(const fs::path& file, BytesView contents) {
  const fs::path temporary = file.string() + fmt::format(".{}.new", getpid());
  unlink(temporary.c_str());  // ours alone: the name has our process in it
  const int fd =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) cannot("cannot write", temporary, errno);
  bool ok = true;
  for (std::size_t done = 0; ok && done < contents.size();) {
    const ssize_t step = write(fd, contents.data() + done, contents.size() - done);
    ok = step > 0;
    if (ok) done += static_cast<std::size_t>(step);
  }
  ok = fsync(fd) == 0 && ok;
  ok = close(fd) == 0 && ok;
  ok = ok && rename(temporary.c_str(), file.c_str()) == 0;
  const int error = errno;
  if (ok) return;
  unlink(temporary.c_str());
  cannot("cannot write", file, error);
}

}  // namespace

const std::vector<HostCertificates::Entry>& HostCertificates::refresh() {
  std::map<fs::path, Stamp> seen;
  std::error_code error;
  if (!folder_.empty())
    for (const auto& item : fs::directory_iterator(folder_, error)) {
      std::error_code trouble;
      if (!named_like_a_certificate(item.path()) || !item.is_regular_file(trouble)) continue;
      const Stamp stamp{item.last_write_time(trouble), item.file_size(trouble)};
      if (trouble || stamp.second > kMaxSize) continue;
      seen.emplace(item.path(), stamp);
      if (seen.size() >= kMaxFiles) break;
    }
  if (seen == stamps_) return entries_;
  std::vector<Entry> fresh;
  for (const auto& [file, stamp] : seen)
    if (auto entry = read_entry(file)) fresh.push_back(std::move(*entry));
  stamps_ = std::move(seen);
  entries_ = std::move(fresh);
  ++generation_;
  return entries_;
}

fs::path HostCertificates::store(BytesView der) {
  if (folder_.empty())
    throw WriteProtected(
        "there is no folder for certificates on this computer: set cert.dir in "
        "kilt.toml");
  for (const Entry& entry : refresh())
    if (equal(entry.der, der)) return entry.file;
  make_folder(folder_);
  // Named by its own contents: no personal data in the name, no collision.
  fs::path file = folder_ / (to_hex(crypto::sha1(der)) + ".cer");
  write_whole(file, der);
  return file;
}

void HostCertificates::remove(const fs::path& file) {
  if (unlink(file.c_str()) == 0) return;
  if (errno == ENOENT) throw ObjectNotFound("the certificate's file is gone");
  cannot("cannot delete", file, errno);
}

}  // namespace kilt::iso7816
