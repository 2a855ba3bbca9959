#include "tools/commands/remind/search.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "drivers/crypto/x509_extensions.h"
#include "tools/client/return_value.h"
#include "tools/commands/remind/key_files.h"
#include "tools/commands/renew/renewal.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/terminal.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFileModel = "PKCS#12 file";  ///< as Kilt's module calls key files
constexpr std::size_t kMaxFiles = 10000;
constexpr std::uintmax_t kMaxFileSize = std::uintmax_t{1} << 20U;

char lower(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

std::string lower_extension(const fs::path& path) {
  std::string extension = path.extension();
  std::ranges::transform(extension, extension.begin(), lower);
  return extension;
}

bool is_one_of(const std::string& extension, std::initializer_list<std::string_view> list) {
  return std::ranges::find(list, extension) != list.end();
}

bool is_key_file(const fs::path& path) {
  return is_one_of(lower_extension(path), {".p12", ".pfx"});
}

/// The token's number is the first digits of its certificate's key identifier.
bool same_number(const std::string& digits, const std::string& serial) {
  return !serial.empty() && digits.size() >= serial.size() &&
         std::ranges::equal(serial, digits.substr(0, serial.size()), {}, lower, lower);
}

/// The file of this computer that the token is; empty: it is none. The module's name of its reader
/// is the path, or as much of it as a reader's name can be long.
std::string file_of(const SlotView& slot) {
  const fs::path path = slot.reader;
  std::error_code error;
  if (!path.is_absolute() || slot.reader.ends_with('/')) return {};
  if (fs::is_regular_file(path, error)) return slot.reader;
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(path.parent_path(), error)) {
    const std::string name = entry.path();
    if (!name.starts_with(slot.reader) || !is_key_file(entry.path())) continue;
    const std::string digits = to_hex(key_id_in_name(entry.path()));
    if (!slot.token || digits.empty() || same_number(digits, slot.token->serial))
      found.push_back(name);
  }
  return found.size() == 1 ? found.front() : std::string();
}

/// The same file by another name.
bool same_file(const std::string& one, const std::string& other) {
  std::error_code error;
  return fs::equivalent(one, other, error) && !error;
}

/// A file's certificate is old if its owner has a later one for all that it is for.
bool supersedes(const Found& newer, const Found& older) {
  const auto serves_as = [&](Purpose purpose) {
    return !serves(older.info, purpose) || serves(newer.info, purpose);
  };
  const bool kit = std::ranges::any_of(
      kKitPurposes, [&](Purpose purpose) { return serves(older.info, purpose); });
  return kit && newer.info.not_after > older.info.not_after && newer.info.spki != older.info.spki &&
         same_owner(newer.info, older.info) && std::ranges::all_of(kKitPurposes, serves_as);
}

/// By `kilt renew status`: superseded for all purposes that it serves.
bool is_old(const RenewalState& state, const CertificateView& certificate) {
  bool any = false;
  for (const Purpose purpose : kKitPurposes) {
    if (!serves(*certificate.info, purpose)) continue;
    const auto& older = state.of(purpose).older;
    if (std::ranges::none_of(older, [&](const auto& p) { return p.certificate == &certificate; }))
      return false;
    any = true;
  }
  return any;
}

}  // namespace

void Search::tokens() {
  std::vector<SlotView> slots;
  try {
    slots = context_.slots();
  } catch (const Failure& failure) {
    if (failure.kind() != Kind::kModule) throw;
    module_failed_ = true;
    unread_.push_back({context_.module_path(), failure.what()});
    return;
  }
  if (slots.empty() && !context_.options.token.empty())
    throw Failure(Kind::kNotFound, tr("No connected token is {0}.", clean(context_.options.token)),
                  tr("`kilt list` shows readers and tokens; `kilt doctor` looks for the cause."));
  for (const SlotView& slot : slots) {
    stop_if_interrupted();
    try {
      token(slot);
    } catch (const Failure& failure) {
      if (failure.kind() == Kind::kInterrupted) throw;
      unread_.push_back({slot.reader, failure.what()});
    }
  }
}

void Search::token(const SlotView& slot) {
  if (!slot.token) {
    // A stranger's card is nobody's fault.
    const bool strange = slot.trouble == CKR_TOKEN_NOT_RECOGNIZED && file_of(slot).empty();
    if (slot.present && !strange) throw failure_of(slot.trouble, "C_GetTokenInfo");
    return;
  }
  if (!slot.token->has(CKF_TOKEN_INITIALIZED)) return;
  const std::string choice = slot.token->serial.empty() ? slot.token->label : slot.token->serial;
  Session session(context_.module(), slot.id, Session::Mode::kRead);
  const Inventory inventory = read_inventory(session);
  if (const std::string file = file_of(slot); !file.empty()) {
    read_.push_back(file);
    // Once seen, its certificates are remembered by the module.
    if (inventory.certificates.empty()) return key_file(file, choice);
    for (const CertificateView& one : inventory.certificates)
      add(one.der, Place::kKeyFile, file, choice);
    return;
  }
  // Which file it is cannot be told of the beginning of its path.
  if (slot.token->model == kFileModel && inventory.certificates.empty())
    throw Failure(Kind::kBadInput, tr("its certificate is not seen without the password"));
  const RenewalState state = renewal_state(inventory, *slot.token);
  for (const CertificateView& one : inventory.certificates) {
    if (!one.info || one.info->authority) continue;
    const std::string& label = slot.token->label;
    found_.push_back(
        {*one.info, Place::kToken,
         slot.token->serial.empty() ? label : fmt::format("{} ({})", label, slot.token->serial),
         choice, is_old(state, one)});
  }
}

void Search::place(const std::string& name) {
  std::error_code error;
  const fs::file_status status = fs::status(name, error);
  try {
    if (!fs::exists(status))
      throw Failure(Kind::kBadInput, tr("{0} cannot be read: {1}", name, error.message()));
    if (fs::is_directory(status))
      folder(name);
    else
      file(name, true);
  } catch (const Failure& failure) {
    if (failure.kind() != Kind::kBadInput) throw;
    unread_.push_back({name, failure.what()});
  }
}

void Search::folder(const std::string& name) {
  std::error_code error;
  std::vector<fs::path> files;
  fs::recursive_directory_iterator at(name, fs::directory_options::skip_permission_denied, error);
  if (error) throw Failure(Kind::kBadInput, tr("{0} cannot be read: {1}", name, error.message()));
  for (const auto end = fs::end(at); at != end; at.increment(error)) {
    if (error) break;
    if (!at->is_regular_file(error)) continue;
    if (files.size() == kMaxFiles) {
      unread_.push_back(
          {name, tr("It holds more than {0} files; these were looked at.", kMaxFiles)});
      break;
    }
    files.push_back(at->path());
  }
  std::ranges::sort(files);
  for (const fs::path& path : files) file(path, false);
}

void Search::file(const fs::path& path, bool named) {
  stop_if_interrupted();
  const std::string extension = lower_extension(path);
  const bool key = is_key_file(path);
  if (!named && !key && !is_one_of(extension, {".cer", ".crt", ".pem", ".der", ".p7b"})) return;
  // Others may hold anything.
  bool surely = named || key || is_one_of(extension, {".cer", ".crt"});
  try {
    std::error_code error;
    if (fs::file_size(path, error) > kMaxFileSize && !error)
      throw Failure(Kind::kBadInput, tr("{0} is too large.", path.string()));
    if (key || (named && is_pkcs12(path))) return key_file(path, {});
    const Bytes contents = read_file(path);
    constexpr std::string_view kMark = "-----BEGIN CERTIFICATE-----";
    surely = surely || !std::ranges::search(contents, kMark).empty();
    for (const Bytes& der : certificates_in(contents)) add(der, Place::kCertificateFile, path, {});
  } catch (const Failure& failure) {
    if (failure.kind() == Kind::kInterrupted) throw;
    if (surely) unread_.push_back({path, failure.what()});
  }
}

void Search::key_file(const std::string& path, const std::string& token) {
  if (token.empty() &&
      std::ranges::any_of(read_, [&](const std::string& one) { return same_file(one, path); }))
    return;
  const Bytes contents = read_file(path);
  if (const auto seen = certificates_without_password(contents)) return add_all(*seen, path, token);
  Closed closed{path, token, tr("its certificate is not seen without the password"),
                key_id_in_name(path)};
  if (!options_.password_source.empty()) {
    try {
      const Secret password = secret_from(options_.password_source);
      return add_all(certificates_with_password(contents, password), path, token);
    } catch (const Failure& failure) {
      if (failure.kind() != Kind::kWrongPin) throw;
      closed.why = failure.what();
    }
  }
  closed_.push_back(std::move(closed));
}

bool Search::open_by_copy(const Closed& closed) {
  if (closed.key_id.empty()) return false;
  for (const Found& one : found_)
    if (one.info.key_id == closed.key_id ||
        std::ranges::equal(x509::subject_key_identifier(one.info.der), closed.key_id)) {
      const Bytes der = one.info.der;
      add(der, Place::kKeyFile, closed.path, closed.token);
      return true;
    }
  return false;
}

bool Search::open_by_question(const Closed& closed) {
  constexpr int kPatience = 3;
  if (!options_.ask) return false;
  const Bytes contents = read_file(closed.path);
  for (int round = 0; round < kPatience; ++round) {
    const Secret password = ask_secret(
        tr("Password of {0} (an empty line leaves it out)", closed.path), Empty::kCounts);
    if (password.empty()) return false;
    try {
      add_all(certificates_with_password(contents, password), closed.path, closed.token);
      return true;
    } catch (const Failure& failure) {
      if (failure.kind() != Kind::kWrongPin) throw;
      context_.out().warn(failure.what());
    }
  }
  return false;
}

void Search::finish() {
  for (const Closed& one : closed_) {
    try {
      if (!open_by_copy(one) && !open_by_question(one)) unread_.push_back({one.path, one.why});
    } catch (const Failure& failure) {
      if (failure.kind() != Kind::kBadInput) throw;
      unread_.push_back({one.path, failure.what()});
    }
  }
  closed_.clear();
  drop_doubles();
  find_old();
}

void Search::add(const Bytes& der, Place place, const std::string& where,
                 const std::string& token) {
  CertificateInfo info = parse_certificate(der);
  if (!info.authority) found_.push_back({std::move(info), place, where, token, false});
}

void Search::add_all(const std::vector<Bytes>& certificates, const std::string& path,
                     const std::string& token) {
  for (const Bytes& der : certificates) add(der, Place::kKeyFile, path, token);
}

void Search::drop_doubles() {
  std::ranges::stable_sort(found_, {}, &Found::place);
  std::vector<Found> kept;
  for (Found& one : found_)
    if (std::ranges::none_of(kept, [&](const Found& k) { return k.info.der == one.info.der; }))
      kept.push_back(std::move(one));
  found_ = std::move(kept);
}

void Search::find_old() {
  for (Found& one : found_)
    if (one.place != Place::kToken)
      one.old = std::ranges::any_of(found_, [&](const Found& newer) {
        // A copy of a certificate says nothing of where the key is.
        const bool comparable = one.place == Place::kCertificateFile || newer.place == one.place;
        return comparable && supersedes(newer, one);
      });
}

}  // namespace kilt::tool
