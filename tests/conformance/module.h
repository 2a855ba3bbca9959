// The module under test, loaded by its path: nothing here knows whose it is.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pkcs11/cryptoki.h"

namespace kilt::conformance {

using Bytes = std::vector<CK_BYTE>;

/// What the command line says.
struct Options {
  std::string module;  ///< path
  std::string name;    ///< in deviations.txt
  std::optional<CK_SLOT_ID> slot;
  std::string pin, so_pin;
  std::string label;  ///< not empty: the token is initialised with it first
  /// Shell commands that take the token out and put it in again; empty: this cannot be tried.
  std::string remove_command, insert_command;
};
Options& options();

/// Loads options().module. Throws std::runtime_error.
void load_module();
/// The functions of C_GetFunctionList.
const CK_FUNCTION_LIST& p11();
/// The functions of v3.0, or of v3.2; NULL if the module has no such table.
const CK_FUNCTION_LIST_3_0* v3_0();
const CK_FUNCTION_LIST_3_2* v3_2();
/// A function that the module exports, NULL if it does not.
void* symbol(const char* name);

/// The slot under test: options().slot, else the first with a token. Throws std::runtime_error if
/// there is none. C_Initialize was called.
CK_SLOT_ID test_slot();
/// C_InitToken and C_InitPIN by options(). Throws std::runtime_error with what was refused.
void initialise_token();

/// The characters as Cryptoki wants PINs, labels and names.
CK_UTF8CHAR* chars(std::string& text);
CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, std::string pin);

// What the token says of itself; C_Initialize was called.
CK_TOKEN_INFO token_info();
std::vector<CK_MECHANISM_TYPE> mechanisms();
std::optional<CK_MECHANISM_INFO> mechanism_info(CK_MECHANISM_TYPE type);
bool can(CK_MECHANISM_TYPE type, CK_FLAGS flag);

/// Attributes for a template, kept alive as long as it is used.
class Template {
 public:
  Template& bytes(CK_ATTRIBUTE_TYPE type, Bytes value);
  Template& text(CK_ATTRIBUTE_TYPE type, const std::string& value);
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value);
  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  CK_ATTRIBUTE* data();
  [[nodiscard]] CK_ULONG size() const { return values_.size(); }

 private:
  std::vector<CK_ATTRIBUTE_TYPE> types_;
  std::vector<Bytes> values_;
  std::vector<CK_ATTRIBUTE> list_;
};

std::vector<CK_OBJECT_HANDLE> find(CK_SESSION_HANDLE session, Template wanted);
/// The value, nothing if C_GetAttributeValue does not give it.
std::optional<Bytes> attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE_TYPE type);
std::optional<CK_ULONG> number(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE_TYPE type);
std::optional<bool> flag(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                         CK_ATTRIBUTE_TYPE type);

/// Is the code one of these? With a message that names it.
::testing::AssertionResult is_one_of(CK_RV rv, std::initializer_list<CK_RV> allowed);

}  // namespace kilt::conformance
