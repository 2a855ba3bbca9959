// Key pairs of a Kaztoken for the PKCS#15 store: objects ("RSF") in the platform's system folders.
#pragma once

#include "drivers/kaztoken/keys.h"
#include "drivers/pkcs15/writer.h"

namespace kilt::kaztoken {

class KeyWriter : public pkcs15::KeyWriter {
 public:
  KeyWriter(apdu::Card& card, Files& files) : card_(&card), files_(&files) {}

  pkcs15::KeyShape shape(const KeySpec& spec) override;
  Byte free_number(const pkcs15::Objects& objects, const std::set<Byte>& taken) override;
  [[nodiscard]] Bytes path(Byte number) const override;
  [[nodiscard]] std::vector<Orphan> parts(Byte number, const Bytes& public_file) const override;
  [[nodiscard]] std::vector<Orphan> leftovers(const pkcs15::KeyEntry& private_half) const override;
  PublicKey generate(Byte number, const KeySpec& spec, const KeyShape& shape) override;
  void import(Byte number, const KeySpec& spec, const KeyShape& shape,
              const RsaPrivateKey& key) override;

 private:
  apdu::Card* card_;
  Files* files_;
};

}  // namespace kilt::kaztoken
