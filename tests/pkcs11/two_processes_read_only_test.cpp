// Two processes and tokens that Kilt does not write to: the other process is the maker's software,
// and what it does is put on the virtual token as a state.
#include <algorithm>
#include <map>

#include "tests/support/two_processes.h"

namespace kilt::test {
namespace {

/// The RSA key of a state and its certificate, as a driver sees them that has seen nothing else.
struct Contents {
  RsaPublicKey key;
  Bytes certificate;
};

struct Scene {
  nlohmann::json ours, theirs, another;
  Contents our_contents, their_contents;
};

/// What differs from kind to kind: how a token gets its keys, and where its state keeps them.
struct ReadOnlyKind {
  /// A switch of the virtual token, and its values for one RSA-1024 key and for one key more, so
  /// that the token's directory tells that something has changed.
  const char *keys, *one_key, *two_keys;
  /// Puts what another state has for objects into this one: the token stays this very token.
  void (*take_objects)(nlohmann::json& state, const nlohmann::json& from);
  /// The keys alone, in the same places and under the same names.
  void (*take_keys)(nlohmann::json& state, const nlohmann::json& from);
};

void take_idprime_objects(nlohmann::json& state, const nlohmann::json& from) {
  nlohmann::json changed = from;
  for (const char* const field : {"card-id", "pins"}) changed[field] = state[field];
  state = changed;
}
void take_idprime_keys(nlohmann::json& state, const nlohmann::json& from) {
  for (auto& [reference, key] : state["keys"].items()) key = from["keys"].at(reference);
}

/// The applet's folder of objects, 6666/5000/0220; templated for state and const state.
template <typename Json>
Json& applet_objects(Json& state) {
  Json* at = &state.at("files");
  for (const char* const id : {"6666", "5000", "0220"}) {
    auto& children = at->at("children");
    const auto child =
        std::ranges::find_if(children, [&](const auto& one) { return one.at("id") == id; });
    if (child == children.end()) throw std::logic_error("the applet has no such folder");
    at = &*child;
  }
  return *at;
}
void take_applet_objects(nlohmann::json& state, const nlohmann::json& from) {
  applet_objects(state) = applet_objects(from);
}
void take_applet_keys(nlohmann::json& state, const nlohmann::json& from) {
  const auto& others = applet_objects(from).at("children");
  for (auto& folder : applet_objects(state).at("children"))
    if (folder.contains("key"))
      for (const auto& other : others)
        if (other.at("id") == folder.at("id")) folder["key"] = other.at("key");
}

const std::map<std::string, ReadOnlyKind> kReadOnly{
    {"idprime", {"keys", "rsa-1024", "rsa-1024,p-256", take_idprime_objects, take_idprime_keys}},
    {"etoken-legacy", {"rsa-pairs", "1", "2", take_applet_objects, take_applet_keys}},
};

nlohmann::json made(const std::string& kind, bool more) {
  const ReadOnlyKind& family = kReadOnly.at(kind);
  const auto card = vtoken::make_card(kind);
  if (kind == "etoken-legacy") card->set("rsa-bits", "1024");
  card->set(family.keys, more ? family.two_keys : family.one_key);
  card->reset();
  return card->save();
}

Contents contents_of(const std::string& kind, const nlohmann::json& state) {
  const auto endpoint = std::make_shared<VirtualEndpoint>(vtoken::make_card(kind));
  endpoint->card().load(state);
  MemoryTransport readers;
  readers.add_reader("r");
  readers.insert("r", endpoint);
  apdu::Card card(readers.connect("r"));
  const auto token = open_token(card, ProfileSet::builtin());
  token->login(PinRole::kUser, SecureBytes(to_bytes(std::string_view("1234567890"))));
  for (const Key& key : token->list().keys) {
    if (key.type != KeyType::kRsa) continue;
    const Bytes id = key.id;
    Contents found{std::get<RsaPublicKey>(token->read_public_key(key.ref)), {}};
    for (const Certificate& one : token->list().certificates)
      if (one.id == id) found.certificate = token->read_certificate(one.ref);
    return found;
  }
  throw std::logic_error("the token shows no RSA key");
}

const Scene& scene(const std::string& kind) {
  static std::map<std::string, Scene> scenes;
  const auto known = scenes.find(kind);
  if (known != scenes.end()) return known->second;
  Scene scene;
  scene.theirs = scene.ours = made(kind, false);
  kReadOnly.at(kind).take_objects(scene.theirs, made(kind, true));
  scene.another = made(kind, false);
  scene.our_contents = contents_of(kind, scene.ours);
  scene.their_contents = contents_of(kind, scene.theirs);
  return scenes[kind] = scene;
}

/// The other process has made this of the token, and is logged in: so our program gets as far as it
/// can.
void become(TwoProcessesTest& test, const nlohmann::json& state) {
  test.virtual_card().load(state);
  test.as_other([](Token&) {});
}

class TwoProcessesReadOnly : public TwoProcessesTest {
 protected:
  void SetUp() override {
    TwoProcessesTest::SetUp();
    pin_ = "1234567890";
  }
  const nlohmann::json& ready() override { return scene(GetParam()).ours; }
  const nlohmann::json& another() override { return scene(GetParam()).another; }
  RsaPublicKey key_of(bool theirs) override { return contents(theirs).key; }
  Bytes certificate_of(bool theirs) override { return contents(theirs).certificate; }

 private:
  static const Contents& contents(bool theirs) {
    const Scene& all = scene(GetParam());
    return theirs ? all.their_contents : all.our_contents;
  }
};

TEST_P(TwoProcessesReadOnly, OtherReplacesEverything) {
  at_every_position([](TwoProcessesTest& test) { become(test, scene(GetParam()).theirs); }, true);
}

// In the same places, under the same names: only the keys are others.
TEST_P(TwoProcessesReadOnly, OtherReplacesTheKeyAlone) {
  at_every_position(
      [](TwoProcessesTest& test) {
        nlohmann::json changed = test.virtual_card().save();
        kReadOnly.at(GetParam()).take_keys(changed, scene(GetParam()).theirs);
        become(test, changed);
      },
      false);
}

// Key and certificate in the places and under the numbers of the old ones: the directory is the
// same.
TEST_P(TwoProcessesReadOnly, OtherReplacesEverythingUnderTheSameNumbers) {
  if (GetParam() != "etoken-legacy") GTEST_SKIP() << "the index tells a certificate's size";
  at_every_position(
      [](TwoProcessesTest& test) {
        nlohmann::json changed = test.virtual_card().save();
        kReadOnly.at(GetParam()).take_objects(changed, scene(GetParam()).another);
        become(test, changed);
      },
      false);
}

TEST_P(TwoProcessesReadOnly, OtherResets) {
  at_every_position([](TwoProcessesTest& test) { test.reset_card(); }, false);
}

TEST_P(TwoProcessesReadOnly, OtherTokenGetsNoPin) { expect_no_pin_for_another_token(); }

INSTANTIATE_TEST_SUITE_P(Families, TwoProcessesReadOnly,
                         ::testing::Values("idprime", "etoken-legacy"), [](const auto& info) {
                           return info.param == "idprime" ? "idprime" : "etokenlegacy";
                         });

}  // namespace
}  // namespace kilt::test
