#include "tools/x509/openssl.h"

#include <array>

#include <openssl/err.h>

#include "tools/terminal/text.h"

namespace kilt::tool {

std::string openssl_errors() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* reason = ERR_reason_error_string(code);
    if (!text.empty()) text += "; ";
    text += reason == nullptr ? fmt::format("error {:X}", code) : reason;
  }
  return text.empty() ? "?" : text;
}

void need_openssl(bool ok, const char* what, Kind kind) {
  if (!ok) throw Failure(kind, fmt::format("{}: {}", what, openssl_errors()));
}

std::string dotted(const ASN1_OBJECT* object) {
  std::array<char, 256> text{};
  const int size = OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  if (size <= 0) return {};
  return text.data();
}

ObjectPtr object_of(const std::string& dotted) {
  ObjectPtr object(OBJ_txt2obj(dotted.c_str(), 1));
  if (!object) {
    ERR_clear_error();
    throw Failure(Kind::kBadInput, tr("'{0}' is not an object identifier.", clean(dotted)));
  }
  return object;
}

}  // namespace kilt::tool
