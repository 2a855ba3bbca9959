// SoftHSM inside the test's process, as the module that drivers/delegate is tested with: a token
// store of the process's own, in a temporary folder.
#pragma once

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "drivers/delegate/token.h"
#include "drivers/errors.h"
#include "tests/support/paths.h"
#include "tests/support/temporary_folder.h"

namespace kilt::test {

class SoftHsm {
 public:
  /// One for the process: a module is started once.
  static SoftHsm& instance() {
    static SoftHsm one;
    return one;
  }

  [[nodiscard]] delegate::Rule rule(const std::string& label = {}) const {
    delegate::Rule rule;
    rule.module = paths::softhsm();
    rule.label = label;
    return rule;
  }
  /// A new token with the SO PIN 87654321 and this user PIN.
  delegate::ForeignSlot new_token(const std::string& label, const std::string& user_pin) {
    for (const delegate::ForeignSlot& slot : module_->slots()) {
      if ((slot.token_flags & CKF_TOKEN_INITIALIZED) != 0) continue;
      FormatRequest request;
      request.label = label;
      request.so_pin = SecureBytes(to_bytes("87654321"));
      request.user_pin = SecureBytes(to_bytes(user_pin));
      delegate::DelegateToken(module_, slot.id).format(request);
      return token(label);
    }
    throw std::runtime_error("SoftHSM shows no free token");
  }
  delegate::ForeignSlot token(const std::string& label) {
    for (const delegate::ForeignSlot& slot : module_->slots())
      if (slot.label == label) return slot;
    throw std::runtime_error("SoftHSM does not show the token");
  }
  /// Behind the back of whoever uses the token.
  void close_sessions(const delegate::ForeignSlot& slot) const {
    module_->functions().C_CloseAllSessions(slot.id);
  }
  [[nodiscard]] std::unique_ptr<Token> open(const delegate::ForeignSlot& slot) const {
    return std::make_unique<delegate::DelegateToken>(module_, slot.id);
  }

 private:
  SoftHsm() {
    std::filesystem::create_directory(folder_.path() / "tokens");
    const std::filesystem::path conf = folder_.path() / "softhsm2.conf";
    std::ofstream(conf) << "directories.tokendir = " << (folder_.path() / "tokens").string()
                        << "\nlog.level = ERROR\n";
    setenv("SOFTHSM2_CONF", conf.c_str(), 1);
    module_ = delegate::Module::open(rule());
  }

  TemporaryFolder folder_;
  std::shared_ptr<delegate::Module> module_;
};

}  // namespace kilt::test
