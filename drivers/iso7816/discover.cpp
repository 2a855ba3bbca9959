#include "drivers/iso7816/discover.h"

#include <algorithm>
#include <functional>

#include "drivers/errors.h"
#include "drivers/pkcs15/directory.h"
#include "drivers/pkcs15/discovery.h"

namespace kilt::iso7816 {
namespace {

constexpr std::size_t kMaxCandidates = 8;

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
  found.place.aid = aid;
  found.place.witness = {0x50, 0x31};
  return found;
}

Discovered in_folder(BytesView path) {
  Discovered found;
  found.base = found.place.path = from_mf(path);
  return found;
}

bool has_odf(CardFiles& files, const Discovered& candidate) {
  files.set_place(candidate.place);
  return succeeds([&] {
    Bytes path = candidate.odf;
    if (path.empty()) {
      path = candidate.base;
      append(path, Bytes{0x50, 0x31});
    }
    files.select(path);
    return true;
  });
}

std::vector<pkcs15::DirEntry> read_dir(CardFiles& files) {
  std::vector<pkcs15::DirEntry> entries;
  files.set_place({});
  succeeds([&] {
    entries = pkcs15::decode_dir(pkcs15::read_file(files, pkcs15::dir_path()));
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
    if (!candidate.odf.empty()) candidate.place.witness = candidate.odf;
    candidates.push_back(std::move(candidate));
  }
  return candidates;
}

}  // namespace

std::optional<Discovered> find_pkcs15(CardFiles& files) {
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
  files.set_place({});
  return std::nullopt;
}

}  // namespace kilt::iso7816
