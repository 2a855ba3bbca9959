#include "drivers/etoken/cardos/security_objects.h"

#include <array>

#include "apdu/tlv.h"
#include "drivers/pkcs15/writer.h"
#include "drivers/status.h"

namespace kilt::etoken::cardos {
namespace {

constexpr Byte kPinAlgorithm = 0x87, kTestClass = 0x00, kKeyClass = 0x20;
constexpr Byte kMoreComponents = 0x20, kOptions = 0x02;
constexpr Byte kSignsShort = 0x8C, kDeciphersShort = 0x0C, kSignsLong = 0x8A, kDeciphersLong = 0x0A;
constexpr std::uint16_t kPackages = 0x0188;
// Classes of the marks: no file id of a PKCS#15 application begins so.
constexpr Byte kShortMark = 0x20, kLongMark = 0x21;
const Bytes kApplication{0x3F, 0x00, 0x50, 0x15};

using Components = std::vector<SecureBytes>;

/// One byte of length: CardOS knows no other here.
void put(Bytes& target, Byte tag, BytesView value) {
  if (value.size() > 0xFF) throw InvalidData("a part of the object is too long");
  target.push_back(tag);
  target.push_back(static_cast<Byte>(value.size()));
  append(target, value);
}

StatusWord put_object(apdu::Card& card, const Bytes& address, const Bytes& options,
                      const Bytes& conditions, BytesView value) {
  Bytes data;
  data.reserve(0x100);  // of a secret: it is not copied about
  put(data, 0x83, address);
  put(data, 0x85, options);
  put(data, 0x86, conditions);
  put(data, 0x8F, value);
  auto command = apdu::Command::case3(0x00, 0xDA, 0x01, 0x6E, data);
  command.privacy = apdu::Privacy::kSecret;
  return card.send(command).sw;
}

Byte algorithm(const KeyObject& key) {
  if (key.bits > kLongestShortKey) return key.signs ? kSignsLong : kDeciphersLong;
  return key.signs ? kSignsShort : kDeciphersShort;
}

void put_key(apdu::Card& card, const KeyObject& key, const Components& components) {
  for (std::size_t i = 0; i < components.size(); ++i) {
    const bool last = i + 1 == components.size();
    const StatusWord sw =
        put_object(card, {static_cast<Byte>(kKeyClass | i), key.id},
                   {static_cast<Byte>(last ? kOptions : kMoreComponents | kOptions), 0x00,
                    algorithm(key), 0x00, 0xFF, 0xFF, 0x00, 0x00},
                   {key.pin, key.pin, key.pin, 0x00, 0x00, 0x00, 0x00}, components[i].view());
    if (i == 0 && sw == sw::kSecurityStatusNotSatisfied) throw pkcs15::NumberTaken();
    if (!sw.ok()) throw_status("PUT DATA", sw);
  }
}

/// Of a short key: length and 00 come before the number.
SecureBytes short_component(BytesView number, std::size_t size) {
  Bytes value{static_cast<Byte>(size + 1), 0x00};
  value.resize(2 + size - number.size(), 0x00);
  append(value, number);
  return SecureBytes(std::move(value));
}

SecureBytes long_component(BytesView number, std::size_t size) {
  Bytes value(size - number.size(), 0x00);
  append(value, number);
  return SecureBytes(std::move(value));
}

Components dummy(unsigned bits) {
  Components components;
  const std::size_t size = bits / 8;
  if (bits <= kLongestShortKey) {
    for (int i = 0; i < 2; ++i) components.push_back(short_component(Bytes(size, 0xFF), size));
  } else {
    for (int i = 0; i < 5; ++i) components.emplace_back(Bytes(size / 2, 0xFF));
  }
  return components;
}

BytesView trimmed(BytesView number, std::size_t size) {
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  if (number.empty() || number.size() > size)
    throw Inconsistent("a part of the key is missing or longer than its place");
  return number;
}

void make_temporary(Files& files, bool is_long) {
  const std::size_t size = is_long ? 0x0202 : 0x0200;
  try {
    files.create(temporary_file(), Acl{}, size, !is_long);
  } catch (const Inconsistent&) {
    files.remove(temporary_file());  // an earlier change was interrupted
    files.create(temporary_file(), Acl{}, size, !is_long);
  }
}

/// `46`: the key, the file for its public half, tests, bits of the exponent.
void generate(apdu::Card& card, Byte id) {
  const Bytes file = temporary_file();
  Bytes data{kKeyClass, id};
  append(data, BytesView(file).last(2));
  append(data, Bytes{0x00, 0x10, 0x00, 0x20});
  expect_ok("GENERATE KEY PAIR", card.send(apdu::Command::case3(0x00, 0x46, 0x00, 0x00, data)));
}

Bytes number_in(const std::optional<tlv::Node>& node) {
  if (!node) throw MalformedAnswer("the new public key is not there");
  BytesView number = node->value;
  while (!number.empty() && number.front() == 0) number = number.subspan(1);
  return to_bytes(number);
}

/// 7F49 { 81 modulus, 82 exponent }.
RsaPublicKey read_long(Files& files) {
  const std::size_t size = files.select(temporary_file());
  const Bytes contents = files.read(0, size);
  return {number_in(tlv::find_path(contents, {0x7F49, 0x81})),
          number_in(tlv::find_path(contents, {0x7F49, 0x82}))};
}

/// Records: number, length and length again, 00, then the value.
Bytes read_short(apdu::Card& card, Byte record) {
  constexpr std::size_t kPrefix = 4;
  const auto answer = card.send(apdu::Command::case2(0x00, 0xB2, record, 0x04, apdu::kLeShortMax));
  expect_ok("READ RECORD", answer);
  if (answer.data.size() <= kPrefix) throw MalformedAnswer("the new public key is not there");
  return to_bytes(BytesView(answer.data).subspan(kPrefix));
}

RsaPublicKey read_public(apdu::Card& card, Files& files, bool is_long) {
  if (is_long) return read_long(files);
  files.select(temporary_file());
  const Bytes modulus = read_short(card, 1);
  return {modulus, read_short(card, 2)};
}

}  // namespace

const Bytes& application_folder() { return kApplication; }

SecureBytes padded(const SecureBytes& pin, std::size_t size, Byte pad) {
  if (pin.size() > size) throw PinLength("the PIN is longer than the token takes");
  Bytes bytes;
  bytes.reserve(size);
  append(bytes, pin.view());
  bytes.resize(size, pad);
  return SecureBytes(std::move(bytes));
}

void put_pin(apdu::Card& card, const PinObject& object, const SecureBytes& pin) {
  const auto tries = static_cast<Byte>(object.tries);
  const auto shortest = static_cast<Byte>(object.min_length);
  const Bytes address{kTestClass, object.id}, conditions{0x00, object.id, object.unblock};
  const SecureBytes value = padded(pin);
  Bytes options{kOptions, tries, kPinAlgorithm, tries, 0xFF, 0xFF, 0x00, shortest};
  StatusWord sw = put_object(card, address, options, conditions, value.view());
  if (sw == sw::kIncorrectData) {
    // With the package that shows the tries left, a PIN has one option more.
    options.insert(options.begin() + 1, 0x04);
    sw = put_object(card, address, options, conditions, value.view());
  }
  if (!sw.ok()) throw_status("PUT DATA", sw);
}

void put_environment(apdu::Card& card) {
  Bytes data;
  put(data, 0x83, Bytes{0x01});
  put(data, 0x86, Bytes{0x00, 0x00});
  put(data, 0x8F, Bytes(6, 0x00));
  expect_ok("PUT DATA", card.send(apdu::Command::case3(0x00, 0xDA, 0x01, 0x6D, data)));
}

RsaPublicKey generate_key(apdu::Card& card, Files& files, const KeyObject& key) {
  const bool is_long = key.bits > kLongestShortKey;
  files.select(kApplication);
  put_key(card, key, dummy(key.bits));
  make_temporary(files, is_long);
  generate(card, key.id);
  RsaPublicKey made = read_public(card, files, is_long);
  files.remove(temporary_file());
  if (made.modulus.size() != key.bits / 8 || (made.modulus.front() & 0x80) == 0 ||
      (made.modulus.back() & 0x01) == 0 || made.exponent.empty())
    throw MalformedAnswer("the new public key is no RSA modulus of this size");
  return made;
}

void load_key(apdu::Card& card, const KeyObject& key, const RsaPrivateKey& value) {
  const std::size_t size = key.bits / 8, half = size / 2;
  Components components;
  if (key.bits <= kLongestShortKey) {
    components.push_back(short_component(trimmed(value.modulus, size), size));
    components.push_back(short_component(trimmed(value.private_exponent.view(), size), size));
  } else {
    for (const SecureBytes* part :
         {&value.prime1, &value.prime2, &value.exponent1, &value.exponent2, &value.coefficient})
      components.push_back(long_component(trimmed(part->view(), half), half));
  }
  put_key(card, key, components);
}

Bytes temporary_file() {
  Bytes path = kApplication;
  append(path, Bytes{0x7E, 0xAD});
  return path;
}

Bytes key_mark(Byte id, unsigned bits) {
  Bytes path = kApplication;
  append(path, Bytes{bits > kLongestShortKey ? kLongMark : kShortMark, id});
  return path;
}

std::optional<MarkedKey> marked_key(BytesView path) {
  if (path.size() < 2) return std::nullopt;
  const Byte mark = path[path.size() - 2], id = path.back();
  const bool is_mark =
      (mark == kShortMark || mark == kLongMark) && id >= kFirstKey && id <= kLastKey;
  return is_mark ? std::optional(MarkedKey{id, mark == kLongMark}) : std::nullopt;
}

void destroy_key(apdu::Card& card, Files& files, const MarkedKey& key) {
  const unsigned bits = key.is_long ? 2 * kLongestShortKey : kLongestShortKey;
  try {
    files.select(kApplication);
    try {
      return put_key(card, {key.id, bits, false, files.guards().user}, dummy(bits));
    } catch (const pkcs15::NumberTaken&) {  // NOLINT(bugprone-empty-catch): so in another way
    }
    make_temporary(files, key.is_long);
    generate(card, key.id);
    files.remove(temporary_file());
  } catch (const CardFault&) {
    return;  // no directory names the key any more; that must not stop the rest
  } catch (const ObjectNotFound&) {
    return;
  }
}

bool has_long_keys(apdu::Card& card) {
  const auto answer = card.send(apdu::get_data(kPackages, apdu::kLeShortMax));
  if (!answer.ok()) return false;
  constexpr std::array<Byte, 3> kPackage{0x01, 0x04, 0x1C};
  tlv::Reader reader(answer.data);
  while (const auto node = reader.next())
    if (node->tag == 0xE1 && node->value.size() >= kPackage.size() &&
        equal(node->value.first(kPackage.size()), kPackage))
      return true;
  return false;
}

}  // namespace kilt::etoken::cardos
