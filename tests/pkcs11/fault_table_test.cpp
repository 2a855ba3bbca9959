// One fault, one object (design decision 24), as a table: each file, record and data object of each
// family's virtual token is damaged, one at a time, in each of eleven ways. The other objects are
// there, the login works, the other keys sign, and no try of the PIN is spent.
#include <map>
#include <set>
#include <sstream>

#include "tests/drivers/etoken/rsa_check.h"
#include "tests/support/file_faults.h"
#include "tests/support/module_test.h"
#include "tests/support/ready_token.h"

namespace kilt::test {
namespace {

/// A place without which more than one object cannot be there.
struct Needed {
  const char* place;  ///< its name, see FileFaults, or the beginning of several before a *
  /// What goes with it: c certificates, k private keys, p public keys, d data objects, m the key
  /// of the one certificate, l the login, t the token.
  const char* takes;
  const char* why;
};

struct Table {
  const char* name;
  Family family;
  std::vector<std::pair<const char*, const char*>> settings;
  std::vector<Needed> needed;
  std::size_t keys = 2;       ///< that sign
  bool renews_login = false;  ///< by itself, where a login may be good for one command
};

bool is(const Needed& needed, const std::string& place) {
  const std::string name = needed.place;
  return name.ends_with('*') ? place.starts_with(name.substr(0, name.size() - 1)) : place == name;
}

// Why more than one object goes with a place.
const char* const kApplet = "the applet itself: nothing else is asked of a card without it";
const char* const kOnlyDirectory = "the only place that names the objects of this kind";
const char* const kOnlyList = "the only list of the objects in this folder";
const char* const kModulus = "a key's modulus stands in its certificate alone";
const char* const kVersion = "the version of CardOS: what is not known is not guessed at";
const char* const kPin = "the PIN itself";
const char* const kSalt = "the salt: without it nothing can be proved by a PIN";
const char* const kKeyMap = "the only place that says under which number the card keeps a key";
const char* const kPinDirectory =
    "the only place that says which PIN is the user's: a guess could spend another one's try";

const std::vector<Table>& tables() {
  static const std::vector<Table> all{
      {"kaztoken",
       family_of("kaztoken"),
       {},
       {{"SELECT 3F0050006002", "k", kOnlyDirectory},
        {"READ 3F0050006002", "k", kOnlyDirectory},
        {"SELECT 3F0050006001", "p", kOnlyDirectory},
        {"READ 3F0050006001", "p", kOnlyDirectory},
        {"SELECT 3F0050006004", "c", kOnlyDirectory},
        {"READ 3F0050006004", "c", kOnlyDirectory}}},
      {"kaztoken_vendor",
       {"kaztoken", "12345678"},
       {{"vendor-keys", "2"}, {"layout", "vendor"}},
       {{"SELECT 3F00100010006002", "kp", kOnlyList},
        {"SELECT first in 3F00100010006002", "kp", kOnlyList},
        {"SELECT 3F0010001004", "c", kOnlyList},
        {"SELECT first in 3F0010001004", "c", kOnlyList}}},
      {"jacarta",
       family_of("jacarta"),
       {},
       {{"SELECT name A0000001644C415345520001", "t", kApplet},
        {"SELECT 3F000020", "l", kPin},
        {"SELECT 3F0030003001", "cp", kOnlyList},
        {"LIST 3F0030003001", "cp", kOnlyList},
        {"SELECT 3F0030003002", "k", kOnlyList},
        {"LIST 3F0030003002", "k", kOnlyList}}},
      {"etoken_applet",
       family_of("etoken-legacy"),
       {{"rsa-pairs", "2"}, {"rsa-bits", "1024"}},
       {{"SELECT name A0000003120202", "t", kApplet},
        {"SELECT 3F00666650000220", "ckpd", kOnlyList},
        {"LIST 3F00666650000220", "ckpd", kOnlyList},
        {"SELECT 3F0066665000022010*", "m", kModulus},
        {"READ 3F0066665000022010*", "m", kModulus},
        {"SELECT 3F0066665000000F", "l", kSalt},
        {"READ 3F0066665000000F", "l", kSalt}},
       2,
       true},
      {"etoken_applet_ec",
       family_of("etoken-current"),
       {},
       {{"SELECT name A0000003120202", "t", kApplet},
        {"SELECT 3F00666650000220", "ckpd", kOnlyList},
        {"LIST 3F00666650000220", "ckpd", kOnlyList},
        {"SELECT 3F0066665000000F", "l", kSalt},
        {"READ 3F0066665000000F", "l", kSalt}},
       0,
       true},
      {"idprime_940",
       family_of("idprime"),
       {{"keys", "rsa-1024,rsa-1024"}},
       {{"SELECT name A000000018800000000662", "t", kApplet},
        {"SELECT 3F000101", "c", kOnlyDirectory},
        {"READ 3F000101", "c", kOnlyDirectory},
        {"SELECT 3F000005", "k", kKeyMap},
        {"READ 3F000005", "k", kKeyMap}}},
      {"idprime_840",
       family_of("idprime"),
       {{"model", "840"}, {"keys", "rsa-1024,rsa-1024"}},
       {{"SELECT name A000000018800000000662", "t", kApplet},
        {"SELECT 3F000101", "c", kOnlyDirectory},
        {"READ 3F000101", "c", kOnlyDirectory},
        {"SELECT 3F000204", "kp", kOnlyDirectory},
        {"READ 3F000204", "kp", kOnlyDirectory}}},
      {"cardos",
       family_of("cardos"),
       {},
       {{"GET DATA 0182 ", "t", kVersion},
        {"SELECT 3F0050154401", "l", kPinDirectory},
        {"READ 3F0050154401", "l", kPinDirectory},
        {"SELECT 3F005015", "lk", "the folder in which the card looks for PINs and keys"},
        {"SELECT 3F0050154402", "k", kOnlyDirectory},
        {"READ 3F0050154402", "k", kOnlyDirectory},
        {"SELECT 3F0050154403", "p", kOnlyDirectory},
        {"READ 3F0050154403", "p", kOnlyDirectory},
        {"SELECT 3F0050154404", "c", kOnlyDirectory},
        {"READ 3F0050154404", "c", kOnlyDirectory}}},
      {"cardos_native",
       {"cardos", "1234567890"},
       {{"layout", "native"}},
       {{"GET DATA 0182 ", "t", kVersion},
        {"SELECT 3F006666", "t",
         "all that Aladdin's software keeps: without it nobody can tell "
         "whether the token is blank"},
        {"SELECT 3F0066661002", "ck", kOnlyList},
        {"LIST 3F0066661002", "ck", kOnlyList},
        {"SELECT 3F00666610020001", "m", kModulus},
        {"READ 3F00666610020001", "m", kModulus}},
       1},
      {"akey",
       family_of("akey"),
       {},
       {{"SELECT 3F0050154402", "k", kOnlyDirectory},
        {"READ 3F0050154402", "k", kOnlyDirectory},
        {"SELECT 3F0050154403", "p", kOnlyDirectory},
        {"READ 3F0050154403", "p", kOnlyDirectory},
        {"SELECT 3F0050154404", "c", kOnlyDirectory},
        {"READ 3F0050154404", "c", kOnlyDirectory},
        {"SELECT 3F0050154401", "l", kPinDirectory},
        {"READ 3F0050154401", "l", kPinDirectory},
        {"READ name A000000063504B43532D31355031", "l", kPinDirectory}}},
      {"iasecc",
       family_of("iasecc"),
       {},
       {{"SELECT 3F0050154402", "k", kOnlyDirectory},
        {"READ 3F0050154402", "k", kOnlyDirectory},
        {"SELECT 3F0050154404", "ck", kOnlyDirectory},
        {"READ 3F0050154404", "ck", kOnlyDirectory},
        {"SELECT 3F0050154401", "l", kPinDirectory},
        {"READ 3F0050154401", "l", kPinDirectory},
        {"READ name A000000063504B43532D31355031", "l", kPinDirectory},
        {"SELECT 3F00501543*", "m", kModulus},
        {"READ 3F00501543*", "m", kModulus}},
       0},
      {"idcard",
       family_of("idcard"),
       {},
       {{"SELECT 3F00", "l", "the folder in which the card looks for the PIN"},
        {"SELECT 3F000101", "kp", "the folder of all keys"}}},
  };
  return all;
}

/// An object by what it is, not by what it is called.
struct Thing {
  CK_OBJECT_CLASS object_class = 0;
  Bytes content;
  auto operator<=>(const Thing&) const = default;

  [[nodiscard]] bool is_key() const {
    return object_class == CKO_PRIVATE_KEY || object_class == CKO_PUBLIC_KEY;
  }
  /// The same for both halves of a pair.
  [[nodiscard]] std::pair<bool, Bytes> owner() const { return {is_key(), content}; }
  [[nodiscard]] char letter() const {
    switch (object_class) {
      case CKO_CERTIFICATE:
        return 'c';
      case CKO_PRIVATE_KEY:
        return 'k';
      case CKO_PUBLIC_KEY:
        return 'p';
      default:
        return 'd';
    }
  }
};

std::optional<Bytes> attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                               CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE wanted{type, nullptr, 0};
  if (C_GetAttributeValue(session, object, &wanted, 1) != CKR_OK) return std::nullopt;
  Bytes value(wanted.ulValueLen);
  wanted.pValue = value.data();
  if (C_GetAttributeValue(session, object, &wanted, 1) != CKR_OK) return std::nullopt;
  return value;
}

std::map<Thing, CK_OBJECT_HANDLE> things(CK_SESSION_HANDLE session) {
  std::map<Thing, CK_OBJECT_HANDLE> found;
  if (C_FindObjectsInit(session, nullptr, 0) != CKR_OK) return found;
  std::vector<CK_OBJECT_HANDLE> handles(100);
  CK_ULONG count = 0;
  if (C_FindObjects(session, handles.data(), handles.size(), &count) != CKR_OK) count = 0;
  C_FindObjectsFinal(session);
  handles.resize(count);
  for (const CK_OBJECT_HANDLE handle : handles) {
    CK_OBJECT_CLASS object_class = 0;
    CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
    if (C_GetAttributeValue(session, handle, &wanted, 1) != CKR_OK) continue;
    if (object_class == CKO_PROFILE || object_class == CKO_HW_FEATURE) continue;
    std::optional<Bytes> content;
    for (const CK_ATTRIBUTE_TYPE type : {CKA_VALUE, CKA_MODULUS, CKA_EC_POINT, CKA_ID})
      if (!content || content->empty()) content = attribute(session, handle, type);
    found.emplace(Thing{object_class, content.value_or(Bytes{})}, handle);
  }
  return found;
}

/// SHA256_RSA_PKCS over a text, checked by OpenSSL alone.
CK_RV sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, const Bytes& modulus) {
  CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
  if (const CK_RV rv = C_SignInit(session, &mechanism, key); rv != CKR_OK) return rv;
  Bytes text = to_bytes(std::string_view("text")), signature(512);
  CK_ULONG size = signature.size();
  if (const CK_RV rv = C_Sign(session, text.data(), text.size(), signature.data(), &size);
      rv != CKR_OK)
    return rv;
  signature.resize(size);
  Bytes info = from_hex("3031300D060960864801650304020105000420");
  Bytes hash(32);
  EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr);
  append(info, hash);
  const RsaPublicKey half{modulus, {0x01, 0x00, 0x01}};
  return rsa_public(half, signature) == pkcs1_block(modulus.size(), info) ? CKR_OK
                                                                          : CKR_SIGNATURE_INVALID;
}

/// What a program sees of a token.
struct Seen {
  CK_RV info = CKR_OK, login = CKR_OK;
  std::set<Thing> objects;
  std::map<Thing, CK_RV> signatures;
  std::size_t logins = 0;  ///< asked for
};

class FaultTable : public ModuleTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  const Table& table() const { return tables()[GetParam()]; }

  std::shared_ptr<CardEndpoint> prepare() {
    if (table().family.bare) return ready_token(table().family, 2);
    auto card = vtoken::make_card(table().family.kind);
    for (const auto& [key, value] : table().settings) card->set(key, value);
    return std::make_shared<VirtualEndpoint>(std::move(card));
  }

  /// A program's whole work with the token, put in anew.
  Seen use(const std::shared_ptr<FileFaults>& card) {
    readers_->remove_card(kReader);
    list_slots();
    card->reset();
    readers_->insert(kReader, card);
    list_slots();
    Seen seen;
    CK_TOKEN_INFO info{};
    seen.info = C_GetTokenInfo(0, &info);
    CK_SESSION_HANDLE session = 0;
    if (C_OpenSession(0, CKF_SERIAL_SESSION, nullptr, nullptr, &session) != CKR_OK) return seen;
    const auto login = [&] {
      ++seen.logins;
      return log_in(session, CKU_USER, table().family.pin);
    };
    static_cast<void>(things(session));
    seen.login = login();
    auto found = things(session);
    for (const auto& [thing, handle] : found) seen.objects.insert(thing);
    for (const Thing& thing : seen.objects) {
      const bool usable = thing.object_class == CKO_PRIVATE_KEY && thing.content.size() >= 64;
      if (!usable || table().keys == 0 || seen.login != CKR_OK) continue;
      seen.signatures[thing] = sign(session, found[thing], thing.content);
      // A key that says so itself ends the login; a program then asks for the PIN again.
      if (seen.signatures[thing] != CKR_USER_NOT_LOGGED_IN) continue;
      seen.login = login();
      found = things(session);
    }
    C_Logout(session);
    C_CloseSession(session);
    return seen;
  }

  /// What may go with this place beside one object.
  std::string takes(const std::string& place) const {
    std::string letters;
    for (const Needed& needed : table().needed)
      if (is(needed, place)) letters += needed.takes;
    return letters;
  }

  /// What is wrong in a cell; empty if nothing is.
  static std::string judge(const Seen& good, const Seen& seen, const std::string& takes,
                           const FileFaults& card, bool renews_login) {
    std::ostringstream wrong;
    const auto may = [&](char letter) { return takes.find(letter) != std::string::npos; };
    if (card.tries() != 0) wrong << " tries spent: " << card.tries();
    if (card.logins() > seen.logins + (renews_login ? 4U : 0U))
      wrong << " logins: " << card.logins();
    if (may('t')) return wrong.str();
    if (seen.info != CKR_OK) wrong << std::hex << " C_GetTokenInfo " << seen.info;
    if (may('l')) return wrong.str();
    if (seen.login != CKR_OK) wrong << std::hex << " C_Login " << seen.login;
    std::set<std::pair<bool, Bytes>> owners;
    std::string lost;
    for (const Thing& thing : good.objects) {
      const bool there = seen.objects.contains(thing);
      const auto signature = seen.signatures.find(thing);
      const bool works = !good.signatures.contains(thing) ||
                         (signature != seen.signatures.end() && signature->second == CKR_OK);
      if ((there && works) || may(thing.letter())) continue;
      auto owner = thing.owner();
      if (may('m') && thing.object_class == CKO_CERTIFICATE)
        for (const Thing& key : good.objects)
          if (key.is_key() && key.content.size() >= 64 &&
              !std::ranges::search(thing.content, key.content).empty())
            owner = key.owner();
      owners.insert(owner);
      lost += thing.letter();
      if (there && signature != seen.signatures.end())
        lost += "(" + std::to_string(signature->second) + ")";
    }
    if (owners.size() > 1) wrong << " lost: " << lost;
    return wrong.str();
  }
};

TEST_P(FaultTable, EachFaultCostsOneObject) {
  const auto token = prepare();
  const auto watched = std::make_shared<FileFaults>(token);
  const Seen good = use(watched);
  ASSERT_EQ(CKR_OK, good.info);
  ASSERT_EQ(CKR_OK, good.login);
  ASSERT_EQ(1U, watched->logins());
  ASSERT_EQ(table().keys, good.signatures.size());
  for (const auto& [thing, rv] : good.signatures) ASSERT_EQ(CKR_OK, rv);
  ASSERT_GE(watched->places().size(), 5U);
  std::size_t cells = 0;
  for (const std::string& place : watched->places()) {
    const std::string takes = this->takes(place);
    for (const FileFault& fault : file_faults()) {
      const auto damaged = std::make_shared<FileFaults>(token);
      damaged->damage(place, fault);
      const Seen seen = use(damaged);
      EXPECT_TRUE(damaged->met()) << place;
      const std::string wrong = judge(good, seen, takes, *damaged, table().renews_login);
      EXPECT_EQ("", wrong) << place << " answers " << fault.name;
      ++cells;
    }
  }
  // And the token is as it was.
  const auto healed = std::make_shared<FileFaults>(token);
  const Seen after = use(healed);
  EXPECT_EQ("", judge(good, after, "", *healed, table().renews_login));
  EXPECT_EQ(good.objects, after.objects);
  RecordProperty("cells", std::to_string(cells));
}

/// No exception that nothing needs: each names a place that there is, and why.
TEST_P(FaultTable, ExceptionsAreNamedAndUsed) {
  const auto watched = std::make_shared<FileFaults>(prepare());
  static_cast<void>(use(watched));
  for (const Needed& needed : table().needed) {
    EXPECT_TRUE(std::ranges::any_of(watched->places(), [&](const std::string& place) {
      return is(needed, place);
    })) << needed.place;
    EXPECT_FALSE(std::string(needed.why).empty());
  }
}

INSTANTIATE_TEST_SUITE_P(Families, FaultTable, ::testing::Range<std::size_t>(0, tables().size()),
                         [](const auto& one) { return std::string(tables()[one.param].name); });

}  // namespace
}  // namespace kilt::test
