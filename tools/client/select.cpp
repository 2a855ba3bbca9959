#include "tools/client/select.h"

#include <cctype>
#include <cstdlib>

#include <p11-kit/uri.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

using Uri = std::shared_ptr<P11KitUri>;

Uri new_uri() { return {p11_kit_uri_new(), p11_kit_uri_free}; }

std::string format(P11KitUri* uri, P11KitUriType type) {
  char* text = nullptr;
  if (p11_kit_uri_format(uri, type, &text) != P11_KIT_URI_OK) return {};
  std::string result = text;
  std::free(text);  // NOLINT: p11-kit's
  return result;
}

void set_bytes(P11KitUri* uri, CK_ATTRIBUTE_TYPE type, BytesView value) {
  if (value.empty()) return;
  CK_ATTRIBUTE attribute{type, as_input(value), value.size()};
  p11_kit_uri_set_attribute(uri, &attribute);
}

bool bytes_fit(P11KitUri* uri, CK_ATTRIBUTE_TYPE type, BytesView value) {
  const CK_ATTRIBUTE* wanted = p11_kit_uri_get_attribute(uri, type);
  if (wanted == nullptr) return true;
  const BytesView bytes(static_cast<const Byte*>(wanted->pValue), wanted->ulValueLen);
  return std::ranges::equal(bytes, value);
}

template <typename T>
const T& only(const std::vector<const T*>& found, const Choice& choice, const std::string& none,
              const std::string& several) {
  if (found.empty())
    throw Failure(Kind::kNotFound, choice.empty() ? none : none + " (" + clean(choice.text()) + ")",
                  tr("`kilt list` shows what is on the token; what only `kilt list --login --uris` "
                     "shows is named by its pkcs11: URI."));
  if (found.size() > 1)
    throw Failure(Kind::kNotFound, several,
                  tr("Name one by its label, id or pkcs11: URI; `kilt list` shows them."));
  return *found.front();
}

}  // namespace

Choice::Choice(const std::string& text) : text_(text) {
  if (!text.starts_with("pkcs11:")) return;
  uri_ = new_uri();
  const int result = p11_kit_uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri_.get());
  if (result != P11_KIT_URI_OK || p11_kit_uri_any_unrecognized(uri_.get()) != 0)
    throw Failure(Kind::kUsage, tr("This is not a pkcs11: URI: {0}", clean(text)));
  if (p11_kit_uri_get_pin_value(uri_.get()) != nullptr)
    throw Failure(Kind::kUsage, tr("A PIN in a URI is seen by every user of this computer."),
                  tr("Use --pin-source, or pin-source= in the URI."));
}

bool Choice::fits(const SlotView& slot) const {
  if (empty()) return true;
  if (!slot.token) return false;
  if (!uri_)
    return slot.token->label == text_ || slot.token->serial == text_ || slot.reader == text_;
  CK_TOKEN_INFO info = slot.token->raw;
  return p11_kit_uri_match_token_info(uri_.get(), &info) == 1;
}

bool Choice::fits(CK_OBJECT_CLASS object_class, const Bytes& id, const std::string& label) const {
  if (empty()) return true;
  if (!uri_) {
    if (!label.empty() && label == text_) return true;
    try {
      return !id.empty() && from_hex(text_) == id;
    } catch (const std::invalid_argument&) {
      return false;
    }
  }
  const BytesView class_bytes(reinterpret_cast<const Byte*>(&object_class),  // NOLINT: its bytes
                              sizeof object_class);
  return bytes_fit(uri_.get(), CKA_CLASS, class_bytes) && bytes_fit(uri_.get(), CKA_ID, id) &&
         bytes_fit(uri_.get(), CKA_LABEL, view(label));
}

std::string Choice::pin_source() const {
  if (!uri_) return {};
  const char* source = p11_kit_uri_get_pin_source(uri_.get());
  if (source == nullptr) return {};
  const std::string text = source;
  // RFC 7512 has a plain path or file: URI; |command is not run.
  return text.starts_with("file:") ? text : "file:" + text;
}

bool Choice::fits_loosely(const Bytes& id, const std::string& owner) const {
  constexpr std::size_t kLeast = 4;
  if (empty() || uri_) return false;
  if (!owner.empty() && owner == text_) return true;
  std::string digits;
  for (const char c : text_) digits += static_cast<char>(std::tolower(static_cast<Byte>(c)));
  return digits.size() >= kLeast && to_hex(id).starts_with(digits);
}

const KeyView& one_key(const Inventory& inventory, const Choice& choice) {
  std::vector<const KeyView*> found;
  for (const KeyView& key : inventory.keys)
    if (choice.fits(CKO_PRIVATE_KEY, key.id, key.label) ||
        choice.fits(CKO_PUBLIC_KEY, key.id, key.label))
      found.push_back(&key);
  if (found.empty())
    for (const KeyView& key : inventory.keys)
      if (choice.fits_loosely(key.id, inventory.owner_of(key))) found.push_back(&key);
  return only(found, choice, tr("There is no such key on the token."),
              tr("Several keys on the token fit."));
}

const CertificateView& one_certificate(const Inventory& inventory, const Choice& choice) {
  std::vector<const CertificateView*> found;
  for (const CertificateView& certificate : inventory.certificates)
    if (choice.fits(CKO_CERTIFICATE, certificate.id, certificate.label))
      found.push_back(&certificate);
  if (found.empty())
    for (const CertificateView& certificate : inventory.certificates)
      if (choice.fits_loosely(certificate.id,
                              certificate.info ? certificate.info->common_name : std::string()))
        found.push_back(&certificate);
  return only(found, choice, tr("There is no such certificate on the token."),
              tr("Several certificates on the token fit."));
}

std::string token_uri(const SlotView::Token& token) {
  const Uri uri = new_uri();
  *p11_kit_uri_get_token_info(uri.get()) = token.raw;
  return format(uri.get(), P11_KIT_URI_FOR_TOKEN);
}

std::string object_uri(const SlotView::Token& token, CK_OBJECT_CLASS object_class, const Bytes& id,
                       const std::string& label) {
  const Uri uri = new_uri();
  CK_TOKEN_INFO* info = p11_kit_uri_get_token_info(uri.get());
  *info = token.raw;
  const BytesView class_bytes(reinterpret_cast<const Byte*>(&object_class),  // NOLINT: its bytes
                              sizeof object_class);
  set_bytes(uri.get(), CKA_CLASS, class_bytes);
  set_bytes(uri.get(), CKA_ID, id);
  if (id.empty()) set_bytes(uri.get(), CKA_LABEL, view(label));
  return format(uri.get(), P11_KIT_URI_FOR_OBJECT_ON_TOKEN);
}

}  // namespace kilt::tool
