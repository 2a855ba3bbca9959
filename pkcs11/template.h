// An application's attribute template, copied and checked: CK_ATTRIBUTE arrays are input like any
// other (PKCS#11 v2.40 base, 3.2 and 4.1).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "drivers/objects.h"
#include "pkcs11/cryptoki.h"
#include "pkcs11/rv.h"

namespace kilt::p11 {

class Template {
 public:
  Template() = default;
  /// Copies the attributes. Throws Refusal: CKR_ARGUMENTS_BAD (NULL with a count, absurd count),
  /// CKR_ATTRIBUTE_VALUE_INVALID (NULL with a length, absurd length), CKR_TEMPLATE_INCONSISTENT
  /// (the same attribute twice with different values).
  Template(const CK_ATTRIBUTE* attributes, CK_ULONG count);
  explicit Template(std::map<CK_ATTRIBUTE_TYPE, Bytes> values) : values_(std::move(values)) {}

  [[nodiscard]] bool has(CK_ATTRIBUTE_TYPE type) const { return values_.contains(type); }
  [[nodiscard]] const Bytes* find(CK_ATTRIBUTE_TYPE type) const;
  /// The value or nothing. Throws Refusal(CKR_ATTRIBUTE_VALUE_INVALID) if it has a wrong length.
  [[nodiscard]] std::optional<CK_ULONG> number(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] std::optional<bool> flag(CK_ATTRIBUTE_TYPE type) const;
  /// The value or empty.
  [[nodiscard]] Bytes bytes(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] std::string text(CK_ATTRIBUTE_TYPE type) const;
  /// A name in DER, or empty. Throws Refusal(CKR_ATTRIBUTE_VALUE_INVALID) for anything else.
  [[nodiscard]] Bytes name(CK_ATTRIBUTE_TYPE type) const;
  /// The value. Throws Refusal(CKR_TEMPLATE_INCOMPLETE) if absent.
  [[nodiscard]] const Bytes& need(CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] const std::map<CK_ATTRIBUTE_TYPE, Bytes>& all() const noexcept { return values_; }

 private:
  std::map<CK_ATTRIBUTE_TYPE, Bytes> values_;
};

/// CKA_ALLOWED_MECHANISMS; nothing if it is absent or empty, which limits nothing. Throws
/// Refusal(CKR_ATTRIBUTE_VALUE_INVALID).
[[nodiscard]] std::optional<std::vector<CK_MECHANISM_TYPE>> allowed_mechanisms(
    const Template& attributes);

}  // namespace kilt::p11
