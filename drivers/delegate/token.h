// A token behind another PKCS#11 module, as this project's token interface: the rest of Kilt does
// not know.
#pragma once

#include "drivers/delegate/objects.h"
#include "drivers/delegate/writer.h"
#include "drivers/writable_token.h"

namespace kilt::delegate {

class DelegateToken : public WritableToken<DelegateToken> {
 public:
  /// The session is opened at the first need: a token that was never initialised has none.
  DelegateToken(std::shared_ptr<Module> module, CK_SLOT_ID slot);
  ~DelegateToken() override;

  void reset_state() noexcept override {}
  Bytes identity() override;
  TokenInfo info() override;
  const Capabilities& capabilities() override;
  PinStatus pin_status(PinRole role) override;
  void forget_pin_status() noexcept override {}  // the module is asked each time
  void login(PinRole role, const PinInput& pin) override;
  void logout() override;

  const ObjectList& list() override;
  PublicKey read_public_key(const ObjectRef& key) override;
  Bytes read_certificate(const ObjectRef& ref) override;
  Bytes read_data(const ObjectRef& ref) override;

  Bytes sign(const Key& key, SignScheme scheme, Hash hash, BytesView input) override;
  SecureBytes decrypt(const Key& key, DecryptScheme scheme, Hash hash,
                      BytesView cryptogram) override;
  SecureBytes derive(const Key& key, BytesView point) override;
  Bytes random(std::size_t size) override;

  /// One change of the token's objects.
  template <typename Work>
  auto write(Work work) {
    Writer writer(*module_, session(), objects_);
    return work(writer);
  }

  void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) override;
  void init_user_pin(const SecureBytes& new_pin) override;
  void format(const FormatRequest& request) override;

 private:
  CK_SESSION_HANDLE session();
  void open_session();
  void close_session() noexcept;
  [[nodiscard]] CK_TOKEN_INFO token_info() const;
  [[nodiscard]] ForeignObjects foreign() { return {*module_, session()}; }
  [[nodiscard]] CK_OBJECT_HANDLE private_handle(const Key& key);

  std::shared_ptr<Module> module_;
  CK_SLOT_ID slot_;
  CK_SESSION_HANDLE session_ = 0;
  std::optional<PinRole> logged_in_;
  std::optional<Capabilities> capabilities_;
  TokenObjects objects_;
};

}  // namespace kilt::delegate
