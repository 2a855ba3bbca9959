#include "tools/commands/remind/key_files.h"

#include <openssl/err.h>

#include "drivers/crypto/errors.h"
#include "drivers/crypto/hash.h"
#include "drivers/crypto/pkcs12.h"
#include "tools/terminal/failure.h"
#include "tools/terminal/files.h"
#include "tools/terminal/state_file.h"
#include "tools/terminal/text.h"
#include "tools/x509/openssl.h"
#include "tools/x509/pkcs12_work.h"

namespace kilt::tool {
namespace {

constexpr const char* kStateFile = "key-files.json";
constexpr std::size_t kMostFiles = 1000;

std::string mark_of(BytesView file) { return tool::to_hex(crypto::digest(Hash::kSha256, file)); }

std::optional<std::vector<Bytes>> remembered(const std::string& mark) {
  const auto state = read_state(kStateFile);
  const auto entry = state.find(mark);
  if (entry == state.end() || !entry->is_array()) return std::nullopt;
  std::vector<Bytes> certificates;
  for (const auto& one : *entry) {
    if (!one.is_string()) return std::nullopt;
    try {
      certificates.push_back(from_hex(one.get<std::string>()));
    } catch (const std::invalid_argument&) {
      return std::nullopt;
    }
  }
  return certificates;
}

void remember(const std::string& mark, const std::vector<Bytes>& certificates) {
  change_state(kStateFile, [&](nlohmann::json& state) {
    if (state.size() >= kMostFiles) state = nlohmann::json::object();
    state[mark] = nlohmann::json::array();
    for (const Bytes& der : certificates) state[mark].push_back(to_hex(der));
  });
}

/// The bound of kilt's own for what a file may make the computer count.
void check_work(BytesView file, const Secret& password) {
  const unsigned char* in = file.data();
  const Owned<PKCS12, PKCS12_free> parsed(d2i_PKCS12(nullptr, &in, static_cast<long>(file.size())));
  ERR_clear_error();
  if (!parsed) return;  // the reader of drivers/crypto has bounds of its own
  Secret terminated = password.clone();
  terminated.push_back('\0');
  check_pkcs12_work(parsed.get(), terminated);
}

std::vector<Bytes> plain_list(const std::vector<kilt::Bytes>& list) {
  std::vector<Bytes> result;
  for (const kilt::Bytes& one : list) result.emplace_back(one.begin(), one.end());
  return result;
}

/// What drivers/crypto throws, as this tool says it.
template <typename Work>
auto reading(Work work) {
  try {
    return work();
  } catch (const crypto::WrongPassword&) {
    throw Failure(Kind::kWrongPin, tr("The file's password is wrong."));
  } catch (const NotSupported&) {
    throw Failure(Kind::kBadInput, tr("The file is protected in a way that Kilt does not know."));
  } catch (const Error&) {
    throw Failure(Kind::kBadInput, tr("The file is damaged."));
  }
}

}  // namespace

bool is_pkcs12(const std::filesystem::path& path) {
  try {
    return crypto::Pkcs12::looks_like(read_file(path));
  } catch (const Failure& failure) {
    if (failure.kind() == Kind::kInterrupted) throw;
    return false;
  }
}

std::optional<std::vector<Bytes>> certificates_without_password(BytesView file) {
  if (!crypto::Pkcs12::looks_like(file))
    throw Failure(Kind::kBadInput, tr("This is no PKCS#12 file."));
  const auto seen = reading([&] { return crypto::Pkcs12::certificates(file, nullptr); });
  if (!seen.closed || !seen.found.empty()) return plain_list(seen.found);
  return remembered(mark_of(file));
}

std::vector<Bytes> certificates_with_password(BytesView file, const Secret& password) {
  check_work(file, password);
  const crypto::Password word(password.bytes());
  const auto certificates =
      plain_list(reading([&] { return crypto::Pkcs12::certificates(file, &word); }).found);
  remember(mark_of(file), certificates);
  return certificates;
}

Bytes key_id_in_name(const std::filesystem::path& path) {
  constexpr std::size_t kDigits = 40;
  const std::string stem = path.stem();
  const auto start = stem.rfind('_');
  if (start == std::string::npos || stem.size() - start - 1 != kDigits) return {};
  try {
    return from_hex(stem.substr(start + 1));
  } catch (const std::invalid_argument&) {
    return {};
  }
}

}  // namespace kilt::tool
