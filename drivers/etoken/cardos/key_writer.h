// RSA keys of CardOS for the PKCS#15 store.
#pragma once

#include "drivers/etoken/cardos/security_objects.h"
#include "drivers/pkcs15/writer.h"

namespace kilt::etoken::cardos {

class KeyWriter : public pkcs15::KeyWriter {
 public:
  KeyWriter(apdu::Card& card, Files& files) : card_(&card), files_(&files) {}

  pkcs15::KeyShape shape(const KeySpec& spec) override;
  Byte free_number(const pkcs15::Objects& objects, const std::set<Byte>& taken) override;
  [[nodiscard]] Bytes path(Byte number) const override;
  [[nodiscard]] std::vector<Orphan> parts(Byte number, const Bytes& public_file) const override;
  [[nodiscard]] std::vector<Orphan> leftovers(const pkcs15::KeyEntry& private_half) const override;
  PublicKey generate(Byte number, const KeySpec& spec, const pkcs15::KeyShape& shape) override;
  void import(Byte number, const KeySpec& spec, const pkcs15::KeyShape& shape,
              const RsaPrivateKey& key) override;

 private:
  [[nodiscard]] KeyObject object(Byte number, const KeySpec& spec, unsigned bits) const;

  apdu::Card* card_;
  Files* files_;
};

/// A key of CardOS signs or deciphers. One that may do both deciphers: without padding that is the
/// same operation, as OpenSC has it too.
[[nodiscard]] inline bool signs_only(std::uint32_t usage) {
  return (usage & (pkcs15::usage::kDecrypt | pkcs15::usage::kUnwrap)) == 0;
}

}  // namespace kilt::etoken::cardos
