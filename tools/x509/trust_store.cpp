#include "tools/x509/trust_store.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <openssl/sha.h>
#include <unistd.h>

#include "tools/terminal/files.h"
#include "tools/terminal/folders.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxCertificates = 1000;
constexpr const char* kEnding = ".cer";

/// Empty: there is none.
fs::path folder() {
  const fs::path data = user_folder("XDG_DATA_HOME", ".local/share");
  return data.empty() ? data : data / "kilt/trust";
}

fs::path file_of(const CertificateInfo& certificate) {
  return folder() / (fingerprint(certificate.der) + kEnding);
}

}  // namespace

std::string fingerprint(BytesView der) {
  Bytes hash(SHA256_DIGEST_LENGTH);
  SHA256(der.data(), der.size(), hash.data());
  std::string text = to_hex(hash);
  for (char& c : text)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

std::vector<CertificateInfo> trusted_certificates(std::vector<std::string>* damaged) {
  std::vector<CertificateInfo> found;
  std::error_code error;
  for (fs::directory_iterator at(folder(), error), end; !error && at != end; at.increment(error)) {
    const fs::path& file = at->path();
    if (file.extension() != kEnding || found.size() >= kMaxCertificates) continue;
    try {
      CertificateInfo info = parse_certificate(read_file(file));
      if (fingerprint(info.der) == file.stem().string()) {
        found.push_back(std::move(info));
        continue;
      }
    } catch (const Failure& failure) {
      if (failure.kind() == Kind::kInterrupted) throw;
    }
    if (damaged != nullptr) damaged->push_back(file);
  }
  std::ranges::sort(found, {}, [](const CertificateInfo& info) {
    return std::pair(info.not_before, info.subject);
  });
  return found;
}

std::vector<Bytes> trusted_ders() {
  std::vector<Bytes> ders;
  for (CertificateInfo& info : trusted_certificates()) ders.push_back(std::move(info.der));
  return ders;
}

bool trust(const CertificateInfo& certificate) {
  const fs::path place = folder();
  if (place.empty()) throw Failure(Kind::kBadInput, tr("There is no home folder to keep it in."));
  std::error_code error;
  fs::create_directories(place, error);
  if (error)
    throw Failure(Kind::kBadInput,
                  tr("{0} cannot be written: {1}", place.string(), error.message()));
  fs::permissions(place, fs::perms::owner_all, error);
  const fs::path file = file_of(certificate);
  for (const CertificateInfo& one : trusted_certificates())
    if (one.der == certificate.der) return false;
  write_file(file, certificate.der);
  return true;
}

void distrust(const CertificateInfo& certificate) {
  const fs::path file = file_of(certificate);
  if (unlink(file.c_str()) != 0)
    throw Failure(Kind::kBadInput,
                  tr("{0} cannot be deleted: {1}", file.string(), std::strerror(errno)));
}

}  // namespace kilt::tool
