// Another process works with the same token between any two calls of a program: no signature by a
// key other than the handle's, no object lost that nobody named, no login where none was asked for
// (design decision 23). On every family whose tokens several programs share.
#include "tests/support/two_processes.h"

#include <ctime>
#include <map>

#include "drivers/pkcs15/last_update.h"
#include "tests/support/delete_pair.h"
#include "tests/support/rsa_key.h"

namespace kilt::test {
namespace {

const Bytes kId{0x45};
const std::string kLabel = "the pair";

RsaPrivateKey imported(const TestRsaKey& key) {
  const auto secret = [](const Bytes& bytes) { return SecureBytes(Bytes(bytes)); };
  return {key.modulus,           key.public_exponent,    secret(key.private_exponent),
          secret(key.prime1),    secret(key.prime2),     secret(key.exponent1),
          secret(key.exponent2), secret(key.coefficient)};
}

/// The pairs that the program and the other process put there, always the same.
const TestRsaKey& pair_of(bool theirs) {
  static const TestRsaKey ours_key = make_rsa_key(1024), theirs_key = make_rsa_key(1024);
  return theirs ? theirs_key : ours_key;
}
Bytes certificate_for(bool theirs) {
  const TestRsaKey& key = pair_of(theirs);
  return make_certificate(RsaPublicKey{key.modulus, key.public_exponent},
                          theirs ? "their owner" : "our owner");
}

/// Pair and certificate, both under the same id and label whoever makes them.
void put_objects(Token& token, bool theirs) {
  KeySpec spec;
  spec.bits = 1024;
  spec.id = kId;
  spec.label = kLabel;
  spec.usage.sign = spec.usage.decrypt = true;
  (void)token.import_key(spec, imported(pair_of(theirs)));
  Certificate entry;
  entry.id = kId;
  entry.label = kLabel;
  (void)token.write_certificate(entry, certificate_for(theirs));
}

void delete_objects(Token& token) {
  const ObjectList list = token.list();
  for (const Key& key : list.keys) delete_pair(token, key.ref);
  for (const Certificate& certificate : list.certificates)
    token.delete_certificate(certificate.ref);
}

FormatRequest format_request() {
  FormatRequest request;
  request.label = "shared";
  request.so_pin = SecureBytes(to_bytes(kSoPin));
  request.user_pin = SecureBytes(to_bytes(kUserPin));
  return request;
}

/// A token of the kind with our objects on it, as a saved state; made once.
const nlohmann::json& ready_state(const std::string& kind) {
  static std::map<std::string, nlohmann::json> states;
  const auto known = states.find(kind);
  if (known != states.end()) return known->second;
  const auto endpoint = std::make_shared<VirtualEndpoint>(vtoken::make_card(kind));
  // It comes formatted; only its SO may do it again.
  if (kind == "jacarta") endpoint->card().set("so-pin", kSoPin);
  MemoryTransport readers;
  readers.add_reader("r");
  readers.insert("r", endpoint);
  apdu::Card card(readers.connect("r"));
  const auto token = open_token(card, ProfileSet::builtin());
  token->format(format_request());
  token->login(PinRole::kUser, SecureBytes(to_bytes(kUserPin)));
  put_objects(*token, false);
  return states[kind] = endpoint->card().save();
}

class TwoProcesses : public TwoProcessesTest {
 protected:
  const nlohmann::json& ready() override { return ready_state(GetParam()); }
  RsaPublicKey key_of(bool theirs) override {
    const TestRsaKey& key = pair_of(theirs);
    return {key.modulus, key.public_exponent};
  }
  Bytes certificate_of(bool theirs) override { return certificate_for(theirs); }
};

TEST_P(TwoProcesses, OtherReplacesEverything) {
  at_every_position(
      [](TwoProcessesTest& test) {
        test.as_other([](Token& token) {
          delete_objects(token);
          put_objects(token, true);
        });
      },
      true);
}

TEST_P(TwoProcesses, OtherAddsObjects) {
  at_every_position(
      [](TwoProcessesTest& test) { test.as_other([](Token& token) { put_objects(token, true); }); },
      false);
}

TEST_P(TwoProcesses, OtherDeletesEverything) {
  at_every_position([](TwoProcessesTest& test) { test.as_other(delete_objects); }, false);
}

TEST_P(TwoProcesses, OtherRenames) {
  at_every_position(
      [](TwoProcessesTest& test) {
        test.as_other([](Token& token) {
          ObjectChange change;
          change.label = "renamed by the other";
          change.id = Bytes{0x46};
          const ObjectList list = token.list();
          for (const Key& key : list.keys) token.change_key(key.ref, change);
        });
      },
      false);
}

/// The other process formats the token and puts its own objects there.
void format_by_other(TwoProcessesTest& test) {
  test.as_other([](Token& token) {
    token.format(format_request());
    token.login(PinRole::kUser, SecureBytes(to_bytes(kUserPin)));
    put_objects(token, true);
  });
}

TEST_P(TwoProcesses, OtherFormats) { at_every_position(format_by_other, true); }

// The clock stands still: a token that was formatted again carries the same lastUpdate, directories
// of the same bytes and other keys.
TEST_P(TwoProcesses, OtherFormatsWithinTheSameSecond) {
  static const std::time_t second = std::time(nullptr);
  pkcs15::set_clock([] { return second; });
  at_every_position(format_by_other, true);
  pkcs15::set_clock([] { return std::time(nullptr); });
}

TEST_P(TwoProcesses, OtherResets) {
  at_every_position([](TwoProcessesTest& test) { test.reset_card(); }, false);
}

// Another token of the same kind comes into the reader: it gets no PIN that was not typed for it.
TEST_P(TwoProcesses, OtherTokenGetsNoPin) { expect_no_pin_for_another_token(); }

INSTANTIATE_TEST_SUITE_P(Families, TwoProcesses, ::testing::Values("kaztoken", "jacarta", "cardos"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace kilt::test
