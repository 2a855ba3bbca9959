#include "drivers/jacarta/keys.h"

#include <algorithm>

#include "apdu/tlv.h"
#include "drivers/jacarta/secure_channel.h"
#include "drivers/status.h"

namespace kilt::jacarta {
namespace {

constexpr Byte kOwnClass = 0x80;
constexpr std::uint32_t kPublicKeyTemplate = 0x7F49;
constexpr Byte kPerformOperation = 0x2A;

/// CRT key, sign and decipher, RSA; the byte A3 as the applet's own software writes it.
const Bytes& key_properties() {
  static const Bytes properties{0x05, 0x0C, 0x20, 0x00, 0xA3};
  return properties;
}

// READ, UPDATE, ADMIN, DELETE, GENERATE, PIN RESET, USE.
std::vector<AccessRule> private_rules() {
  return {{0x0000}, {0x0020}, {0x00FF}, {0x0000}, {0x0020}, {0x0020}, {0x0020}};
}
std::vector<AccessRule> public_rules() {
  return {{0x0000}, {0x00FF}, {0x00FF}, {0x0000}, {0x0000}, {0x0000}, {0x0000}};
}

Byte algorithm(unsigned bits) {
  switch (bits) {
    case 1024:
      return 0x06;
    case 2048:
      return 0x07;
    case 4096:
      return 0x08;
    default:
      throw NotSupported("the token makes RSA keys of 1024, 2048 and 4096 bits only");
  }
}

bool wants_wrapping(StatusWord sw) {
  return sw == sw::kSmObjectsMissing || sw == sw::kSmObjectsIncorrect;
}

/// Selects the key and sends the command; once more through the secure channel where the key's
/// rules ask for that.
apdu::Response use(Files& files, const FilePath& path, const apdu::Command& command) {
  files.select(path);
  auto answer = files.card().send(command);
  if (!wants_wrapping(answer.sw)) return answer;
  SecureChannel channel(files.card());
  channel.select(path);
  return channel.send(command);
}

apdu::Command operation(Byte p1, Byte p2, std::uint32_t tag, BytesView data) {
  auto command = apdu::Command::case4(0x00, kPerformOperation, p1, p2, tlv::encode(tag, data),
                                      apdu::kLeShortMax);
  command.privacy = apdu::Privacy::kSecret;
  return command;
}

/// The value of tag 80.
Bytes plain_value(const apdu::Response& answer) {
  const auto value = tlv::find(answer.data, 0x80);
  if (!value) throw MalformedAnswer("the token's result is not wrapped as it should be");
  return to_bytes(value->value);
}

std::optional<RsaPublicKey> parse_public_key(BytesView answer) {
  const auto outer = tlv::find(answer, kPublicKeyTemplate);
  if (!outer) return std::nullopt;
  const auto modulus = tlv::find(outer->value, 0x81);
  const auto exponent = tlv::find(outer->value, 0x82);
  if (!modulus || !exponent) return std::nullopt;
  const auto bare = [](BytesView number) {
    while (!number.empty() && number.front() == 0) number = number.subspan(1);
    return to_bytes(number);
  };
  RsaPublicKey key{bare(modulus->value), bare(exponent->value)};
  if (key.modulus.empty() || key.exponent.empty()) return std::nullopt;
  return key;
}

/// `number` in exactly `size` bytes.
Bytes fixed(BytesView number, std::size_t size, const char* what) {
  while (number.size() > size && number.front() == 0) number = number.subspan(1);
  if (number.empty()) throw InvalidData(std::string("the private key lacks ") + what);
  if (number.size() > size) throw Inconsistent(std::string("the private key has a wrong ") + what);
  Bytes padded(size - number.size(), 0x00);
  append(padded, number);
  return padded;
}

}  // namespace

void check_key_spec(const KeySpec& spec) {
  if (spec.type != KeyType::kRsa) throw NotSupported("the token makes RSA keys only");
  if (spec.always_authenticate)
    throw NotSupported("the token cannot ask for the PIN at every use of a key");
  static_cast<void>(algorithm(spec.bits));
  BytesView exponent = spec.public_exponent;
  while (!exponent.empty() && exponent.front() == 0) exponent = exponent.subspan(1);
  if (!exponent.empty() && !equal(exponent, Bytes{0x01, 0x00, 0x01}))
    throw NotSupported("the token takes the public exponent 65537 only");
}

void create_private_key(Files& files, const FilePath& path, unsigned bits) {
  NewFile file;
  file.path = path;
  file.type = FileType::kKeyObject;
  file.size = bits / 8;
  file.properties = key_properties();
  file.rules = private_rules();
  file.value = tlv::encode(0x71, {});
  files.create(file);
}

void create_public_key(Files& files, const FilePath& path, const RsaPublicKey& key) {
  NewFile file;
  file.path = path;
  file.type = FileType::kKeyObject;
  file.size = key.modulus.size();
  file.properties = key_properties();
  file.rules = public_rules();
  Bytes value = tlv::encode(0x90, key.exponent);
  append(value, tlv::encode(0x91, key.modulus));
  file.value = tlv::encode(0x71, value);
  files.create(file);
}

RsaPublicKey generate_in(Files& files, const FilePath& path, unsigned bits) {
  // AC { 80 algorithm, 81 exponent }, the exponent's length in two bytes as the applet is used to.
  const Bytes request{0xAC, 0x09, 0x80, 0x01, algorithm(bits), 0x81, 0x81, 0x03, 0x01, 0x00, 0x01};
  const auto answer =
      use(files, path, apdu::Command::case4(0x00, 0x47, 0x00, 0x00, request, apdu::kLeShortMax));
  if (answer.sw == sw::kIncorrectData || answer.sw == sw::kFunctionNotSupported)
    throw NotSupported("this token does not make RSA keys of this length");
  expect_ok("GENERATE KEY PAIR", answer);
  auto key = parse_public_key(answer.data);
  // Some answer nothing and want to be asked.
  if (!key) {
    const PublicKey asked = read_public_half(files, path);
    if (const auto* rsa = std::get_if<RsaPublicKey>(&asked)) key = *rsa;
  }
  if (!key || key->modulus.size() != bits / 8)
    throw MalformedAnswer("the token does not tell the public key it has made");
  return *key;
}

void load_into(Files& files, const FilePath& path, const RsaPrivateKey& key) {
  const std::size_t size = key.modulus.size(), half = size / 2;
  Bytes primes = fixed(key.prime1.view(), half, "first prime");
  append(primes, fixed(key.prime2.view(), half, "second prime"));
  Bytes crt = fixed(key.exponent1.view(), half, "first CRT exponent");
  append(crt, fixed(key.exponent2.view(), half, "second CRT exponent"));
  append(crt, fixed(key.coefficient.view(), half, "CRT coefficient"));
  Bytes body = tlv::encode(0x90, key.public_exponent);
  append(body, tlv::encode(0x91, key.modulus));
  append(body, tlv::encode(0x92, fixed(key.private_exponent.view(), size, "private exponent")));
  append(body, tlv::encode(0x93, primes));
  append(body, tlv::encode(0x94, crt));
  auto command = apdu::Command::case3(kOwnClass, 0x24, 0x00, 0x00, tlv::encode(0x62, body));
  command.privacy = apdu::Privacy::kSecret;
  const auto answer = use(files, path, command);
  if (answer.sw == sw::kIncorrectData) throw Inconsistent("the token does not take this key");
  expect_ok("load private key", answer);
}

PublicKey read_public_half(Files& files, const FilePath& path) {
  const auto answer =
      use(files, path, apdu::Command::case2(kOwnClass, 0x48, 0x00, 0x00, apdu::kLeShortMax));
  if (!answer.ok()) return std::monostate{};
  if (auto key = parse_public_key(answer.data)) return *key;
  return std::monostate{};
}

Bytes sign_padded(Files& files, const FilePath& path, BytesView data) {
  const auto answer = use(files, path, operation(0x9E, 0x8A, 0x80, data));
  return expect_ok("COMPUTE DIGITAL SIGNATURE", answer).data;
}

Bytes private_operation(Files& files, const FilePath& path, BytesView block) {
  const auto answer = use(files, path, operation(0x80, 0x0C, 0x82, block));
  if (answer.sw == sw::kIncorrectData) throw InvalidData("the token does not take this block");
  return plain_value(expect_ok("RSA operation", answer));
}

SecureBytes decipher_padded(Files& files, const FilePath& path, BytesView cryptogram) {
  const auto answer = use(files, path, operation(0x80, 0x0A, 0x82, cryptogram));
  if (answer.sw == sw::kIncorrectData) throw InvalidData("the cryptogram is not for this key");
  return SecureBytes(plain_value(expect_ok("DECIPHER", answer)));
}

}  // namespace kilt::jacarta
