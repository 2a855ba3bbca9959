// Token profiles: what is data about a token rather than behaviour (ATRs, names, factory PINs,
// storage OID; for the driver `iso7816` its commands), kept in TOML files so that a new ATR or a
// new card needs no new build (decision 15). Format: conf/tokens/README.md.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/errors.h"
#include "drivers/profile/commands.h"
#include "drivers/token.h"

namespace kilt {

/// What this computer brings to drivers: the user's configuration.
struct HostSettings {
  /// Folder for certificates of tokens that cannot keep them; empty: none.
  std::filesystem::path certificates;
  /// Names of profiles whose unverified commands the user accepts.
  std::vector<std::string> accepted;
  /// Takes a line for the log; may be empty.
  std::function<void(const std::string&)> log;
};

/// A profile file that cannot be used; the text names file, line and what to do.
class ProfileError : public Error {
 public:
  using Error::Error;
};

/// An answer to reset, some bits of which do not matter.
struct AtrPattern {
  Bytes value;
  Bytes mask;  ///< as long as value; a 0 bit is ignored
  std::string note;

  [[nodiscard]] bool matches(BytesView atr) const noexcept;
};

/// A PIN that leaves the factory with every token, known to everybody.
struct FactoryPin {
  std::string name;  ///< e.g. "nca": chosen by `--default-pin=nca`
  PinRole role = PinRole::kUser;
  std::string value;  ///< public knowledge, therefore not a secret
};

struct Profile {
  std::string name;    ///< unique; a later file of the same name replaces an earlier one
  std::string family;  ///< driver
  std::string manufacturer;
  std::string model;
  std::vector<AtrPattern> atrs;
  std::vector<FactoryPin> factory_pins;
  std::string label;        ///< shown where the card has none of its own
  std::string storage_oid;  ///< of the CA's "key storage" extension 1.2.398.3.3.5, may be empty
  /// What a family leaves to the owner of a token; each driver says what it knows.
  std::map<std::string, std::string> options;
  std::vector<Bytes> aids;  ///< applications by which the card is known if no ATR fits
  std::string notes;
  /// Somebody has used the whole profile with a real card.
  bool verified = false;
  bool experimental = false;  ///< said in the log when the profile is used
  bool discovery = true;      ///< look for a PKCS#15 application
  std::string unsupported;    ///< not empty: the card is recognised but cannot be used; why
  std::string foreign;        ///< not empty: what the card is, and which program is for it
  CardCommands commands;
  std::filesystem::path source;  ///< file it came from; empty: built in
  std::shared_ptr<const HostSettings> host = std::make_shared<HostSettings>();

  /// Unverified commands may be sent: the user said so for this profile.
  [[nodiscard]] bool accepted() const noexcept;

  /// The PIN is one of the factory's for this role.
  [[nodiscard]] bool is_factory_pin(PinRole role, BytesView pin) const noexcept;
};

class ProfileSet {
 public:
  /// The profiles compiled into the module from conf/tokens.
  static ProfileSet builtin();

  /// Adds one file's profile. Throws ProfileError.
  void add(std::string_view toml, const std::filesystem::path& source);
  /// Adds every *.toml of a folder in name order; an absent folder is fine. A broken file is
  /// reported through `on_error` and left out.
  void add_folder(const std::filesystem::path& folder,
                  const std::function<void(const ProfileError&)>& on_error);

  [[nodiscard]] const Profile* find(std::string_view name) const noexcept;
  /// First profile with a matching ATR; a more exact pattern (more mask bits) wins.
  [[nodiscard]] const Profile* match(BytesView atr) const noexcept;
  [[nodiscard]] const std::vector<Profile>& all() const noexcept { return profiles_; }

  /// Settings of this computer, for every profile of the set.
  void set_host(HostSettings settings);
  [[nodiscard]] const std::shared_ptr<const HostSettings>& host() const noexcept { return host_; }

 private:
  std::vector<Profile> profiles_;
  std::shared_ptr<const HostSettings> host_ = std::make_shared<HostSettings>();
};

}  // namespace kilt
