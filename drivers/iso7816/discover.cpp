#include "drivers/iso7816/discover.h"

#include <algorithm>
#include <functional>

#include "drivers/errors.h"
#include "drivers/pkcs15/directory.h"
#include "drivers/pkcs15/discovery.h"

namespace kilt::iso7816 {
namespace {

constexpr std::size_t kMaxCandidates = 8;
constexpr std::size_t kMaxDir = 512;  // bytes of EF.DIR: a dozen applications

/// The card's "no" in all its forms; a card that is gone or was reset is another matter.
bool succeeds(const std::function<bool()>& attempt) {
  try {
    return attempt();
  } catch (const ObjectNotFound&) {
    return false;
  } catch (const NotLoggedIn&) {
    return false;
  } catch (const CardFault&) {
    return false;
  } catch (const MalformedAnswer&) {
    return false;
  }
}

Bytes from_mf(BytesView path) {
  Bytes whole{0x3F, 0x00};
  append(whole, pkcs15::relative_path(path));
  return whole;
}

Discovered in_application(const Bytes& aid) {
  Discovered found;
  found.application.aid = aid;
  found.application.witness = {0x50, 0x31};
  return found;
}

Discovered in_folder(BytesView path) {
  Discovered found;
  found.base = found.application.path = from_mf(path);
  return found;
}

bool has_odf(Files& files, const Discovered& candidate) {
  files.set_application(candidate.application);
  return succeeds([&] {
    Bytes path = candidate.odf;
    if (path.empty()) {
      path = candidate.base;
      append(path, Bytes{0x50, 0x31});
    }
    // A card that says yes to every name has no ODF behind it (ISO/IEC 7816-15, 8.3: its entries
    // are tagged A0 to A8; some cards have a SEQUENCE around them). One that hides it may have one.
    files.select(path);
    Bytes odf;
    try {
      odf = files.read(0, 1);
    } catch (const NotLoggedIn&) {
      return true;
    }
    return !odf.empty() && ((odf[0] >= 0xA0 && odf[0] <= 0xA8) || odf[0] == 0x30);
  });
}

std::vector<pkcs15::DirEntry> read_dir(Files& files) {
  std::vector<pkcs15::DirEntry> entries;
  files.set_application({});
  succeeds([&] {
    const std::size_t size = std::min(files.select(pkcs15::dir_path()), kMaxDir);
    entries = pkcs15::decode_dir(files.read(0, size));
    return true;
  });
  return entries;
}

std::vector<Discovered> candidates_of(const std::vector<pkcs15::DirEntry>& entries) {
  // Those that say what they are first; a token may also keep the structure under a name of its
  // own.
  std::vector<pkcs15::DirEntry> ordered = entries;
  std::ranges::stable_partition(ordered, [](const auto& entry) { return entry.is_pkcs15(); });
  std::vector<Discovered> candidates;
  for (const auto& entry : ordered) {
    if (candidates.size() >= kMaxCandidates) break;
    if (entry.path.empty() && entry.aid.empty()) continue;
    Discovered candidate = entry.path.empty() ? in_application(entry.aid) : in_folder(entry.path);
    candidate.odf = entry.odf;
    candidate.token_info = entry.token_info;
    candidate.label = entry.label;
    if (!candidate.odf.empty()) candidate.application.witness = candidate.odf;
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace

std::optional<Discovered> find_pkcs15(Files& files) {
  try {
    Discovered by_name = in_application(pkcs15::application_id());
    if (has_odf(files, by_name)) return by_name;
    for (Discovered& candidate : candidates_of(read_dir(files)))
      if (has_odf(files, candidate)) return std::move(candidate);
    Discovered usual = in_folder(Bytes{0x50, 0x15});
    if (has_odf(files, usual)) return usual;
  } catch (const NotSupported&) {
    // 6D00 or 6E00 to SELECT: no such card.
  }
  files.set_application({});
  return std::nullopt;
}

}  // namespace kilt::iso7816
