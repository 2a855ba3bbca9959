// The module called at an early moment: while the program's OpenSSL reads its configuration, in
// which engines and providers that load a module are named. That thread holds OpenSSL's one-time
// start; a module that waits for another thread in which OpenSSL starts, too, waits for ever.
#include <cstdlib>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include "tests/conformance/module.h"

namespace kilt::conformance {
namespace {

constexpr unsigned kPatience = 100;  // seconds, also on a busy machine

struct Early {
  bool called = false;
  CK_RV rv = CKR_GENERAL_ERROR;
  std::size_t objects = 0;
};
Early early;

CK_RV digest(CK_SESSION_HANDLE session) {
  CK_MECHANISM mechanism{CKM_SHA256, nullptr, 0};
  if (!can(mechanism.mechanism, CKF_DIGEST)) return CKR_OK;
  const CK_RV rv = p11().C_DigestInit(session, &mechanism);
  if (rv != CKR_OK) return rv;
  Bytes data(20, 7), hash(32);
  CK_ULONG size = hash.size();
  return p11().C_Digest(session, data.data(), data.size(), hash.data(), &size);
}

/// As a provider does it for a key that its configuration names: the first code that is no success.
CK_RV use_module() {
  CK_RV rv = p11().C_Initialize(nullptr);
  if (rv != CKR_OK) return rv;
  CK_SESSION_HANDLE session = 0;
  rv = p11().C_OpenSession(test_slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &session);
  if (rv == CKR_OK) rv = login(session, CKU_USER, options().pin);
  if (rv == CKR_OK) rv = digest(session);
  if (rv == CKR_OK) early.objects = find(session, {}).size();
  const CK_RV end = p11().C_Finalize(nullptr);
  return rv != CKR_OK ? rv : end;
}

int read_section(CONF_IMODULE* /*section*/, const CONF* /*all*/) {
  early.called = true;
  try {
    early.rv = use_module();
  } catch (const std::exception&) {  // not through OpenSSL's C
    early.rv = CKR_GENERAL_ERROR;
  }
  return 1;
}

// Runs in a process of its own: OpenSSL starts once.
TEST(Early, WorksWhileOpenSslReadsItsConfiguration) {
  std::string path = "/tmp/kilt-conformance.XXXXXX";
  const int file = mkstemp(path.data());
  ASSERT_GE(file, 0);
  const std::string text =
      "openssl_conf = start\n[start]\nkilt_early = section\n[section]\nname = value\n";
  const ssize_t written = write(file, text.data(), text.size());
  close(file);
  ASSERT_EQ(1, CONF_module_add("kilt_early", read_section, nullptr));
  OPENSSL_INIT_SETTINGS* settings = OPENSSL_INIT_new();
  OPENSSL_INIT_set_config_filename(settings, path.c_str());
  alarm(kPatience);
  const int good = OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, settings);
  alarm(0);
  OPENSSL_INIT_free(settings);
  unlink(path.c_str());
  ASSERT_EQ(static_cast<ssize_t>(text.size()), written);
  ASSERT_EQ(1, good);
  ASSERT_TRUE(early.called) << "OpenSSL had started before: run this test alone";
  EXPECT_EQ(CKR_OK, early.rv);
  EXPECT_GT(early.objects, 0U) << "the login shows keys";
}

}  // namespace
}  // namespace kilt::conformance
