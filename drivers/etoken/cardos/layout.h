// The two ways an eToken PRO is formatted: what differs between them.
#pragma once

#include <functional>

#include "drivers/etoken/cardos/files.h"
#include "drivers/pkcs15/store.h"
#include "drivers/token.h"

namespace kilt::etoken::cardos {

/// How a key is chosen and used.
struct KeyPlace {
  Bytes folder;  ///< DF selected before use, empty: none
  Byte reference = 0;
  bool signs = true;     ///< the directory says it is a signature key
  bool restore = false;  ///< Aladdin's layout wants MSE RESTORE first
};

class Layout {
 public:
  Layout() = default;
  Layout(const Layout&) = delete;
  Layout& operator=(const Layout&) = delete;
  virtual ~Layout() = default;

  virtual const ObjectList& list() = 0;
  /// As Token::remembered_list().
  [[nodiscard]] virtual const ObjectList* remembered_list() const noexcept { return nullptr; }
  virtual Bytes read_certificate(const ObjectRef& ref) = 0;
  virtual Bytes read_data(const ObjectRef& ref) = 0;
  virtual PublicKey read_public_key(const ObjectRef& ref) = 0;
  [[nodiscard]] virtual std::optional<KeyPlace> place(const ObjectRef& ref) = 0;
  [[nodiscard]] virtual std::string label() = 0;
  /// One VERIFY or EXTERNAL AUTHENTICATE.
  virtual void login(PinRole role, const SecureBytes& pin) = 0;
  virtual void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) = 0;
  virtual void init_user_pin(const SecureBytes& new_pin) = 0;
  /// The same with the PIN typed at the reader. Default: NotSupported.
  virtual void login_at_pad(PinRole role);
  virtual void change_pin_at_pad(PinRole role);
  [[nodiscard]] virtual bool takes_pad() const { return false; }
  virtual PinStatus pin_status(PinRole role) = 0;
  /// One change of the token's objects.
  virtual ObjectRef write(const std::function<ObjectRef(pkcs15::Store&)>& work) = 0;

  /// Nothing can be written whoever is logged in.
  [[nodiscard]] virtual bool read_only() const noexcept = 0;
  // Why something cannot be done, empty if it can.
  [[nodiscard]] virtual std::string no_pin_change() const = 0;
  [[nodiscard]] virtual std::string no_unblocking() const = 0;
  [[nodiscard]] virtual std::string no_writing() = 0;
  [[nodiscard]] virtual std::string no_format() const = 0;
};

/// OpenSC's: PKCS#15 in DF 5015. nullptr if there is no ODF. `serial` names the token in the cache
/// of public files.
[[nodiscard]] std::unique_ptr<Layout> open_pkcs15(apdu::Card& card, Files& files, Bytes serial);
/// Aladdin's: DF 6666. nullptr if there is none.
[[nodiscard]] std::unique_ptr<Layout> open_native(apdu::Card& card, Files& files);

/// Key of the login in Aladdin's layout: 7 bits of each byte out of MD5(00 PIN) MD5(01 PIN).
[[nodiscard]] SecureBytes derive_native_key(const SecureBytes& pin);

}  // namespace kilt::etoken::cardos
