#include "drivers/etoken/cardos/key_writer.h"

#include "drivers/errors.h"

namespace kilt::etoken::cardos {
namespace {

constexpr unsigned kMinBits = 512, kMaxBits = 2048, kStep = 256;

}  // namespace

pkcs15::KeyShape KeyWriter::shape(const KeySpec& spec) {
  if (spec.type != KeyType::kRsa) throw NotSupported("the token has RSA keys only");
  if (spec.always_authenticate)
    throw NotSupported("the token cannot ask for the PIN at every use of a key");
  if (spec.bits < kMinBits || spec.bits > kMaxBits || spec.bits % kStep != 0)
    throw NotSupported("the token holds RSA keys of 512 to 2048 bits, in steps of 256");
  const Bytes exponent{0x01, 0x00, 0x01};
  if (!spec.public_exponent.empty() && spec.public_exponent != exponent)
    throw NotSupported("the token's RSA keys have the public exponent 65537");
  if (spec.bits > kLongestShortKey && !has_long_keys(*card_))
    throw NotSupported("the token's software lacks the package for RSA keys above 1024 bits");
  return {KeyType::kRsa, spec.bits, 0};
}

Byte KeyWriter::free_number(const pkcs15::Objects& objects, const std::set<Byte>& taken) {
  std::set<Byte> used = taken;
  for (const Key& key : objects.list().keys)
    if (const auto* entry = objects.private_entry(key.ref)) used.insert(entry->reference);
  for (unsigned number = kFirstKey; number <= kLastKey; ++number)
    if (!used.contains(static_cast<Byte>(number))) return static_cast<Byte>(number);
  throw TokenFull("the token has no room for another key: it keeps 16, deleted ones counted");
}

Bytes KeyWriter::path(Byte) const { return application_folder(); }

// A key object without a directory entry is of no use: nothing gives its public half.
std::vector<KeyWriter::Orphan> KeyWriter::parts(Byte, const Bytes&) const {
  return {{temporary_file(), temporary_file()}};
}

std::vector<KeyWriter::Orphan> KeyWriter::leftovers(const pkcs15::KeyEntry& private_half) const {
  const Bytes mark = key_mark(private_half.reference, private_half.modulus_bits);
  return {{mark, mark}, {temporary_file(), temporary_file()}};
}

KeyObject KeyWriter::object(Byte number, const KeySpec& spec, unsigned bits) const {
  const bool deciphers = spec.usage.decrypt || spec.usage.unwrap;
  return {number, bits, !deciphers, files_->guards().user};
}

PublicKey KeyWriter::generate(Byte number, const KeySpec& spec, const pkcs15::KeyShape& shape) {
  return generate_key(*card_, *files_, object(number, spec, shape.bits));
}

void KeyWriter::import(Byte number, const KeySpec& spec, const pkcs15::KeyShape& shape,
                       const RsaPrivateKey& key) {
  files_->select(application_folder());
  load_key(*card_, object(number, spec, shape.bits), key);
}

}  // namespace kilt::etoken::cardos
