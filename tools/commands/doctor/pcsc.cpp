#include <array>
#include <cerrno>
#include <fstream>

#include <unistd.h>
#include <winscard.h>

#include "drivers/profile/profile.h"
#include "tools/commands/doctor/doctor.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

namespace fs = std::filesystem;

constexpr DWORD kMaxReaders = 16;

const char* const kStartService = "sudo systemctl enable --now pcscd.socket";

/// Command names of running processes that are known to hold cards for themselves.
std::string card_holders(const Surroundings& around) {
  constexpr std::array<std::string_view, 5> kKnown{"scdaemon", "java", "gpg-agent", "NCALayer",
                                                   "opensc-tool"};
  std::string names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(around.at("/proc"), error)) {
    std::ifstream file(entry.path() / "comm");
    std::string name;
    if (!std::getline(file, name)) continue;
    if (std::ranges::find(kKnown, name) == kKnown.end()) continue;
    names +=
        fmt::format("{}{} ({})", names.empty() ? "" : ", ", name, entry.path().filename().string());
  }
  return names;
}

void check_installed(const Surroundings& around, Checks& checks) {
  std::error_code error;
  const bool daemon = fs::exists(around.at("/usr/sbin/pcscd"), error);
  if (!daemon)
    checks.push_back({"pcscd-installed",
                      Health::kProblem,
                      tr("The card service pcscd is not installed."),
                      "sudo apt install pcscd",
                      {}});
  const bool driver =
      fs::exists(around.at("/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist"), error) ||
      fs::exists(around.at("/etc/libccid_Info.plist"), error);
  if (!driver)
    checks.push_back({"ccid-installed",
                      Health::kProblem,
                      tr("The driver for USB readers and tokens, libccid, is not installed."),
                      "sudo apt install libccid",
                      {}});
}

/// Why the service does not take us, by its socket.
Check unreachable(LONG code) {
  const char* named = std::getenv("PCSCLITE_CSOCK_NAME");
  const std::string socket = named == nullptr ? "/run/pcscd/pcscd.comm" : named;
  if (code == SCARD_W_SECURITY_VIOLATION)
    return {"pcscd-access",
            Health::kProblem,
            tr("The card service refuses this user (polkit)."),
            tr("Log in at the computer's own screen, or let the administrator allow "
               "org.debian.pcsc-lite.access_pcsc in /etc/polkit-1/rules.d."),
            {}};
  if (access(socket.c_str(), R_OK | W_OK) != 0 && errno == EACCES)
    return {"pcscd-access",
            Health::kProblem,
            tr("The card service's socket {0} may not be used by this user.", socket),
            "sudo chmod 666 " + socket,
            {}};
  return {
      "pcscd", Health::kProblem, tr("The card service pcscd is not running."), kStartService, {}};
}

std::vector<std::string> list_readers(SCARDCONTEXT context) {
  DWORD size = 0;
  if (SCardListReaders(context, nullptr, nullptr, &size) != SCARD_S_SUCCESS || size > 65536)
    return {};
  std::string names(size, '\0');
  if (SCardListReaders(context, nullptr, names.data(), &size) != SCARD_S_SUCCESS) return {};
  std::vector<std::string> readers;
  for (std::size_t at = 0; at < names.size() && names[at] != '\0' && readers.size() < kMaxReaders;
       at += readers.back().size() + 1)
    readers.emplace_back(names.c_str() + at);
  return readers;
}

ProfileSet all_profiles(const Surroundings& around) {
  ProfileSet set = ProfileSet::builtin();
  set.add_folder(around.at("/usr/share/kilt/tokens"), {});
  set.add_folder(around.at("/etc/kilt/tokens"), {});
  set.add_folder(around.config / "kilt" / "tokens", {});
  return set;
}

void check_card(const Surroundings& around, SCARDCONTEXT context, const std::string& reader,
                const ProfileSet& profiles, Checks& checks) {
  SCARD_READERSTATE state{};
  state.szReader = reader.c_str();
  state.dwCurrentState = SCARD_STATE_UNAWARE;
  if (SCardGetStatusChange(context, 0, &state, 1) != SCARD_S_SUCCESS) return;
  const std::string name = clean(reader);
  if ((state.dwEventState & SCARD_STATE_PRESENT) == 0) {
    checks.push_back({"card", Health::kNote, tr("{0}: no card or token is in it.", name), "", {}});
    return;
  }
  if ((state.dwEventState & SCARD_STATE_MUTE) != 0) {
    checks.push_back({"card-mute",
                      Health::kProblem,
                      tr("{0}: the card does not answer.", name),
                      tr("Turn it over, clean its contacts, try another reader."),
                      {}});
    return;
  }
  if ((state.dwEventState & SCARD_STATE_EXCLUSIVE) != 0) {
    const std::string who = card_holders(around);
    checks.push_back({"card-held",
                      Health::kProblem,
                      tr("{0}: another program holds the card for itself.", name) +
                          (who.empty() ? "" : ' ' + tr("Running: {0}", who)),
                      tr("Close it. For GnuPG: gpgconf --kill scdaemon, and `disable-ccid` and "
                         "`pcsc-shared` in ~/.gnupg/scdaemon.conf"),
                      {}});
  }
  const Bytes atr(state.rgbAtr, state.rgbAtr + std::min<DWORD>(state.cbAtr, sizeof state.rgbAtr));
  const Profile* profile = profiles.match(atr);
  if (profile != nullptr)
    checks.push_back(
        {"card", Health::kGood, tr("{0}: {1} ({2})", name, profile->model, profile->name), "", {}});
  else
    checks.push_back({"card-unknown",
                      Health::kProblem,
                      tr("{0}: a card that no profile knows, ATR {1}", name, to_hex(atr)),
                      tr("If it is one of the CA's tokens: `kilt probe` collects what a profile "
                         "needs; it goes to {0}",
                         (around.config / "kilt" / "tokens").string()),
                      {}});
}

}  // namespace

void check_pcsc(const Surroundings& around, Checks& checks) {
  check_installed(around, checks);
  SCARDCONTEXT context = 0;
  const LONG code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context);
  if (code != SCARD_S_SUCCESS) {
    checks.push_back(unreachable(code));
    return;
  }
  checks.push_back({"pcscd", Health::kGood, tr("The card service pcscd runs."), "", {}});
  const auto readers = list_readers(context);
  if (readers.empty())
    checks.push_back({"reader",
                      Health::kProblem,
                      tr("pcscd sees no reader or USB token."),
                      tr("Plug it in, in another socket perhaps; then `lsusb` must list it."),
                      {}});
  const ProfileSet profiles = all_profiles(around);
  for (const std::string& reader : readers) check_card(around, context, reader, profiles, checks);
  SCardReleaseContext(context);
}

}  // namespace kilt::tool
