// A token behind another PKCS#11 module, as this project's token interface: the rest of Kilt does
// not know. Objects are listed anew each time, since a module tells no change mark.
#pragma once

#include <map>

#include "drivers/delegate/attributes.h"
#include "drivers/token.h"

namespace kilt::delegate {

class DelegateToken : public Token {
 public:
  /// The session is opened at the first need: a token that was never initialised has none.
  DelegateToken(std::shared_ptr<Module> module, CK_SLOT_ID slot);
  ~DelegateToken() override;

  void reset_state() noexcept override {}
  Bytes identity() override;
  TokenInfo info() override;
  const Capabilities& capabilities() override;
  PinStatus pin_status(PinRole role) override;
  void login(PinRole role, const SecureBytes& pin) override;
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

  ObjectRef generate_key(const KeySpec& spec) override;
  ObjectRef import_key(const KeySpec& spec, const PrivateKey& key) override;
  ObjectRef write_certificate(const Certificate& certificate, BytesView der) override;
  ObjectRef write_data(const DataObject& object, BytesView value) override;
  void change_key(const ObjectRef& ref, const ObjectChange& change) override;
  void change_certificate(const ObjectRef& ref, const ObjectChange& change) override;
  void change_data(const ObjectRef& ref, const ObjectChange& change) override;
  void delete_key(const ObjectRef& ref) override;
  void delete_certificate(const ObjectRef& ref) override;
  void delete_data(const ObjectRef& ref) override;

  void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) override;
  void init_user_pin(const SecureBytes& new_pin) override;
  void format(const FormatRequest& request) override;

 private:
  /// Handles of a key's halves, 0 for one that is not there.
  struct Pair {
    CK_OBJECT_HANDLE private_half = 0, public_half = 0;
  };
  CK_SESSION_HANDLE session();
  void open_session();
  void close_session() noexcept;
  [[nodiscard]] CK_TOKEN_INFO token_info() const;
  [[nodiscard]] Objects objects() { return {*module_, session()}; }
  void read_objects();
  void add_keys();
  void add_certificates();
  void add_data();
  [[nodiscard]] Pair pair(const ObjectRef& ref);
  [[nodiscard]] CK_OBJECT_HANDLE private_handle(const Key& key);
  [[nodiscard]] PublicKey public_key(const Pair& pair, KeyType type);
  void read_mechanisms();
  void change(CK_OBJECT_HANDLE object, const ObjectChange& change);
  void destroy(CK_OBJECT_HANDLE object);
  CK_OBJECT_HANDLE create(Template& attributes);

  std::shared_ptr<Module> module_;
  CK_SLOT_ID slot_;
  CK_SESSION_HANDLE session_ = 0;
  std::optional<PinRole> logged_in_;
  std::optional<Capabilities> capabilities_;
  ObjectList listed_;
  std::map<ObjectRef, Pair> pairs_;
  Bytes fingerprint_;  ///< of listed_, to see a change
};

}  // namespace kilt::delegate
