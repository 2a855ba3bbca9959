// A token set up from blank: byte for byte what Aladdin's software writes, as far as the recordings
// show it; and where the token's own rules stand against it.
#include "drivers/jacarta/format.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "apdu/tlv.h"
#include "drivers/errors.h"
#include "drivers/jacarta/attribute_file.h"
#include "drivers/jacarta/container_map.h"
#include "drivers/jacarta/templates.h"
#include "tests/drivers/jacarta/recordings.h"
#include "tests/drivers/jacarta/token_rig.h"

namespace kilt::jacarta::test {
namespace {

const std::string kRecordedSerial = "0611123456780001";

/// What a dialogue leaves on the card: each file's CREATE template (type in front) and contents.
struct Result {
  std::map<std::string, std::string> created, contents;
};

/// Follows commands as the card does: SELECT by path or id, CREATE, UPDATE, INS 32, DELETE.
Result result_of(const std::vector<Bytes>& commands, Result result = {}) {
  std::string selected;
  Bytes chain;
  for (const Bytes& command : commands) {
    if (command.size() < 4) continue;
    const BytesView body =
        command.size() > 5
            ? BytesView(command).subspan(5, std::min<std::size_t>(command[4], command.size() - 5))
            : BytesView{};
    append(chain, body);
    if ((command[0] & 0x10) != 0) continue;
    const Bytes whole = std::move(chain);
    chain = {};
    const std::size_t offset = static_cast<std::size_t>(command[2]) << 8 | command[3];
    std::string& file = result.contents[selected];
    switch (command[1]) {
      case 0xA4:
        if (command[2] == 0x08) selected = to_hex(whole);
        if (command[2] == 0x00) selected = selected.substr(0, selected.size() - 4) + to_hex(whole);
        break;
      case 0xE0: {
        const auto outer = tlv::find(whole, 0x62);
        const auto id = tlv::find(outer->value, 0x83);
        const std::string path = selected + to_hex(id->value);
        result.created[path] = to_hex(Bytes{command[2]}) + to_hex(outer->value);
        result.contents.erase(path);
        break;
      }
      case 0xD6:
        if (file.size() < 2 * (offset + whole.size()))
          file.resize(2 * (offset + whole.size()), '0');
        file.replace(2 * offset, 2 * whole.size(), to_hex(whole));
        break;
      case 0x32:
        file = to_hex(BytesView(whole).subspan(8));
        break;
      case 0xE4:
        std::erase_if(result.created,
                      [&](const auto& one) { return one.first.starts_with(selected); });
        std::erase_if(result.contents,
                      [&](const auto& one) { return one.first.starts_with(selected); });
        selected = selected.size() > 4 ? selected.substr(0, selected.size() - 4) : selected;
        break;
      default:
        break;
    }
  }
  std::erase_if(result.contents, [](const auto& one) { return one.second.empty(); });
  return result;
}

std::vector<Bytes> commands_of(const std::string& name) {
  std::vector<Bytes> commands;
  for (const Exchange& exchange : recording(name).exchanges)
    commands.push_back(exchange.command.bytes);
  return commands;
}

/// PIN values are the caller's; the user PIN's first value is nobody's.
void drop_pin_value(Result& result, const std::string& path) {
  std::string& created = result.created[path];
  created.resize(created.rfind("8108"));
}

FormatRequest request(const std::string& user_pin = "") {
  FormatRequest format;
  format.label = "JaCarta SIM";
  format.so_pin = pin("00000000");
  if (!user_pin.empty()) format.user_pin = pin(user_pin);
  return format;
}

Rig blank_rig(const std::string& personality = "aladdin") {
  return Rig(personality, {{"state", "blank"}, {"serial", kRecordedSerial}});
}

TEST(Format, EqualsWhatAladdinsSoftwareWrites) {
  Result theirs = result_of(commands_of("sim-init"));
  Rig rig = blank_rig();
  rig.restart_count();
  rig.token->format(request());
  Result ours = result_of(rig.counter->commands());
  drop_pin_value(theirs, "3F000020");
  drop_pin_value(ours, "3F000020");
  // Named differences: when the container map was rewritten, that software took the file's length
  // for the value's (643 bytes instead of five records), and gave the file 0020 for 0030; the
  // dates are of the day.
  const std::string map = "3F0030003001867F", info = "3F003000C000", date = "3F003000EEEF";
  for (Result* one : {&theirs, &ours}) {
    one->created.erase(map);
    one->contents.erase(map);
    one->contents[info].erase(2 * 144, 2 * 14);
    one->contents[date].resize(one->contents[date].size() - 16);
  }
  EXPECT_EQ(theirs.created, ours.created);
  EXPECT_EQ(theirs.contents, ours.contents);
  EXPECT_EQ(20U, ours.created.size());
  EXPECT_EQ(8U, ours.contents.size());
}

TEST(Format, ContainerMapOfTheRecordingIsWhatWeWouldWrite) {
  const Result theirs = result_of(commands_of("sim-init"));
  const AttributeFile map = AttributeFile::parse(from_hex(theirs.contents.at("3F0030003001867F")));
  const AttributeFile ours = container_map_file(ContainerMap::parse(map.value(attribute::kValue)));
  EXPECT_EQ(map.value(attribute::kValue).size(), 643U);
  AttributeFile same_value = ours;
  same_value.replace(attribute::kValue, map.value(attribute::kValue));
  EXPECT_EQ(theirs.contents.at("3F0030003001867F"), to_hex(same_value.encode()));
}

TEST(Format, UserPinSetAfterwards) {
  Rig rig = blank_rig();
  rig.token->format(request());
  EXPECT_FALSE(rig.token->pin_status(PinRole::kUser).initialized);
  rig.token->login(PinRole::kSo, pin("00000000"));
  rig.restart_count();
  rig.token->init_user_pin(pin("11111111"));
  Result theirs = result_of(commands_of("sim-storepin"));
  Result ours = result_of(rig.counter->commands());
  const std::string info = "3F003000C000";
  for (Result* one : {&theirs, &ours}) one->contents[info].erase(2 * 144, 2 * 14);
  EXPECT_EQ(theirs.created, ours.created);
  EXPECT_EQ(theirs.contents.at(info), ours.contents.at(info));
  // Of the counters that software writes the whole file, we the four bytes.
  EXPECT_EQ(theirs.contents.at("3F00300030034001").substr(8),
            ours.contents.at("3F00300030034001").substr(8));
  rig.token->logout();
  EXPECT_TRUE(rig.token->pin_status(PinRole::kUser).initialized);
  rig.token->login(PinRole::kUser, pin("11111111"));
}

/// A token as the recordings of key and certificate start: formatted, the user PIN set.
void set_up_as_recorded(Rig& rig) {
  rig.token->format(request());
  rig.token->login(PinRole::kSo, pin("00000000"));
  rig.token->init_user_pin(pin("11111111"));
  rig.token->logout();
  rig.token->login(PinRole::kUser, pin("11111111"));
}

/// Takes the modulus, another with each key, out of a file or template.
std::string without(std::string text, const std::string& modulus) {
  const auto at = text.find(modulus);
  if (at != std::string::npos) text.replace(at, modulus.size(), "MODULUS");
  return text;
}

std::string modulus_in(const Result& result) {
  const Bytes file = from_hex(result.contents.at("3F00300030010140"));
  return to_hex(AttributeFile::parse(file).value(attribute::kModulus));
}

TEST(Format, KeyAndCertificateEqualWhatAladdinsSoftwareWrites) {
  Rig rig = blank_rig();
  set_up_as_recorded(rig);
  rig.restart_count();
  KeySpec spec;
  spec.label = "testkey";
  spec.id = {0x01, 0x02, 0x03, 0x04, 0x05};
  spec.usage.sign = spec.usage.decrypt = spec.usage.unwrap = true;
  rig.token->generate_key(spec);
  Result ours = result_of(rig.counter->commands());
  Result theirs = result_of(commands_of("sim-keygen"));
  const std::string our_modulus = modulus_in(ours), their_modulus = modulus_in(theirs);
  ASSERT_EQ(512U, their_modulus.size());
  for (const char* path :
       {"3F00300030020041", "3F00300030020200", "3F00300030010081", "3F00300030010140"})
    EXPECT_EQ(without(theirs.created.at(path), their_modulus),
              without(ours.created.at(path), our_modulus))
        << path;
  for (const char* path : {"3F00300030020200", "3F00300030010140", "3F0030003001867F"})
    EXPECT_EQ(without(theirs.contents.at(path), their_modulus),
              without(ours.contents.at(path), our_modulus))
        << path;
  EXPECT_EQ(theirs.contents.at("3F00300030034001").substr(8),
            ours.contents.at("3F00300030034001").substr(8));

  // The recorded certificate, for that key.
  theirs = result_of(commands_of("sim-writecert"));
  const AttributeFile stored =
      AttributeFile::parse(from_hex(theirs.contents.at("3F00300030018400")));
  Certificate certificate;
  certificate.id = spec.id;
  certificate.label = "testkey";
  rig.restart_count();
  rig.token->write_certificate(certificate, stored.value(attribute::kValue));
  ours = result_of(rig.counter->commands());
  EXPECT_EQ(theirs.created.at("3F00300030018400"), ours.created.at("3F00300030018400"));
  EXPECT_EQ(theirs.contents.at("3F00300030018400"), ours.contents.at("3F00300030018400"));
  EXPECT_EQ(theirs.contents.at("3F0030003001867F"), ours.contents.at("3F0030003001867F"))
      << "the key has become the default container";
  EXPECT_EQ(theirs.contents.at("3F00300030034001").substr(8),
            ours.contents.at("3F00300030034001").substr(8));
}

class FormatOf : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Jacarta, FormatOf, ::testing::Values("aladdin", "athena"));

TEST_P(FormatOf, BlankTokenBecomesUsable) {
  Rig rig = blank_rig(GetParam());
  EXPECT_FALSE(rig.token->info().initialized);
  EXPECT_TRUE(rig.token->list().keys.empty());
  rig.token->format(request("135790"));
  const TokenInfo info = rig.token->info();
  EXPECT_TRUE(info.initialized);
  EXPECT_EQ("JaCarta SIM", info.label);
  EXPECT_EQ("Aladdin R.D.", info.manufacturer);
  EXPECT_EQ("JaCarta PKI", info.model);
  EXPECT_EQ(kRecordedSerial, info.serial);
  EXPECT_TRUE(info.memory_free.has_value());
  EXPECT_TRUE(rig.token->pin_status(PinRole::kUser).initialized);
  EXPECT_EQ(10U, rig.token->pin_status(PinRole::kUser).tries_left);
  EXPECT_EQ(10U, rig.token->pin_status(PinRole::kSo).tries_left);
  rig.log_in();
  rig.generate();
  EXPECT_EQ(1U, rig.token->list().keys.size());
}

TEST_P(FormatOf, InitialisedTokenIsErasedByItsSoOnly) {
  Rig rig(GetParam());
  rig.log_in();
  rig.generate();
  rig.token->logout();
  FormatRequest format = request();
  format.so_pin = pin("99999999");
  EXPECT_THROW(rig.token->format(format), WrongPin);
  format.erase_without_so_pin = true;
  EXPECT_THROW(rig.token->format(format), NotSupported) << "the card's rules";
  EXPECT_EQ(1U, rig.token->list().keys.size()) << "nothing was erased";
  rig.log_in();
  rig.token->logout();
  format.so_pin = pin(kSoPin);
  rig.token->format(format);
  EXPECT_TRUE(rig.token->list().keys.empty());
  EXPECT_EQ("JaCarta SIM", rig.token->info().label);
  EXPECT_THROW(rig.log_in(), WrongPin);
  rig.token->login(PinRole::kSo, pin(kSoPin));
  rig.token->init_user_pin(pin("555555"));
  rig.token->logout();
  rig.token->login(PinRole::kUser, pin("555555"));
}

TEST_P(FormatOf, CountersGoOnSoThatNoCacheIsFooled) {
  Rig rig(GetParam());
  rig.log_in();
  rig.generate(1024, "old");
  rig.token->logout();
  apdu::Card other_card(rig.readers.connect("reader"));
  const auto other = open_token(other_card, ProfileSet::builtin());
  EXPECT_EQ("old", other->list().keys.at(0).label);
  FormatRequest format = request(kUserPin);
  format.so_pin = pin(kSoPin);
  rig.token->format(format);
  rig.log_in();
  rig.generate(1024, "new");
  EXPECT_EQ("new", other->list().keys.at(0).label);
}

TEST_P(FormatOf, PinsOfWrongLengthEraseNothing) {
  Rig rig(GetParam());
  FormatRequest format = request();
  for (const std::string& bad : {std::string(), std::string("123"), std::string(17, '1')}) {
    format.so_pin = pin(bad);
    EXPECT_THROW(rig.token->format(format), PinLength);
  }
  format.so_pin = pin(kSoPin);
  format.user_pin = pin("123");
  EXPECT_THROW(rig.token->format(format), PinLength);
  rig.log_in();
}

TEST_P(FormatOf, ClosedTopLevelIsRefusedWithAReason) {
  for (const std::string rules : {"closed", "so"}) {
    Rig rig(GetParam(), {{"mf-rules", rules}});
    FormatRequest format = request();
    format.so_pin = pin(kSoPin);
    try {
      rig.token->format(format);
      FAIL() << rules;
    } catch (const NotSupported& refusal) {
      EXPECT_NE(std::string::npos, std::string(refusal.what()).find("top level"));
    }
    rig.log_in();
  }
}

TEST_P(FormatOf, PowerLossAtAnyWriteCanBeMadeGood) {
  for (unsigned n = 1; n < 200; ++n) {
    SCOPED_TRACE("power fails at write " + std::to_string(n));
    Rig rig(GetParam());
    FormatRequest format = request();
    format.so_pin = pin(kSoPin);
    rig.set("power-loss", std::to_string(n));
    try {
      rig.token->format(format);
      EXPECT_GT(n, 30U);
      return;
    } catch (const CardRemoved&) {
      rig.restart();
    }
    ASSERT_NO_THROW(rig.token->format(format));
    EXPECT_EQ("JaCarta SIM", rig.token->info().label);
    EXPECT_TRUE(rig.token->list().keys.empty());
  }
  FAIL() << "formatting does not end";
}

}  // namespace
}  // namespace kilt::jacarta::test
