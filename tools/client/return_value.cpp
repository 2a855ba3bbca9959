#include "tools/client/return_value.h"

#include <algorithm>
#include <array>

#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct Row {
  CK_RV rv;
  const char* name;
  Kind kind;
  const char* message;  ///< nullptr: the name says it
  const char* advice;
};

#define KILT_RV(name) name, #name

constexpr std::array kRows{
    Row{KILT_RV(CKR_PIN_INCORRECT), Kind::kWrongPin, N_("The PIN is wrong; one try is spent."),
        N_("`kilt pin status` shows how many tries are left, without spending one.")},
    Row{KILT_RV(CKR_PIN_LOCKED), Kind::kPinBlocked, N_("The PIN is blocked."),
        N_("`kilt pin unblock` sets a new one; it needs the administrator's PIN (SO PIN).")},
    Row{KILT_RV(CKR_PIN_LEN_RANGE), Kind::kBadInput, N_("The PIN is too short or too long."),
        N_("`kilt pin status` shows the allowed length.")},
    Row{KILT_RV(CKR_PIN_INVALID), Kind::kRefused, N_("The module does not accept this new PIN."),
        N_("Choose one that is not a factory PIN and has no forbidden characters.")},
    Row{KILT_RV(CKR_PIN_EXPIRED), Kind::kRefused, N_("The PIN must be changed first."),
        N_("Run `kilt pin change`.")},
    Row{KILT_RV(CKR_PIN_TOO_WEAK), Kind::kRefused, N_("The token finds the new PIN too weak."),
        N_("Choose a longer one.")},
    Row{KILT_RV(CKR_USER_PIN_NOT_INITIALIZED), Kind::kRefused, N_("The token has no user PIN yet."),
        N_("`kilt pin unblock` sets it with the administrator's PIN; `kilt init` makes a new "
           "token.")},
    Row{KILT_RV(CKR_USER_NOT_LOGGED_IN), Kind::kToken,
        N_("The token wants a login; another program may have ended it."), N_("Try again.")},
    Row{KILT_RV(CKR_USER_ANOTHER_ALREADY_LOGGED_IN), Kind::kToken,
        N_("Somebody else is logged in to the token."), N_("Close the other program.")},
    Row{KILT_RV(CKR_TOKEN_NOT_PRESENT), Kind::kToken, N_("The token is not in its reader."),
        N_("Put it in and try again.")},
    Row{KILT_RV(CKR_TOKEN_NOT_RECOGNIZED), Kind::kNotFound,
        N_("The module does not know this kind of token."),
        N_("`kilt doctor` says more; a token profile may be missing.")},
    Row{KILT_RV(CKR_DEVICE_REMOVED), Kind::kToken, N_("The token was removed."),
        N_("Put it in again and repeat the command; what was finished stays finished.")},
    Row{KILT_RV(CKR_SESSION_HANDLE_INVALID), Kind::kToken, N_("The token was removed."),
        N_("Put it in again and repeat the command; what was finished stays finished.")},
    Row{KILT_RV(CKR_DEVICE_MEMORY), Kind::kToken, N_("The token is full."),
        N_("Delete what is no longer needed: `kilt list`, `kilt cert delete`, `kilt key delete`.")},
    Row{KILT_RV(CKR_KILT_READER_BUSY), Kind::kToken,
        N_("Another program is busy with the token in this reader."),
        N_("Wait until it has done, or close it.")},
    Row{KILT_RV(CKR_DEVICE_ERROR), Kind::kToken, N_("The token reports an error."),
        N_("Take it out, put it in again and repeat; `kilt trace -- kilt ...` makes a report.")},
    Row{KILT_RV(CKR_TOKEN_WRITE_PROTECTED), Kind::kUnsupported,
        N_("This token can only be read with this module."), nullptr},
    Row{KILT_RV(CKR_FUNCTION_NOT_SUPPORTED), Kind::kUnsupported,
        N_("The token or its module cannot do this."), N_("`kilt info` lists what it can do.")},
    Row{KILT_RV(CKR_MECHANISM_INVALID), Kind::kUnsupported,
        N_("The token or its module cannot do this kind of operation."),
        N_("`kilt info` lists what it can do.")},
    Row{KILT_RV(CKR_KEY_SIZE_RANGE), Kind::kUnsupported, N_("The token has no keys of this size."),
        N_("`kilt info` lists the sizes.")},
    Row{KILT_RV(CKR_DOMAIN_PARAMS_INVALID), Kind::kUnsupported,
        N_("The token does not know this curve."), N_("`kilt info` lists what it can do.")},
    Row{KILT_RV(CKR_CURVE_NOT_SUPPORTED), Kind::kUnsupported,
        N_("The token does not know this curve."), N_("`kilt info` lists what it can do.")},
    Row{KILT_RV(CKR_SESSION_EXISTS), Kind::kToken, N_("Another program uses the token."),
        N_("Close the other program and try again.")},
    Row{KILT_RV(CKR_ACTION_PROHIBITED), Kind::kUnsupported,
        N_("The token does not allow this for this object."), nullptr},
    Row{KILT_RV(CKR_ATTRIBUTE_READ_ONLY), Kind::kUnsupported,
        N_("The token does not let this be changed."), nullptr},
    Row{KILT_RV(CKR_ATTRIBUTE_VALUE_INVALID), Kind::kBadInput, nullptr, nullptr},
    Row{KILT_RV(CKR_DATA_INVALID), Kind::kBadInput, nullptr, nullptr},
    Row{KILT_RV(CKR_TEMPLATE_INCOMPLETE), Kind::kUnsupported, nullptr, nullptr},
    Row{KILT_RV(CKR_TEMPLATE_INCONSISTENT), Kind::kUnsupported, nullptr, nullptr},
    Row{KILT_RV(CKR_CRYPTOKI_NOT_INITIALIZED), Kind::kModule, nullptr, nullptr},
    Row{KILT_RV(CKR_GENERAL_ERROR), Kind::kModule, nullptr,
        N_("`kilt doctor` looks for the cause.")},
    Row{KILT_RV(CKR_FUNCTION_FAILED), Kind::kToken, nullptr, nullptr},
    Row{KILT_RV(CKR_ARGUMENTS_BAD), Kind::kModule, nullptr, nullptr},
    Row{KILT_RV(CKR_HOST_MEMORY), Kind::kModule, nullptr, nullptr},
    Row{KILT_RV(CKR_SLOT_ID_INVALID), Kind::kToken, nullptr, N_("The reader may be gone.")},
    Row{KILT_RV(CKR_OBJECT_HANDLE_INVALID), Kind::kToken, nullptr, nullptr},
    Row{KILT_RV(CKR_KEY_HANDLE_INVALID), Kind::kToken, nullptr, nullptr},
    Row{KILT_RV(CKR_KEY_FUNCTION_NOT_PERMITTED), Kind::kUnsupported,
        N_("This key may not be used so."), nullptr},
    Row{KILT_RV(CKR_SESSION_READ_ONLY), Kind::kToken, nullptr, nullptr},
    Row{KILT_RV(CKR_FUNCTION_CANCELED), Kind::kInterrupted, nullptr, nullptr},
};
#undef KILT_RV

const Row* find(CK_RV rv) {
  const auto row = std::ranges::find(kRows, rv, &Row::rv);
  return row == kRows.end() ? nullptr : &*row;
}

}  // namespace

std::string rv_name(CK_RV rv) {
  const Row* row = find(rv);
  return row == nullptr ? fmt::format("CKR 0x{:X}", rv) : row->name;
}

Failure failure_of(CK_RV rv, const char* function, const std::string& reason) {
  const Row* row = find(rv);
  std::string message = row != nullptr && row->message != nullptr
                            ? translated(row->message)
                            : tr("The module answered {0} to {1}.", rv_name(rv), function);
  const Kind kind = row == nullptr ? Kind::kModule : row->kind;
  // About PINs the message says all.
  if (!reason.empty() && kind != Kind::kWrongPin && kind != Kind::kPinBlocked)
    message += " (" + clean(reason) + ')';
  return {kind, message,
          row == nullptr || row->advice == nullptr ? std::string() : translated(row->advice)};
}

}  // namespace kilt::tool
