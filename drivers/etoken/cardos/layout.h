// The two ways an eToken PRO is formatted: what differs between them.
#pragma once

#include "drivers/etoken/cardos/files.h"
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
  virtual Bytes read_certificate(const ObjectRef& ref) = 0;
  virtual Bytes read_data(const ObjectRef& ref) = 0;
  virtual PublicKey read_public_key(const ObjectRef& ref) = 0;
  [[nodiscard]] virtual std::optional<KeyPlace> place(const ObjectRef& ref) = 0;
  [[nodiscard]] virtual std::string label() = 0;
  /// One VERIFY or EXTERNAL AUTHENTICATE.
  virtual void login(PinRole role, const SecureBytes& pin) = 0;
  virtual void change_pin(PinRole role, const SecureBytes& old_pin, const SecureBytes& new_pin) = 0;
  /// The same with the PIN typed at the reader. Default: NotSupported.
  virtual void login_at_pad(PinRole role);
  virtual void change_pin_at_pad(PinRole role);
  [[nodiscard]] virtual bool takes_pad() const { return false; }
  virtual PinStatus pin_status(PinRole role) = 0;
  /// Why PINs cannot be changed, empty if they can.
  [[nodiscard]] virtual std::string no_pin_change() const = 0;
};

/// OpenSC's: PKCS#15 in DF 5015. nullptr if there is no ODF.
[[nodiscard]] std::unique_ptr<Layout> open_pkcs15(apdu::Card& card, Files& files);
/// Aladdin's: DF 6666. nullptr if there is none.
[[nodiscard]] std::unique_ptr<Layout> open_native(apdu::Card& card, Files& files);

/// Key of the login in Aladdin's layout: 7 bits of each byte out of MD5(00 PIN) MD5(01 PIN).
[[nodiscard]] SecureBytes derive_native_key(const SecureBytes& pin);

}  // namespace kilt::etoken::cardos
