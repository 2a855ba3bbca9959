#include "drivers/token.h"

#include <algorithm>

namespace kilt {
namespace {
[[noreturn]] void refuse(const char* what) {
  throw NotSupported(std::string("this token's driver cannot ") + what);
}
}  // namespace

bool Capabilities::has(SignScheme scheme) const {
  return std::find(sign.begin(), sign.end(), scheme) != sign.end();
}

bool Capabilities::has(DecryptScheme scheme) const {
  return std::find(decrypt.begin(), decrypt.end(), scheme) != decrypt.end();
}

void Capabilities::require(Function function) const {
  const auto found = functions.find(function);
  if (found == functions.end()) throw NotSupported("this token has no such function");
  if (found->second.availability == Availability::kUnavailable)
    throw NotSupported(found->second.reason);
}

SecureBytes Token::decrypt(const Key&, DecryptScheme, Hash, BytesView) { refuse("decrypt"); }
SecureBytes Token::derive(const Key&, BytesView) { refuse("agree on keys"); }
Bytes Token::random(std::size_t) { refuse("make random numbers"); }
ObjectRef Token::generate_key(const KeySpec&) { refuse("generate keys"); }
ObjectRef Token::import_key(const KeySpec&, const PrivateKey&) { refuse("import keys"); }
ObjectRef Token::write_certificate(const Certificate&, BytesView) { refuse("write certificates"); }
ObjectRef Token::write_data(const DataObject&, BytesView) { refuse("write data objects"); }
void Token::change_key(const ObjectRef&, const ObjectChange&) { refuse("change keys"); }
void Token::change_certificate(const ObjectRef&, const ObjectChange&) {
  refuse("change certificates");
}
void Token::change_data(const ObjectRef&, const ObjectChange&) { refuse("change data objects"); }
void Token::delete_key(const ObjectRef&, KeyHalf) { refuse("delete keys"); }
void Token::delete_certificate(const ObjectRef&) { refuse("delete certificates"); }
void Token::delete_data(const ObjectRef&) { refuse("delete data objects"); }
void Token::change_pin(PinRole, const PinInput&, const PinInput&) { refuse("change PINs"); }
void Token::init_user_pin(const SecureBytes&) { refuse("set the user PIN"); }
void Token::format(const FormatRequest&) { refuse("be formatted"); }

}  // namespace kilt
