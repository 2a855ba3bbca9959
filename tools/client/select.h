// Choosing tokens and objects: by RFC 7512 URI (p11-kit's parser), by label, by id, by serial.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tools/client/inventory.h"

struct p11_kit_uri;

namespace kilt::tool {

/// A parsed choice: a pkcs11: URI, or plain text.
class Choice {
 public:
  /// Throws Failure(kUsage) for a broken URI.
  explicit Choice(const std::string& text);

  [[nodiscard]] bool empty() const noexcept { return text_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// The token's label or serial number, or the URI's token attributes; an empty choice fits all.
  [[nodiscard]] bool fits(const SlotView& slot) const;
  /// It is this reader's name.
  [[nodiscard]] bool names(const std::string& reader) const { return !uri_ && text_ == reader; }
  /// The object's label or hexadecimal id, or the URI's; an empty choice fits all.
  [[nodiscard]] bool fits(CK_OBJECT_CLASS object_class, const Bytes& id,
                          const std::string& label) const;
  /// Not a URI, and the id begins with it (four hexadecimal digits or more), or it is the owner.
  [[nodiscard]] bool fits_loosely(const Bytes& id, const std::string& owner) const;
  /// The URI's pin-source, as --pin-source takes it; empty if none.
  [[nodiscard]] std::string pin_source() const;

 private:
  std::string text_;
  std::shared_ptr<p11_kit_uri> uri_;
};

/// The one key that fits: by label, id or URI; else by the beginning of its id (four digits or
/// more) or by the owner of its certificate, if that is unique. Throws Failure(kNotFound) for none
/// or several.
const KeyView& one_key(const Inventory& inventory, const Choice& choice);
/// The one certificate that fits, chosen in the same way. Throws Failure(kNotFound).
const CertificateView& one_certificate(const Inventory& inventory, const Choice& choice);

/// pkcs11: URI of a token, and of an object on it.
std::string token_uri(const SlotView::Token& token);
std::string object_uri(const SlotView::Token& token, CK_OBJECT_CLASS object_class, const Bytes& id,
                       const std::string& label);

}  // namespace kilt::tool
