// The JaCarta driver on hostile bytes. The first byte chooses what they are: FCP and listing, an
// object file, an answer under secure messaging, the offer of a key agreement, or a whole card's
// answers, each behind its length of two bytes.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "apdu/secure_messaging.h"
#include "drivers/errors.h"
#include "drivers/jacarta/attribute_file.h"
#include "drivers/jacarta/container_map.h"
#include "drivers/jacarta/fcp.h"
#include "drivers/jacarta/laser_crypto.h"
#include "drivers/jacarta/object_id.h"
#include "drivers/jacarta/objects.h"
#include "drivers/jacarta/token_info.h"
#include "drivers/registry.h"
#include "tests/support/memory_transport.h"

namespace {

using namespace kilt;
using namespace kilt::jacarta;

[[noreturn]] void broken() { __builtin_trap(); }

void parse_answers(BytesView data) {
  try {
    const Fcp fcp = parse_fcp(data);
    static_cast<void>(parse_pin_properties(fcp.properties));
  } catch (const MalformedAnswer&) {
    static_cast<void>(parse_pin_properties(data));
  }
  try {
    static_cast<void>(TokenInfoFile::parse(data));
  } catch (const MalformedAnswer&) {
    static_cast<void>(read_object_id(data));
  }
  static_cast<void>(parse_listing(data));
}

void parse_object_file(BytesView data) {
  const AttributeFile object = AttributeFile::parse(data);
  static_cast<void>(AttributeFile::hash_is_right(data, true));
  static_cast<void>(public_key_of(object));
  // What we write we can read.
  if (AttributeFile::parse(object.encode()).attributes.size() != object.attributes.size()) broken();
  ContainerMap map = ContainerMap::parse(object.value(attribute::kValue));
  map.set(3, data.first(data.size() < 20 ? data.size() : 20), 2048);
  map.clear(0);
  if (ContainerMap::parse(map.encode()).bits(3) != 2048) broken();
}

void open_envelope(BytesView data) {
  SessionKeys keys;
  keys.encryption = SecureBytes(Bytes(16, 0x11));
  keys.mac = SecureBytes(Bytes(16, 0x22));
  apdu::SecureMessaging messaging(make_suite(std::move(keys)));
  static_cast<void>(messaging.protect(apdu::Command::case1(0x80, 0x2C, 0x00, 0x00)));
  static_cast<void>(messaging.unprotect(apdu::Response::parse(data)));
}

void agree(BytesView data) {
  const KeyAgreement agreement(parse_channel_parameters(data), SecureBytes(Bytes{0x02}));
  if (agreement.public_value().size() != agreement.shared_secret().size()) broken();
}

/// Answers out of the input, then nothing but 6F00.
class Script : public test::CardEndpoint {
 public:
  explicit Script(BytesView data) : data_(to_bytes(data)), rest_(data_) {}
  [[nodiscard]] Bytes atr() const override {
    return from_hex("3BDC18FF8191FE1FC38073C8211366010B0352000538");
  }
  void reset() override {}
  Bytes transmit(BytesView) override {
    if (++count_ > 5000) broken();
    if (rest_.size() < 2) return {0x6F, 0x00};
    std::size_t size = read_be(rest_.first(2));
    rest_ = rest_.subspan(2);
    size = size < rest_.size() ? size : rest_.size();
    const Bytes answer = to_bytes(rest_.first(size));
    rest_ = rest_.subspan(size);
    return answer;
  }

 private:
  Bytes data_;
  BytesView rest_;
  unsigned count_ = 0;
};

template <typename Call>
void attempt(Call call) {
  try {
    call();
  } catch (const Error&) {
    return;  // an honest answer
  }
}

void drive(BytesView data) {
  test::MemoryTransport readers;
  readers.add_reader("reader");
  readers.insert("reader", std::make_shared<Script>(data));
  apdu::Card card(readers.connect("reader"));
  static const ProfileSet profiles = ProfileSet::builtin();
  const auto token = open_token(card, profiles);
  attempt([&] { static_cast<void>(token->identity()); });
  attempt([&] { static_cast<void>(token->info()); });
  attempt([&] { token->login(PinRole::kUser, SecureBytes(to_bytes("135790"))); });
  attempt([&] {
    for (const Key& key : token->list().keys) {
      attempt([&] { static_cast<void>(token->read_public_key(key.ref)); });
      attempt([&] {
        static_cast<void>(token->sign(key, SignScheme::kRsaPkcs1, Hash::kNone, Bytes(51, 0x30)));
      });
    }
  });
  attempt([&] {
    KeySpec spec;
    spec.bits = 1024;
    static_cast<void>(token->generate_key(spec));
  });
  attempt([&] { static_cast<void>(token->list()); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView rest(data + 1, size - 1);
  try {
    switch (data[0] % 5) {
      case 0:
        parse_answers(rest);
        break;
      case 1:
        parse_object_file(rest);
        break;
      case 2:
        open_envelope(rest);
        break;
      case 3:
        agree(rest);
        break;
      default:
        drive(rest);
        break;
    }
  } catch (const Error&) {
    return 0;  // what is malformed is refused
  }
  return 0;
}
