// What can sign: the tokens that are plugged, by the names that web sites have for their kinds, and
// the certificates on them that fit what a site wants.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include "tools/bridge/protocol.h"
#include "tools/client/inventory.h"
#include "tools/client/status.h"

namespace kilt::bridge {

/// "PKCS12" stands for files and for every token that has no name of its own.
inline constexpr const char* kFileStorage = "PKCS12";
/// Every name that a site may use.
const std::vector<std::string>& storage_names();
bool is_storage_name(const std::string& name);

/// Which keys a request takes.
struct KeyFilter {
  enum class Use { kAny, kSignature, kAuthentication };
  Use use = Use::kAny;
  std::vector<std::string> extended_usage;  ///< all of them, dotted
  std::string iin, bin, serial;             ///< empty: any
  std::optional<std::vector<std::string>>
      issuers;  ///< one of these names (name_line); nullopt: any
  bool allow_expired = false;
};

/// A certificate, and whether it may be used.
struct KeyOffer {
  std::string id;  ///< hex SHA-256 of the certificate
  tool::CertificateInfo certificate;
  std::string reason;  ///< why it may not be used, for people; empty: it may
};

/// Judges one certificate.
std::string refusal(const tool::CertificateInfo& certificate, const KeyFilter& filter,
                    std::time_t now);

struct Storage {
  tool::SlotView slot;
  std::string id;    ///< for the dialogue
  std::string name;  ///< AKKaztokenStore, …, PKCS12
  tool::TokenStatus status;
  std::vector<KeyOffer> keys;  ///< what is seen now
  bool logged_in = false;
};

/// A token at work: a session, and what is seen in it. Lives on the module's thread.
class OpenToken {
 public:
  OpenToken(tool::Module& module, const tool::SlotView& slot);
  /// One C_Login. Throws Failure.
  void login(tool::Secret pin);
  /// Reads again what is seen.
  void read();
  [[nodiscard]] Storage describe(const KeyFilter& filter, std::time_t now);
  struct Chosen {
    const tool::CertificateView* certificate;
    const tool::KeyView* key;  ///< nullptr: not seen, or not there
  };
  /// Throws Failure(kNotFound): no such certificate.
  [[nodiscard]] Chosen choose(const std::string& id) const;
  [[nodiscard]] tool::Session& session() noexcept { return session_; }
  [[nodiscard]] const tool::SlotView& slot() const noexcept { return slot_; }

 private:
  tool::SlotView slot_;
  tool::Session session_;
  tool::Inventory inventory_;
  tool::Secret pin_;  // only while a key wants it for each use
};

/// The name for sites; from the token status object or, with other modules, PKCS12.
std::string storage_name(const tool::TokenStatus& status);
/// Names of the plugged tokens that have one of their own, each once.
std::vector<std::string> active_tokens(tool::Module& module);
/// The initialised tokens whose name is among `names` (empty: all), tokens before files. One that
/// cannot be read is left out.
std::vector<Storage> storages(tool::Module& module, const std::vector<std::string>& names,
                              const KeyFilter& filter, std::time_t now);
/// Which tokens are plugged: changes when the list above might.
std::string fingerprint(tool::Module& module);

}  // namespace kilt::bridge
