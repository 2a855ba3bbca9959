// A card whose every answer is the input's: bound, listed, logged in to, signed with. The first
// byte chooses the card (ID card, unknown card), then answers follow, each after a length byte.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "drivers/registry.h"
#include "tests/support/memory_transport.h"

namespace {

using kilt::Bytes;
using kilt::BytesView;

class FuzzCard : public kilt::test::CardEndpoint {
 public:
  FuzzCard(BytesView input, Bytes atr) : input_(input), atr_(std::move(atr)) {}
  [[nodiscard]] Bytes atr() const override { return atr_; }
  void reset() override {}
  Bytes transmit(BytesView) override {
    if (input_.empty()) return {0x6A, 0x82};
    const std::size_t size = std::min<std::size_t>(input_[0], input_.size() - 1);
    Bytes answer = kilt::to_bytes(input_.subspan(1, size));
    input_ = input_.subspan(1 + size);
    if (size < 2) answer.insert(answer.end(), {0x90, 0x00});
    return answer;
  }

 private:
  BytesView input_;
  Bytes atr_;
};

void use(kilt::Token& token) {
  static_cast<void>(token.info());
  static_cast<void>(token.pin_status(kilt::PinRole::kUser));
  try {
    token.login(kilt::PinRole::kUser, kilt::SecureBytes(Bytes{'1', '2', '3', '4', '5', '6'}));
  } catch (const kilt::Error&) {
    static_cast<void>(token.pin_status(kilt::PinRole::kUser));
  }
  const kilt::ObjectList list = token.list();
  for (const auto& certificate : list.certificates)
    static_cast<void>(token.read_certificate(certificate.ref));
  for (const auto& key : list.keys) {
    static_cast<void>(token.read_public_key(key.ref));
    static_cast<void>(
        token.sign(key, kilt::SignScheme::kRsaPkcs1, kilt::Hash::kNone, Bytes(51, 0x30)));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const kilt::ProfileSet kProfiles = kilt::ProfileSet::builtin();
  if (size == 0) return 0;
  const bool id_card = (data[0] & 1) != 0;
  kilt::test::MemoryTransport readers;
  readers.add_reader("fuzz");
  readers.insert("fuzz", std::make_shared<FuzzCard>(
                             BytesView(data, size).subspan(1),
                             kilt::from_hex(id_card ? "3B3E9500534F4D412D633030372D44533161"
                                                    : "3B8080"
                                                      "0101")));
  kilt::apdu::Card card(readers.connect("fuzz"));
  try {
    use(*kilt::open_token(card, kProfiles));
  } catch (const kilt::Error&) {
    return 0;
  }
  return 0;
}
