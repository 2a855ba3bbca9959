// The key objects of key DFs.
#include "tests/virtual/etoken/applet/applet.h"

namespace kilt::vtoken::etoken {
namespace {

constexpr std::size_t kUse = 4;  // position in the ACL
constexpr std::uint8_t kData = 0x10;

}  // namespace

/// `80 0C 03 31`: the private operation on a whole block; padding is the host's.
Answer Applet::private_operation(const Apdu& apdu) {
  if (apdu.p1p2() != 0x0331) return status(0x6A86);
  if (!directory_->key) return status(0x6A88);
  if (!permitted(*directory_, kUse)) return status(0x6982);
  // A key with security attributes is used under secure messaging only.
  if (!directory_->security.empty() || !directory_->key.is_rsa()) return status(0x6982);
  const auto objects = parse_simple(apdu.data);
  if (!objects || objects->size() != 1 || objects->front().tag != kData) return status(0x6A80);
  const SimpleTlv& block = objects->front();
  const std::size_t size = directory_->key.size();
  if (block.value.size() != size) return status(0x6700);
  const bool may_choose = size < 0xFF;
  if (may_choose && is("rsa-lengths", block.long_form ? "one-byte" : "three-byte"))
    return status(0x6A80);
  const Bytes result = directory_->key.raw(block.value);
  if (result.empty()) return status(0x6A80);
  if (may_choose && is("rsa-lengths", "three-byte")) {
    Bytes out{kData, 0xFF};
    append(out, two(result.size()));
    append(out, result);
    return {out, 0x9000};
  }
  Bytes out;
  put_simple(out, kData, result);
  return {out, 0x9000};
}

/// `80 08 00 31`: X and Y of the public point, without a login.
Answer Applet::public_part(const Apdu& apdu) {
  if (apdu.p1p2() != 0x0031) return status(0x6A86);
  if (!directory_->key) return status(0x6A88);
  Bytes out;
  if (!directory_->key.is_rsa()) {
    const Bytes point = directory_->key.point();
    put(out, kData, part(point, 1, point.size() - 1));
    return {out, 0x9000};
  }
  if (is("rsa-public", "6A88")) return status(0x6A88);
  put(out, kData, directory_->key.modulus());
  return {out, 0x9000};
}

}  // namespace kilt::vtoken::etoken
