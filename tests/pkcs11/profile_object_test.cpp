// Profile objects and CKA_UNIQUE_ID.
#include "pkcs11/profile_object.h"

#include <algorithm>
#include <set>

#include "tests/support/kaztoken_test.h"

namespace kilt::test {
namespace {

using p11::profiles_of;
using Profiles = std::vector<CK_PROFILE_ID>;
const Profiles kProvider{CKP_BASELINE_PROVIDER, CKP_EXTENDED_PROVIDER};

class ProfileObjects : public KaztokenTest {
 protected:
  static Profiles shown(CK_SESSION_HANDLE session) {
    Profiles profiles;
    for (const CK_OBJECT_HANDLE object : find_class(session, CKO_PROFILE))
      profiles.push_back(*p11::to_ulong(attribute(session, object, CKA_PROFILE_ID)));
    std::ranges::sort(profiles);
    return profiles;
  }
};

TEST_F(ProfileObjects, GrowWithWhatIsOnTheToken) {
  CK_SESSION_HANDLE session = user_session();
  EXPECT_EQ(kProvider, shown(session));
  const Pair pair = generate_rsa(session);
  EXPECT_EQ((Profiles{1, 2, CKP_AUTHENTICATION_TOKEN}), shown(session));
  write_certificate(session, pair, {0x01});
  EXPECT_EQ((Profiles{1, 2, 3, CKP_PUBLIC_CERTIFICATES_TOKEN}), shown(session));
  ASSERT_EQ(CKR_OK, C_Logout(session));
  EXPECT_EQ((Profiles{1, 2, 3, 4}), shown(session)) << "before a login too";
  restart();
  EXPECT_EQ((Profiles{1, 2, 3, 4}), shown(open_session()));
}

TEST_F(ProfileObjects, CannotBeChanged) {
  const CK_SESSION_HANDLE session = user_session();
  const CK_OBJECT_HANDLE object = find_class(session, CKO_PROFILE).at(0);
  EXPECT_EQ(CKR_ACTION_PROHIBITED, C_DestroyObject(session, object));
  Attributes label;
  label.add(CKA_LABEL, "x");
  EXPECT_EQ(CKR_ATTRIBUTE_READ_ONLY,
            C_SetAttributeValue(session, object, label.data(), label.size()));
  EXPECT_EQ(Bytes{CK_TRUE}, attribute(session, object, CKA_TOKEN));
  EXPECT_EQ(Bytes{CK_FALSE}, attribute(session, object, CKA_MODIFIABLE));
}

TEST(Profiles, TokenProfilesOnlyWhereTheyAreTrue) {
  Capabilities signs;
  signs.sign = {SignScheme::kRsaRaw};
  ObjectList list;
  list.keys.emplace_back();
  list.keys[0].id = {1};
  list.keys[0].usage.sign = true;
  EXPECT_EQ((Profiles{1, 2, 3}), profiles_of(list, signs));
  EXPECT_EQ(kProvider, profiles_of(list, {})) << "a token that does not sign";
  list.keys[0].unusable_reason = "of an old firmware";
  EXPECT_EQ(kProvider, profiles_of(list, signs));
  list.certificates.emplace_back();
  list.certificates[0].id = {2};
  EXPECT_EQ(kProvider, profiles_of(list, signs)) << "a certificate with another id";
  list.certificates[0].authority = true;
  EXPECT_EQ((Profiles{1, 2, 4}), profiles_of(list, signs)) << "a CA has no key here";
  list.certificates[0] = {};
  list.certificates[0].id = {1};
  EXPECT_EQ((Profiles{1, 2, 4}), profiles_of(list, signs));
  list.keys[0].has_public = false;
  EXPECT_EQ(kProvider, profiles_of(list, signs)) << "nothing leads to the key before a login";
  list.keys[0].has_public = true;
  list.certificates[0].is_private = true;
  EXPECT_EQ(kProvider, profiles_of(list, signs)) << "a certificate behind the PIN";
}

class UniqueId : public KaztokenTest {};

TEST_F(UniqueId, OneForEachObjectAndTheSameTomorrow) {
  CK_SESSION_HANDLE session = user_session();
  const Pair pair = generate_rsa(session);
  generate_rsa(session, 1024, "other", {0x02});
  write_certificate(session, pair, {0x01});
  const auto ids = [&] {
    std::set<Bytes> all;
    for (const CK_OBJECT_HANDLE object : find(session))
      all.insert(attribute(session, object, CKA_UNIQUE_ID));
    return all;
  };
  const auto before = ids();
  EXPECT_EQ(find(session).size(), before.size()) << "no two are the same";
  restart();
  session = user_session();
  EXPECT_EQ(before, ids());
  Attributes label;
  label.add(CKA_LABEL, "renamed").add(CKA_ID, Bytes{0x07});
  Attributes wanted;
  wanted.number(CKA_CLASS, CKO_PRIVATE_KEY).add(CKA_ID, Bytes{0x02});
  const CK_OBJECT_HANDLE key = find(session, wanted).at(0);
  ASSERT_EQ(CKR_OK, C_SetAttributeValue(session, key, label.data(), label.size()));
  EXPECT_EQ(before, ids()) << "names are not identity";
}

TEST_F(UniqueId, IsFoundAndNotTakenOver) {
  const CK_SESSION_HANDLE session = user_session();
  const Pair first = generate_rsa(session);
  const Bytes id = attribute(session, first.private_key, CKA_UNIQUE_ID);
  Attributes wanted;
  wanted.add(CKA_UNIQUE_ID, id);
  EXPECT_EQ(std::vector{first.private_key}, find(session, wanted));
  ASSERT_EQ(CKR_OK, C_DestroyObject(session, first.private_key));
  const Pair second = generate_rsa(session);
  EXPECT_NE(id, attribute(session, second.private_key, CKA_UNIQUE_ID)) << "the same place, perhaps";
}

TEST_F(UniqueId, IsOursToGive) {
  const CK_SESSION_HANDLE session = user_session();
  Attributes data;
  data.number(CKA_CLASS, CKO_DATA).add(CKA_UNIQUE_ID, "mine");
  CK_OBJECT_HANDLE object = 0;
  EXPECT_EQ(CKR_ATTRIBUTE_READ_ONLY, C_CreateObject(session, data.data(), data.size(), &object));
  Attributes bare, own;
  bare.number(CKA_CLASS, CKO_DATA);
  own.add(CKA_UNIQUE_ID, "mine");
  ASSERT_EQ(CKR_OK, C_CreateObject(session, bare.data(), bare.size(), &object));
  EXPECT_EQ(CKR_ATTRIBUTE_READ_ONLY, C_SetAttributeValue(session, object, own.data(), 1));
  CK_OBJECT_HANDLE copy = 0;
  EXPECT_EQ(CKR_ATTRIBUTE_READ_ONLY, C_CopyObject(session, object, own.data(), 1, &copy));
  ASSERT_EQ(CKR_OK, C_CopyObject(session, object, nullptr, 0, &copy));
  EXPECT_NE(attribute(session, object, CKA_UNIQUE_ID), attribute(session, copy, CKA_UNIQUE_ID));
  Attributes other_class;
  other_class.number(CKA_CLASS, CKO_CERTIFICATE);
  EXPECT_EQ(CKR_ATTRIBUTE_READ_ONLY, C_SetAttributeValue(session, object, other_class.data(), 1));
}

TEST_F(UniqueId, PublicKeyInfoIsWhatOpenSslWouldWrite) {
  const CK_SESSION_HANDLE session = user_session();
  const Pair pair = generate_rsa(session);
  const Bytes info = attribute(session, pair.private_key, CKA_PUBLIC_KEY_INFO);
  EXPECT_EQ(info, attribute(session, pair.public_key, CKA_PUBLIC_KEY_INFO));
  EXPECT_EQ(to_hex(Bytes{0x30, 0x81, 0x9F, 0x30, 0x0D}), to_hex(BytesView(info).first(5)));
}

}  // namespace
}  // namespace kilt::test
