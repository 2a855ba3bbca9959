// The two ways an eToken PRO is formatted: what differs between them.
#pragma once

#include <functional>

#include "drivers/etoken/cardos/files.h"
#include "drivers/pkcs15/writer.h"
#include "drivers/token.h"

namespace kilt::etoken::cardos {

/// How a key is chosen and used.
struct CardKey {
  Bytes folder;  ///< DF selected before use, empty: none
  Byte reference = 0;
  bool signs = true;     ///< the directory says it is a signature key
  bool restore = false;  ///< Aladdin's layout wants MSE RESTORE first
};

class Application {
 public:
  Application() = default;
  Application(const Application&) = delete;
  Application& operator=(const Application&) = delete;
  virtual ~Application() = default;

  virtual const ObjectList& list() = 0;
  /// As Token::remembered_list().
  [[nodiscard]] virtual const ObjectList* remembered_list() { return nullptr; }
  virtual Bytes read_certificate(const ObjectRef& ref) = 0;
  virtual Bytes read_data(const ObjectRef& ref) = 0;
  virtual PublicKey read_public_key(const ObjectRef& ref) = 0;
  [[nodiscard]] virtual std::optional<CardKey> card_key(const ObjectRef& ref) = 0;
  [[nodiscard]] virtual std::string label() = 0;
  /// One VERIFY or EXTERNAL AUTHENTICATE.
  virtual void login(PinRole role, const PinInput& pin) = 0;
  virtual void change_pin(PinRole role, const PinInput& old_pin, const PinInput& new_pin) = 0;
  virtual void init_user_pin(const SecureBytes& new_pin) = 0;
  [[nodiscard]] virtual bool takes_pad() const { return false; }
  virtual PinStatus pin_status(PinRole role) = 0;
  /// One change of the token's objects.
  virtual ObjectRef write(const std::function<ObjectRef(pkcs15::Writer&)>& work) = 0;

  /// Nothing can be written whoever is logged in.
  [[nodiscard]] virtual bool read_only() const noexcept = 0;
  // Why something cannot be done, empty if it can.
  [[nodiscard]] virtual std::string no_pin_change() const = 0;
  [[nodiscard]] virtual std::string no_unblocking() const = 0;
  [[nodiscard]] virtual std::string no_writing() = 0;
  [[nodiscard]] virtual std::string no_format() const = 0;
};

}  // namespace kilt::etoken::cardos
