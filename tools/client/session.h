// A session with a token: objects found, read, made; login and PINs; signatures.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/client/module.h"

namespace kilt::tool {

enum class Role { kUser, kSo };

/// Attributes of a template, kept alive while it is used.
class Template {
 public:
  Template& bytes(CK_ATTRIBUTE_TYPE type, BytesView value);
  Template& text(CK_ATTRIBUTE_TYPE type, const std::string& value);
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value);
  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  [[nodiscard]] CK_ATTRIBUTE* data();
  [[nodiscard]] CK_ULONG size() const noexcept { return types_.size(); }

 private:
  std::vector<CK_ATTRIBUTE_TYPE> types_;
  std::vector<Secret> values_;  // may be a private key's
  std::vector<CK_ATTRIBUTE> list_;
};

/// Values read from one object; what the object does not have is absent.
class Values {
 public:
  void set(CK_ATTRIBUTE_TYPE type, Bytes value) { values_[type] = std::move(value); }
  [[nodiscard]] const Bytes* find(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] Bytes bytes(CK_ATTRIBUTE_TYPE type) const;
  /// Cleaned text.
  [[nodiscard]] std::string text(CK_ATTRIBUTE_TYPE type) const;
  /// nullopt: absent, of a wrong size, or CK_UNAVAILABLE_INFORMATION.
  [[nodiscard]] std::optional<CK_ULONG> number(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] bool flag(CK_ATTRIBUTE_TYPE type) const;

 private:
  std::map<CK_ATTRIBUTE_TYPE, Bytes> values_;
};

class Session {
 public:
  enum class Mode { kRead, kWrite };
  /// Throws Failure.
  Session(Module& module, CK_SLOT_ID slot, Mode mode);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  /// Logs out and closes.
  ~Session();

  [[nodiscard]] Module& module() const noexcept { return *module_; }
  [[nodiscard]] CK_SLOT_ID slot() const noexcept { return slot_; }
  [[nodiscard]] bool logged_in() const noexcept { return logged_in_; }
  [[nodiscard]] bool writable() const noexcept { return mode_ == Mode::kWrite; }

  /// Exactly one C_Login. Throws Failure.
  void login(Role role, const Secret& pin);
  void logout() noexcept;
  /// C_SetPIN: the user's without login or as user, the SO's as SO. One try of the old PIN.
  void set_pin(const Secret& old_pin, const Secret& new_pin);
  /// C_InitPIN, the SO being logged in.
  void init_pin(const Secret& new_pin);

  /// Kilt's token status object; nothing if the module has none.
  std::optional<CK_OBJECT_HANDLE> status_object();
  /// What the module saw of the token a moment ago is not enough: the token is asked next time.
  void ask_anew();
  /// Handles of matching objects, at most 10 000.
  std::vector<CK_OBJECT_HANDLE> find(Template wanted);
  /// The attributes that the object has and shows.
  Values read(CK_OBJECT_HANDLE object, const std::vector<CK_ATTRIBUTE_TYPE>& types);
  CK_OBJECT_HANDLE create(Template object);
  void destroy(CK_OBJECT_HANDLE object);
  void change(CK_OBJECT_HANDLE object, Template changes);
  struct Pair {
    CK_OBJECT_HANDLE public_key = 0, private_key = 0;
  };
  Pair generate(CK_MECHANISM_TYPE mechanism, Template public_half, Template private_half);
  /// How the PIN is got and sent for keys that want it for each use (CKA_ALWAYS_AUTHENTICATE): the
  /// function is handed what sends it.
  using SendPin = std::function<void(const Secret&)>;
  void ask_per_use(std::function<void(const SendPin&)> ask) { ask_per_use_ = std::move(ask); }
  /// One signature over `input`. `pin_per_use`: asks for the PIN, and spends one try of it, if it
  /// is wrong.
  Bytes sign(CK_MECHANISM_TYPE mechanism, CK_OBJECT_HANDLE key, bool pin_per_use, BytesView input);

 private:
  /// Has the PIN a length that the token takes?
  bool fits(const Secret& pin);
  [[noreturn]] void fail(CK_RV rv, const char* function);
  void check(CK_RV rv, const char* function) {
    if (rv != CKR_OK) fail(rv, function);
  }
  const CK_FUNCTION_LIST& call() const noexcept { return module_->functions(); }

  Module* module_;
  CK_SLOT_ID slot_;
  Mode mode_;
  CK_SESSION_HANDLE handle_ = 0;
  bool logged_in_ = false;
  std::function<void(const SendPin&)> ask_per_use_;
};

/// Cryptoki takes pointers to non-const bytes that it only reads.
unsigned char* as_input(BytesView bytes) noexcept;

}  // namespace kilt::tool
