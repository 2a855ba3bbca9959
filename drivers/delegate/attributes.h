// Attributes of a foreign module's objects, read with every length checked.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apdu/bytes.h"
#include "drivers/delegate/module.h"

namespace kilt::delegate {

/// Bytes of one attribute, of a signature; a longer one is taken for nonsense.
inline constexpr std::size_t kMaxValue = std::size_t{1} << 20;
/// Objects one token may have.
inline constexpr std::size_t kMaxObjects = 4096;

class ForeignObjects {
 public:
  ForeignObjects(const Module& module, CK_SESSION_HANDLE session)
      : module_(&module), session_(session) {}

  /// Handles of all objects of a class.
  [[nodiscard]] std::vector<CK_OBJECT_HANDLE> find(CK_OBJECT_CLASS object_class) const;
  /// The attribute's bytes; nothing if the object has it not, hides it or gives nonsense.
  [[nodiscard]] std::optional<Bytes> bytes(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] std::optional<CK_ULONG> number(CK_OBJECT_HANDLE object,
                                               CK_ATTRIBUTE_TYPE type) const;
  /// Nothing also for a list without members.
  [[nodiscard]] std::optional<std::vector<CK_ULONG>> numbers(CK_OBJECT_HANDLE object,
                                                             CK_ATTRIBUTE_TYPE type) const;
  [[nodiscard]] bool flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                          bool otherwise = false) const;
  /// Without control characters, at most 255 bytes.
  [[nodiscard]] std::string text(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) const;

 private:
  const Module* module_;
  CK_SESSION_HANDLE session_;
};

/// A template for the module, its values kept alive.
class Template {
 public:
  Template& add(CK_ATTRIBUTE_TYPE type, BytesView value);
  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  Template& numbers(CK_ATTRIBUTE_TYPE type, const std::vector<CK_ULONG>& values);
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value);
  Template& text(CK_ATTRIBUTE_TYPE type, const std::string& value);
  /// Valid until the next change.
  [[nodiscard]] CK_ATTRIBUTE* data();
  [[nodiscard]] CK_ULONG size() const noexcept { return types_.size(); }

 private:
  std::vector<CK_ATTRIBUTE_TYPE> types_;
  std::vector<Bytes> values_;
  std::vector<CK_ATTRIBUTE> list_;
};

}  // namespace kilt::delegate
