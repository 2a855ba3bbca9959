#include "tools/commands/key_import.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "tools/commands/cert_store.h"
#include "tools/terminal/terminal.h"
#include "tools/terminal/text.h"
#include "tools/x509/pkcs12_work.h"

namespace kilt::tool {
namespace {

using Pkcs12Ptr = Owned<PKCS12, PKCS12_free>;
using X509Stack =
    Owned<STACK_OF(X509), [](STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }>;

struct Opened {
  PkeyPtr key;
  X509Ptr certificate;
  X509Stack others;
};

Pkcs12Ptr pkcs12_of(BytesView file) {
  const unsigned char* in = file.data();
  Pkcs12Ptr parsed(d2i_PKCS12(nullptr, &in, static_cast<long>(file.size())));
  ERR_clear_error();
  return parsed;
}

Opened open_pkcs12(PKCS12* file, const Secret& password) {
  // Files of the CA's older software use RC2, which OpenSSL 3 keeps in its legacy provider.
  static OSSL_PROVIDER* legacy = OSSL_PROVIDER_try_load(nullptr, "legacy", 1);
  static_cast<void>(legacy);
  Secret terminated = password.clone();
  terminated.push_back('\0');
  check_pkcs12_work(file, terminated);
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  const int good = PKCS12_parse(file, reinterpret_cast<const char*>(terminated.bytes().data()),
                                &key, &certificate, &others);  // NOLINT: bytes as characters
  Opened opened{PkeyPtr(key), X509Ptr(certificate), X509Stack(others)};
  if (good == 1) return opened;
  const bool wrong = ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE;
  const std::string why = openssl_errors();
  if (wrong) throw Failure(Kind::kWrongPin, tr("The file's password is wrong."));
  throw Failure(Kind::kBadInput, tr("The PKCS#12 file cannot be read: {0}", why));
}

struct Password {
  const Secret* secret;
};

int give_password(char* buffer, int size, int /*writing*/, void* data) {
  const Secret& secret = *static_cast<Password*>(data)->secret;
  if (secret.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(secret.bytes().begin(), secret.bytes().end(), buffer);
  return static_cast<int>(secret.size());
}

/// The last errors say that the password did not fit. Empties the queue.
bool wrong_password() {
  bool wrong = false;
  while (const unsigned long error = ERR_get_error())
    wrong = wrong ||
            (ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_BAD_DECRYPT) ||
            (ERR_GET_LIB(error) == ERR_LIB_PKCS12 &&
             ERR_GET_REASON(error) == PKCS12_R_PKCS12_CIPHERFINAL_ERROR);
  return wrong;
}

Bytes big_number(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  need_openssl(EVP_PKEY_get_bn_param(key, name, &raw) == 1, name, Kind::kBadInput);
  const Owned<BIGNUM, BN_clear_free> number(raw);
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return bytes;
}

void add_secret(Template& object, CK_ATTRIBUTE_TYPE type, const EVP_PKEY* key, const char* name) {
  Bytes value = big_number(key, name);
  object.bytes(type, value);
  OPENSSL_cleanse(value.data(), value.size());
}

Bytes spki_of_key(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  need_openssl(size > 0, "SPKI");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

namespace {

KeyFile open_key_file(const std::string& path, const std::string& password_source,
                      const Bytes& contents) {
  const auto password = [&] {
    return password_source.empty() ? ask_secret(tr("Password of {0}", path), Empty::kCounts)
                                   : secret_from(password_source);
  };
  KeyFile file;
  if (const Pkcs12Ptr pkcs12 = pkcs12_of(contents)) {
    Opened opened = open_pkcs12(pkcs12.get(), password());
    file.key = std::move(opened.key);
    if (opened.certificate)
      file.certificates.push_back(parse_certificate(to_der(opened.certificate.get(), i2d_X509)));
  } else {
    const BioPtr bio(BIO_new_mem_buf(contents.data(), static_cast<int>(contents.size())));
    constexpr std::string_view kEncrypted = "ENCRYPTED";
    Secret secret;
    if (!std::ranges::search(contents, kEncrypted).empty()) secret = password();
    Password data{&secret};
    file.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &data));
    const bool wrong = wrong_password();
    if (!file.key && wrong) throw Failure(Kind::kWrongPin, tr("The file's password is wrong."));
  }
  if (!file.key)
    throw Failure(Kind::kBadInput, tr("{0} holds no private key that can be read.", path));
  if (EVP_PKEY_get_base_id(file.key.get()) != EVP_PKEY_RSA)
    throw Failure(Kind::kUnsupported, tr("Only RSA keys are imported."));
  return file;
}

/// A file's contents, wiped when they are not needed any more.
struct KeyBytes {
  Bytes bytes;
  explicit KeyBytes(Bytes contents) : bytes(std::move(contents)) {}
  KeyBytes(const KeyBytes&) = delete;
  KeyBytes& operator=(const KeyBytes&) = delete;
  ~KeyBytes() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

}  // namespace

KeyFile read_key_file(const std::string& path, const std::string& password_source) {
  constexpr int kPatience = 3;
  const KeyBytes contents(read_file(path));
  for (int round = 1;; ++round) {
    try {
      return open_key_file(path, password_source, contents.bytes);
    } catch (const Failure& failure) {
      // A file does not count.
      if (failure.kind() != Kind::kWrongPin || !password_source.empty() || round == kPatience)
        throw;
      std::fputs((printable(failure.what()) + '\n').c_str(), stderr);
    }
  }
}

KeyView import_key(Session& session, const KeyFile& file, std::string label, Bytes id) {
  const EVP_PKEY* key = file.key.get();
  const Bytes spki = spki_of_key(key);
  if (id.empty()) id = key_identifier(spki);
  if (label.empty() && !file.certificates.empty()) label = file.certificates.front().common_name;
  Template object;
  object.number(CKA_CLASS, CKO_PRIVATE_KEY).number(CKA_KEY_TYPE, CKK_RSA).flag(CKA_TOKEN, true);
  object.flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
  object.flag(CKA_SIGN, true).flag(CKA_DECRYPT, true).text(CKA_LABEL, label).bytes(CKA_ID, id);
  const Bytes modulus = big_number(key, OSSL_PKEY_PARAM_RSA_N);
  const Bytes exponent = big_number(key, OSSL_PKEY_PARAM_RSA_E);
  object.bytes(CKA_MODULUS, modulus).bytes(CKA_PUBLIC_EXPONENT, exponent);
  add_secret(object, CKA_PRIVATE_EXPONENT, key, OSSL_PKEY_PARAM_RSA_D);
  add_secret(object, CKA_PRIME_1, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
  add_secret(object, CKA_PRIME_2, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
  add_secret(object, CKA_EXPONENT_1, key, OSSL_PKEY_PARAM_RSA_EXPONENT1);
  add_secret(object, CKA_EXPONENT_2, key, OSSL_PKEY_PARAM_RSA_EXPONENT2);
  add_secret(object, CKA_COEFFICIENT, key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
  session.create(std::move(object));
  Inventory inventory = read_inventory(session);
  if (inventory.key_with(spki) == nullptr || inventory.key_with(spki)->public_key == 0) {
    // Modules that keep the halves apart want the public one as well.
    Template half;
    half.number(CKA_CLASS, CKO_PUBLIC_KEY).number(CKA_KEY_TYPE, CKK_RSA).flag(CKA_TOKEN, true);
    half.flag(CKA_PRIVATE, false).flag(CKA_VERIFY, true).text(CKA_LABEL, label).bytes(CKA_ID, id);
    half.bytes(CKA_MODULUS, modulus).bytes(CKA_PUBLIC_EXPONENT, exponent);
    try {
      session.create(std::move(half));
    } catch (const Failure& failure) {
      if (failure.kind() != Kind::kUnsupported) throw;  // else the token gives it in another way
    }
  }
  for (const CertificateInfo& info : file.certificates)
    if (find_same(inventory, info.der) == nullptr) write_certificate(session, info, id, label);
  inventory = read_inventory(session);
  const KeyView* made = inventory.key_with(spki);
  if (made == nullptr) throw Failure(Kind::kToken, tr("The token does not show the new key."));
  return *made;
}

}  // namespace kilt::tool
