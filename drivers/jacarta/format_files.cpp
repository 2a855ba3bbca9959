#include "drivers/jacarta/format_files.h"

#include <initializer_list>

#include "apdu/tlv.h"
#include "drivers/jacarta/layout.h"
#include "drivers/jacarta/templates.h"
#include "drivers/jacarta/token_info.h"

namespace kilt::jacarta {
namespace {

// Names of rules: the key objects below the MF that they ask for.
constexpr AccessRule kAlways{0x0000}, kNever{0x00FF}, kSo{0x0010}, kUser{0x0020}, kSoOrUser{0x0030},
    kAnyone{0x0032};  // the last: or the second transport PIN

NewFile pin_file(FileId id, std::size_t size, Bytes properties, std::vector<AccessRule> rules,
                 BytesView pin) {
  NewFile file;
  file.path = {id};
  file.type = FileType::kKeyObject;
  file.size = size;
  file.properties = std::move(properties);
  file.rules = std::move(rules);
  file.value = tlv::encode(0x81, pin);
  return file;
}

/// Class C0 (ticket, secure verify), external authentication, PIN; tries and unblocks in one byte;
/// the policy: minimum and maximum length, five character classes, repetition, sequence.
Bytes pin_properties(Byte tries, std::initializer_list<Byte> policy) {
  Bytes properties{0xC0, 0x01, 0x00, 0x00, tries};
  properties.insert(properties.end(), policy);
  return properties;
}
constexpr Byte kTenTries = 0xAA, kTenTriesUnlimited = 0xA0;
constexpr std::initializer_list<Byte> kFinalPolicy{0x04, 0x10, 0x00, 0x00, 0x00,
                                                   0x00, 0x00, 0x10, 0x10};
constexpr std::initializer_list<Byte> kNoPolicy{0, 0, 0, 0, 0, 0, 0, 0, 0};

std::vector<AccessRule> helper_rules() {
  return {kAlways, kNever, kNever, kSo, kAlways, kAlways, kAlways};
}

/// An expression over PINs in reverse Polish notation: objects, then as many ORs as join them.
NewFile expression(FileId id, std::size_t size, std::initializer_list<Byte> objects) {
  Bytes terms;
  for (const Byte object : objects) append(terms, Bytes{0x89, 0x02, 0x00, object});
  for (std::size_t i = 1; i < objects.size(); ++i) append(terms, Bytes{0x88, 0x00});
  const Bytes value = tlv::encode(0xE3, terms);
  return pin_file(id, size, Bytes{0x00, 0x01, 0x0F, 0x00, 0x00}, helper_rules(), value);
}

NewFile directory(FilePath path, const char* name, std::vector<AccessRule> rules) {
  NewFile file;
  file.path = std::move(path);
  file.type = FileType::kDirectory;
  file.name = name;
  file.rules = std::move(rules);
  return file;
}

InitialFile element(FilePath path, const char* name, std::vector<AccessRule> rules, Bytes contents,
                    std::size_t size = 0) {
  InitialFile initial;
  initial.file.path = std::move(path);
  initial.file.size = size == 0 ? contents.size() : size;
  initial.file.name = name;
  initial.file.rules = std::move(rules);
  initial.contents = std::move(contents);
  return initial;
}

/// A list of settings: tags of two bytes that start with 02, lengths of one.
class Settings {
 public:
  Settings& add(Byte tag, std::initializer_list<Byte> value) { return add(tag, Bytes(value)); }
  Settings& add(Byte tag, const Bytes& value) {
    append(bytes_, Bytes{0x02, tag, static_cast<Byte>(value.size())});
    append(bytes_, value);
    return *this;
  }
  [[nodiscard]] Bytes bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

/// EEEE: how PINs are set up.
Bytes card_settings() {
  const std::initializer_list<Byte> policy{0x00, 0x04, 0x10, 0x00, 0x00,
                                           0x00, 0x00, 0x00, 0x00, 0x00};
  return Settings()
      .add(0xC0, {0x00, 0x00, 0x0A, 0x00, 0x0A, 0x00, 0x01})  // tries; types: SO PIN, user PIN
      .add(0xC1, {0x00})
      .add(0xC2, policy)
      .add(0xC3, policy)
      .add(0xC5, {0x00, 0x00, 0x00, 0x00})  // valid for ever
      .add(0xC6, {0x00, 0x00, 0x00, 0x00})
      .add(0xC8, {0x00})
      .add(0xC9, {0x33})  // biometry, not used
      .add(0xCA, {0x00, 0x03, 0x46, 0xDC})
      .add(0xCB, {0x00})
      .add(0xCC, {0x00})
      .add(0xCD, {0x00})
      .add(0xCF, {0x00})
      .add(0xD1, {0x10, 0x10})
      .add(0xD2, {0x10, 0x10})
      .add(0xD3, Bytes(63, 0x00))
      .add(0xD5, {0x00})
      .add(0xD6, {0x01})
      .add(0xD7, {0x00})
      .bytes();
}

/// Minidriver files carry their length in front.
Bytes with_length(const Bytes& contents) {
  Bytes file = write_be(contents.size(), 2);
  append(file, contents);
  return file;
}

Bytes card_id(BytesView serial) {
  Bytes id = to_bytes("ALDNSN");
  append(id, serial);
  append(id, Bytes{0x00, 0x00});
  return with_length(id);
}

Bytes card_applications() {
  Bytes name = to_bytes("mscp");
  append(name, Bytes{0x00, 0x00, 0x00, 0x00});
  return with_length(name);
}

}  // namespace

NewFile user_pin_file(const SecureBytes& pin, PinPolicy policy) {
  const bool final_one = policy == PinPolicy::kFinal;
  return pin_file(kUserPinObject, final_one ? 0x10 : 0x0A,
                  final_one ? pin_properties(kTenTries, kFinalPolicy)
                            : pin_properties(kTenTriesUnlimited, kNoPolicy),
                  {kNever, kSoOrUser, kNever, kSo, kNever, kSo, kAlways}, pin.view());
}

NewFile so_pin_file(const SecureBytes& pin) {
  return pin_file(kSoPinObject, 0x10, pin_properties(kTenTries, kFinalPolicy),
                  {kNever, kSo, kNever, kSo, kNever, kNever, kAlways}, pin.view());
}

std::vector<NewFile> helper_objects() {
  return {pin_file(0x0002, 0x10,
                   Bytes{0x80, 0x01, 0x00, 0x00, 0x30, 0x04, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00,
                         0xFF, 0xFF},
                   helper_rules(), to_bytes("LASER+")),
          expression(0x0035, 14, {0x10, 0x20}), expression(0x0030, 14, {0x10, 0x20}),
          expression(0x0032, 18, {0x10, 0x20, 0x02})};
}

InitialFile verification_file() {
  return element({0x1000}, "Verification", {kAlways, kAlways, kAlways, kAlways}, Bytes{0x01});
}

std::vector<InitialFile> application_files(BytesView serial, const std::string& date) {
  const std::vector<AccessRule> by_so{kAlways, kSo, kNever, kSo};
  const std::vector<AccessRule> by_both{kAlways, kSoOrUser, kNever, kSoOrUser};
  const std::vector<AccessRule> described{kAlways, kSoOrUser, kSoOrUser, kSoOrUser};
  const std::vector<AccessRule> minidriver{kSoOrUser, kSoOrUser, kNever,
                                           kSoOrUser, kAlways,   kNever};
  constexpr std::size_t kPinHistorySize = 26;
  const Bytes first_counters{0x00, 0x06, 0x00, 0x03, 0x01, 0x00, 0x01, 0x00};
  const FilePath mscp{0x3000, 0x3003, 0x3005};
  return {
      {directory({0x3000}, "ASEPKCS", {kSo, kSo, kNever, kSo, kAlways, kSo}), {}},
      {directory(kPublicDirectory, "PUBLIC", {kAlways, kAlways, kNever, kSo, kAlways, kSo}), {}},
      {directory(kPrivateDirectory, "PRIVATE", {kUser, kUser, kNever, kSo, kAlways, kSo}), {}},
      {directory({0x3000, 0x3003}, "MD", minidriver), {}},
      element({0x3000, 0xB000}, "UserHist", {kSoOrUser, kSoOrUser, kSoOrUser, kSoOrUser}, {},
              kPinHistorySize),
      element(kTokenInfoPath, "TokenInfo", described, {}, TokenInfoFile::kSize),
      element({0x3000, 0xEEED}, "EEED", by_both, Settings().add(0xD0, {0x64}).bytes()),
      element({0x3000, 0xEEEE}, "EEEE", by_so, card_settings()),
      element({0x3000, 0xEEEF}, "EEEF", by_both,
              Settings().add(0xC4, {0x00}).add(0xC7, to_bytes(date)).bytes()),
      element(kCardIdPath, "cardid", by_so, card_id(serial)),
      element(kCountersPath, "cardcf", {kAlways, kAnyone, kNever, kAnyone}, first_counters),
      element({0x3000, 0x3003, 0x4002}, "cardapps", by_both, card_applications()),
      {directory(mscp, "mscp", minidriver), {}}};
}

const std::vector<std::pair<FilePath, bool>>& erased_paths() {
  // The SO PIN last: an erasure that was cut short can be taken up again by its owner.
  static const std::vector<std::pair<FilePath, bool>> paths{
      {{0x5015}, true},  {{0x3000}, true},  {{0x1000}, false}, {{0x0030}, false}, {{0x0032}, false},
      {{0x0035}, false}, {{0x0002}, false}, {{0x0020}, false}, {{0x0010}, false}};
  return paths;
}

}  // namespace kilt::jacarta
