#include "tests/tools/bridge/soft_token.h"

#include <cstdlib>
#include <fstream>

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/support/paths.h"
#include "tools/client/inventory.h"
#include "tools/signing/pkcs10.h"
#include "tools/x509/certificate.h"

namespace kilt::bridge::test {
namespace {

constexpr const char* kSoPin = "55443325";
constexpr long kDay = 24 * 60 * 60;

/// OpenSSL sets keys of algorithms that it knows; this copies whatever stands there.
void set_public_key(X509* certificate, const tool::Bytes& spki) {
  const unsigned char* in = spki.data();
  const tool::Owned<X509_PUBKEY, X509_PUBKEY_free> given(
      d2i_X509_PUBKEY(nullptr, &in, static_cast<long>(spki.size())));
  ASN1_OBJECT* algorithm = nullptr;
  const unsigned char* bits = nullptr;
  int size = 0;
  X509_ALGOR* identifier = nullptr;
  X509_PUBKEY_get0_param(&algorithm, &bits, &size, &identifier, given.get());
  int type = 0;
  const void* parameters = nullptr;
  X509_ALGOR_get0(nullptr, &type, &parameters, identifier);
  void* copy = type == V_ASN1_SEQUENCE
                   ? ASN1_STRING_dup(static_cast<const ASN1_STRING*>(parameters))
                   : nullptr;
  X509_PUBKEY_set0_param(
      X509_get_X509_PUBKEY(certificate), OBJ_dup(algorithm), type, copy,
      static_cast<unsigned char*>(OPENSSL_memdup(bits, static_cast<std::size_t>(size))), size);
}

struct Authority {
  tool::PkeyPtr key{EVP_RSA_gen(2048)};
  tool::X509Ptr certificate{X509_new()};

  Authority() {
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDay);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 1000 * kDay);
    const tool::X509NamePtr name = tool::parse_name("/CN=Kilt test CA");
    X509_set_subject_name(certificate.get(), name.get());
    X509_set_issuer_name(certificate.get(), name.get());
    X509_set_pubkey(certificate.get(), key.get());
    extend(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(certificate.get(), key.get(), EVP_sha256());
  }
  void extend(X509* target, int nid, const std::string& value) const {
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate.get(), target, nullptr, nullptr, 0);
    const tool::X509ExtensionPtr extension(
        X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    X509_add_ext(target, extension.get(), -1);
  }
  [[nodiscard]] tool::Bytes issue(const tool::Bytes& spki, const CertificatePlan& plan) const {
    static long serial = 4711;
    const tool::X509Ptr made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), serial++);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), plan.from * kDay);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), plan.to * kDay);
    const tool::X509NamePtr name = tool::parse_name(plan.subject);
    X509_set_subject_name(made.get(), name.get());
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate.get()));
    set_public_key(made.get(), spki);
    extend(made.get(), NID_key_usage, plan.key_usage);
    extend(made.get(), NID_ext_key_usage, plan.extended_usage);
    extend(made.get(), NID_subject_key_identifier, "hash");
    X509_sign(made.get(), key.get(), EVP_sha256());
    return tool::to_der(made.get(), i2d_X509);
  }
};

const Authority& authority() {
  static const Authority kAuthority;
  return kAuthority;
}

void add_pair(tool::Session& session, const CertificatePlan& plan) {
  const tool::Bytes id = tool::to_bytes(plan.label);
  tool::Template public_half;
  public_half.flag(CKA_TOKEN, true)
      .text(CKA_LABEL, plan.label)
      .bytes(CKA_ID, id)
      .number(CKA_MODULUS_BITS, 2048)
      .bytes(CKA_PUBLIC_EXPONENT, tool::Bytes{1, 0, 1})
      .flag(CKA_VERIFY, true);
  tool::Template private_half;
  private_half.flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, true)
      .text(CKA_LABEL, plan.label)
      .bytes(CKA_ID, id)
      .flag(CKA_SIGN, true);
  const auto pair =
      session.generate(CKM_RSA_PKCS_KEY_PAIR_GEN, std::move(public_half), std::move(private_half));
  const tool::Bytes der = authority().issue(tool::read_key(session, pair).spki, plan);
  const tool::X509Ptr x509 = tool::x509_of(der);
  tool::Template certificate;
  certificate.number(CKA_CLASS, CKO_CERTIFICATE)
      .number(CKA_CERTIFICATE_TYPE, CKC_X_509)
      .flag(CKA_TOKEN, true)
      .flag(CKA_PRIVATE, false)
      .text(CKA_LABEL, plan.label)
      .bytes(CKA_ID, id)
      .bytes(CKA_SUBJECT, tool::to_der(X509_get_subject_name(x509.get()), i2d_X509_NAME))
      .bytes(CKA_VALUE, der);
  session.create(std::move(certificate));
}

std::filesystem::path make_token() {
  static const Folder kFolder;
  const auto conf = kFolder.path() / "softhsm.conf";
  std::filesystem::create_directory(kFolder.path() / "tokens");
  std::ofstream(conf) << "directories.tokendir = " << (kFolder.path() / "tokens").string()
                      << "\nobjectstore.backend = file\nlog.level = ERROR\n";
  setenv("SOFTHSM2_CONF", conf.c_str(), 1);
  tool::Module module(kilt::test::paths::softhsm());
  module.init_token(module.slots().front().id, tool::Secret(tool::view(kSoPin)), "Soft");
  CK_SLOT_ID slot = 0;
  for (const auto& view : module.slots())
    if (view.token && view.token->label == "Soft") slot = view.id;
  {
    tool::Session session(module, slot, tool::Session::Mode::kWrite);
    session.login(tool::Role::kSo, tool::Secret(tool::view(kSoPin)));
    session.init_pin(tool::Secret(tool::view(kPin)));
  }
  tool::Session session(module, slot, tool::Session::Mode::kWrite);
  session.login(tool::Role::kUser, tool::Secret(tool::view(kPin)));
  const std::string person = "/CN=TEST OWNER/SN=TEST/serialNumber=IIN000000000001/C=KZ";
  const std::string old = "critical,digitalSignature,keyEncipherment";
  const std::string sign = "critical,digitalSignature,nonRepudiation";
  const std::string both = "critical,digitalSignature,nonRepudiation,keyAgreement";
  for (const CertificatePlan& plan : std::vector<CertificatePlan>{
           {"AUTH", person, old, "clientAuth,1.2.398.3.3.4.1.1"},
           {"SIGN", person, sign, "emailProtection,1.2.398.3.3.4.1.1"},
           {"BOTH", person, both, "emailProtection,1.2.398.3.3.4.1.1"},
           {"OLD", person, sign, "emailProtection", -400, -1},
           {"ORG", "/CN=HEAD, OWNER/serialNumber=IIN000000000002/O=LTD/OU=BIN000000000003/C=KZ",
            sign, "emailProtection,1.2.398.3.3.4.1.2", -1, 250}})
    add_pair(session, plan);
  return kilt::test::paths::softhsm();
}

}  // namespace

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "kilt-bridge.XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}
Folder::~Folder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

const std::filesystem::path& soft_token() {
  static const std::filesystem::path kModule = make_token();
  return kModule;
}

tool::Bytes issue(const tool::Bytes& spki, const CertificatePlan& plan) {
  return authority().issue(spki, plan);
}

std::string soft_ca() {
  return tool::to_pem("CERTIFICATE", tool::to_der(authority().certificate.get(), i2d_X509));
}

}  // namespace kilt::bridge::test
