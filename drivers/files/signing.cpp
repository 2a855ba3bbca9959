#include "drivers/files/signing.h"

#include "drivers/crypto/gost_curve.h"

namespace kilt::files {
namespace {

FunctionState native() { return {Availability::kNative, {}}; }
FunctionState unavailable(const char* reason) { return {Availability::kUnavailable, reason}; }

Bytes gost_parameters(const KeySpec& spec) {
  if (!spec.parameters.empty()) return spec.parameters;
  return spec.type == KeyType::kGost512 ? crypto::kazakh_512_curve() : crypto::kazakh_2004_curve();
}

}  // namespace

Capabilities file_capabilities(bool free) {
  Capabilities can;
  const char* const kFree = "there is no file here yet: make one first (kilt init)";
  for (const Function function :
       {Function::kSign, Function::kDecrypt, Function::kGenerateKey, Function::kImportKey,
        Function::kWriteCertificate, Function::kDeleteObject, Function::kChangeAttributes,
        Function::kChangeUserPin})
    can.functions[function] = free ? unavailable(kFree) : native();
  can.functions[Function::kInitToken] =
      free ? native() : unavailable("a file that holds keys is not erased");
  can.functions[Function::kUnblockPin] =
      unavailable("nothing opens a file whose password is forgotten");
  can.functions[Function::kChangeSoPin] = unavailable("a file has one password, the user's");
  can.functions[Function::kWriteData] = unavailable("a PKCS#12 file holds no data objects");
  can.functions[Function::kRandom] = unavailable("a file makes no random numbers");
  can.functions[Function::kDerive] = unavailable("keys of files agree on no secrets");
  can.sign = {SignScheme::kRsaRaw, SignScheme::kGost3410};
  can.decrypt = {DecryptScheme::kRsaRaw};
  KeyRange rsa;
  rsa.type = KeyType::kRsa;
  rsa.min_bits = 1024;
  rsa.max_bits = 4096;
  KeyRange gost256;
  gost256.type = KeyType::kGost256;
  gost256.min_bits = gost256.max_bits = 256;
  gost256.curves = {crypto::kazakh_2004_curve(), from_hex("06072A850302022301")};
  KeyRange gost512;
  gost512.type = KeyType::kGost512;
  gost512.min_bits = gost512.max_bits = 512;
  gost512.curves = {crypto::kazakh_512_curve(), from_hex("06092A8503070102010201")};
  can.keys = {rsa, gost256, gost512};
  for (KeyRange& range : can.keys) range.generate = range.import = !free;
  return can;
}

Bytes sign_with(const crypto::HostKey& key, SignScheme scheme, BytesView input) {
  const bool rsa = key.type() == KeyType::kRsa;
  if (scheme != (rsa ? SignScheme::kRsaRaw : SignScheme::kGost3410))
    throw NotSupported("this key does not sign in this way");
  return key.sign(input);
}

std::shared_ptr<crypto::HostKey> make_key(const KeySpec& spec) {
  if (spec.type == KeyType::kRsa) return crypto::generate_rsa_key(spec.bits, spec.public_exponent);
  if (spec.type == KeyType::kEc) throw NotSupported("files hold RSA and GOST keys");
  return crypto::generate_gost_key(gost_parameters(spec), spec.hash_parameters);
}

std::shared_ptr<crypto::HostKey> key_from(const KeySpec& spec, const PrivateKey& key) {
  if (const auto* rsa = std::get_if<RsaPrivateKey>(&key)) return crypto::make_rsa_key(*rsa);
  if (spec.type != KeyType::kGost256 && spec.type != KeyType::kGost512)
    throw NotSupported("files hold RSA and GOST keys");
  const auto& scalar = std::get<ScalarPrivateKey>(key);
  std::shared_ptr<crypto::HostKey> made =
      crypto::make_gost_key(gost_parameters(spec), spec.hash_parameters, scalar.scalar);
  const auto& own = std::get<GostPublicKey>(made->public_key());
  if (!scalar.point.empty() && scalar.point != own.point)
    throw Inconsistent("the private key does not go with the public key given");
  return made;
}

}  // namespace kilt::files
