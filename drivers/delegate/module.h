// Another PKCS#11 module, loaded into this process. What it says is untrusted: every pointer,
// count and length is checked before use. What it does with the memory given to it cannot be.
//
// It is loaded and started in the thread of the call that first needs it: a thread of our own would
// meet whatever lock that caller holds (OpenSSL's one-time initialisation above us, and in the
// module too) and wait for ever. Nothing bounds a foreign library that hangs: the log then ends
// with the line that names it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "drivers/delegate/cryptoki.h"
#include "drivers/delegate/rule.h"

namespace kilt::delegate {

/// Slots one module may have; more is taken for nonsense.
inline constexpr std::size_t kMaxSlots = 256;

/// A slot of the module with a token in it.
struct ForeignSlot {
  CK_SLOT_ID id = 0;
  std::string description;  ///< the module's name for it
  CK_FLAGS token_flags = 0;
  std::string label, serial;  ///< of the token
};

class Module {
 public:
  /// Loads and starts the module, once per process and path. Throws ServiceUnavailable with a
  /// reason: not absolute, not there, no PKCS#11 module, this very module, refuses to start.
  static std::shared_ptr<Module> open(const Rule& rule);
  /// A module that is in this process already (tests). It is not started, nor finished.
  static std::shared_ptr<Module> adopt(const CK_FUNCTION_LIST& functions);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  /// The function, checked for presence. `name` is for the error: NotSupported.
  template <typename Function>
  [[nodiscard]] Function need(Function function, const char* name) const {
    if (function == nullptr) missing(name);
    return function;
  }
  [[nodiscard]] const CK_FUNCTION_LIST& functions() const noexcept { return functions_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// Slots with a token. Throws what check() throws.
  [[nodiscard]] std::vector<ForeignSlot> slots() const;
  /// Token info of a slot, nothing if there is none.
  [[nodiscard]] std::optional<CK_TOKEN_INFO> token_info(CK_SLOT_ID slot) const;
  /// In a forked child: forget it without a word.
  void abandon() noexcept { started_ = false; }

 private:
  explicit Module(std::string path) : path_(std::move(path)) {}
  void load();
  void start();
  [[noreturn]] void missing(const char* name) const;

  std::string path_;
  void* library_ = nullptr;
  CK_FUNCTION_LIST functions_{};
  bool started_ = false;  ///< by us: then we also finish it
};

/// Calls a function of the module: `KILT_FOREIGN(module, C_Login)(session, …)` gives its CK_RV.
#define KILT_FOREIGN(module, name) ((module).need((module).functions().name, #name))

/// Throws the typed error that a return value stands for; CKR_OK passes. `what` names the function.
void check(const char* what, CK_RV rv);

/// Text in a blank-padded field, whatever bytes it holds: control characters become '?'.
template <std::size_t N>
[[nodiscard]] std::string field(const unsigned char (&bytes)[N]) {
  std::string text;
  for (const unsigned char byte : bytes) {
    if (byte == 0) break;
    text.push_back(byte < 0x20 || byte == 0x7F ? '?' : static_cast<char>(byte));
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace kilt::delegate
