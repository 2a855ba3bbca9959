// What tests begin with: an initialised module, a session, a login, keys.
#pragma once

#include <openssl/evp.h>

#include "tests/conformance/module.h"

namespace kilt::conformance {

class Initialized : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  CK_SESSION_HANDLE open(CK_FLAGS flags = CKF_RW_SESSION);
  CK_STATE state(CK_SESSION_HANDLE session);
  CK_SLOT_ID slot_ = 0;
};

/// A read-write session, nobody logged in.
class WithSession : public Initialized {
 protected:
  void SetUp() override;
  CK_SESSION_HANDLE session_ = 0;
};

/// The user is logged in.
class LoggedIn : public WithSession {
 protected:
  void SetUp() override;
};

struct Pair {
  CK_OBJECT_HANDLE public_key = 0, private_key = 0;
};

/// A pair for the tests: one that they made before, else a new one where the token makes keys, else
/// the first on the token. Nothing if there is none. The user is logged in.
std::optional<Pair> key_pair(CK_SESSION_HANDLE session, CK_KEY_TYPE type);
/// An RSA pair with a certificate of a CA made up for it, as far as the token makes and takes them,
/// if it has no certificate. Throws std::runtime_error if the user cannot log in.
void make_first_objects();
/// DER of a certificate of a CA made up for it, and its fields as PKCS#11 wants them.
struct MadeCertificate {
  Bytes der, subject, issuer, serial;
};
MadeCertificate certificate_for(EVP_PKEY* key);
/// Makes a pair; the code of C_GenerateKeyPair. RSA keys have the smallest size of at least 1024.
CK_RV make_pair(CK_SESSION_HANDLE session, CK_KEY_TYPE type, const std::string& label, Bytes id,
                Pair& pair);
/// DER of the OBJECT IDENTIFIER of P-256.
Bytes p256();

/// An RSA key pair, or the test is skipped.
class WithRsa : public LoggedIn {
 protected:
  void SetUp() override;
  Pair pair_;
};

}  // namespace kilt::conformance
