#include "drivers/delegate/mechanisms.h"

#include <algorithm>

#include "drivers/crypto/tc26.h"
#include "drivers/errors.h"

namespace kilt::delegate {
namespace {

constexpr std::size_t kMaxMechanisms = 4096;

struct HashName {
  Hash hash;
  CK_MECHANISM_TYPE type;
  CK_ULONG mgf;
};
constexpr HashName kHashes[]{{Hash::kSha1, CKM_SHA_1, CKG_MGF1_SHA1},
                             {Hash::kSha224, CKM_SHA224, CKG_MGF1_SHA224},
                             {Hash::kSha256, CKM_SHA256, CKG_MGF1_SHA256},
                             {Hash::kSha384, CKM_SHA384, CKG_MGF1_SHA384},
                             {Hash::kSha512, CKM_SHA512, CKG_MGF1_SHA512}};

const HashName& name_of(Hash hash) {
  for (const HashName& name : kHashes)
    if (name.hash == hash) return name;
  throw NotSupported("this padding needs a hash");
}

std::vector<CK_MECHANISM_TYPE> list(const Module& module, CK_SLOT_ID slot) {
  const auto get = KILT_FOREIGN(module, C_GetMechanismList);
  CK_ULONG count = 0;
  check("C_GetMechanismList", get(slot, nullptr, &count));
  if (count > kMaxMechanisms)
    throw MalformedAnswer("the module says it has an absurd number of mechanisms");
  std::vector<CK_MECHANISM_TYPE> types(count);
  check("C_GetMechanismList", get(slot, types.data(), &count));
  types.resize(std::min<std::size_t>(count, types.size()));
  return types;
}

/// The mechanisms of a slot with their flags.
class Table {
 public:
  Table(const Module& module, CK_SLOT_ID slot)
      : module_(&module), slot_(slot), types_(list(module, slot)) {}

  [[nodiscard]] CK_MECHANISM_INFO info(CK_MECHANISM_TYPE type) const {
    CK_MECHANISM_INFO info{};
    if (std::ranges::find(types_, type) == types_.end()) return info;
    if (KILT_FOREIGN(*module_, C_GetMechanismInfo)(slot_, type, &info) != CKR_OK) return {};
    return info;
  }
  [[nodiscard]] bool has(CK_MECHANISM_TYPE type, CK_FLAGS flag) const {
    return (info(type).flags & flag) != 0;
  }

 private:
  const Module* module_;
  CK_SLOT_ID slot_;
  std::vector<CK_MECHANISM_TYPE> types_;
};

void add_schemes(const Table& table, Capabilities& capabilities) {
  const std::pair<CK_MECHANISM_TYPE, SignScheme> signs[]{
      {CKM_RSA_X_509, SignScheme::kRsaRaw},    {CKM_RSA_PKCS, SignScheme::kRsaPkcs1},
      {CKM_RSA_PKCS_PSS, SignScheme::kRsaPss}, {CKM_ECDSA, SignScheme::kEcdsa},
      {CKM_GOSTR3410, SignScheme::kGost3410},  {tc26::kGost512, SignScheme::kGost3410}};
  for (const auto& [type, scheme] : signs)
    if (table.has(type, CKF_SIGN) && !capabilities.has(scheme)) capabilities.sign.push_back(scheme);
  const std::pair<CK_MECHANISM_TYPE, DecryptScheme> decrypts[]{
      {CKM_RSA_X_509, DecryptScheme::kRsaRaw},
      {CKM_RSA_PKCS, DecryptScheme::kRsaPkcs1},
      {CKM_RSA_PKCS_OAEP, DecryptScheme::kRsaOaep}};
  for (const auto& [type, scheme] : decrypts)
    if (table.has(type, CKF_DECRYPT)) capabilities.decrypt.push_back(scheme);
}

void add_keys(const Table& table, Capabilities& capabilities, bool write) {
  struct Row {
    KeyType type;
    CK_MECHANISM_TYPE use, generate;
  };
  const Row rows[]{{KeyType::kRsa, CKM_RSA_PKCS, CKM_RSA_PKCS_KEY_PAIR_GEN},
                   {KeyType::kEc, CKM_ECDSA, CKM_EC_KEY_PAIR_GEN},
                   {KeyType::kGost256, CKM_GOSTR3410, CKM_GOSTR3410_KEY_PAIR_GEN},
                   {KeyType::kGost512, tc26::kGost512, tc26::kGost512KeyPairGen}};
  for (const Row& row : rows) {
    const CK_MECHANISM_INFO use = table.info(row.use);
    if (use.flags == 0) continue;
    KeyRange range;
    range.type = row.type;
    range.min_bits = static_cast<unsigned>(std::min<CK_ULONG>(use.ulMinKeySize, 16384));
    range.max_bits = static_cast<unsigned>(std::min<CK_ULONG>(use.ulMaxKeySize, 16384));
    range.generate = write && table.has(row.generate, CKF_GENERATE_KEY_PAIR);
    range.import = write;
    capabilities.keys.push_back(range);
  }
}

}  // namespace

Capabilities read_capabilities(const Module& module, CK_SLOT_ID slot, CK_FLAGS token_flags) {
  const bool read_write = (token_flags & CKF_WRITE_PROTECTED) == 0;
  const Table table(module, slot);
  Capabilities capabilities;
  add_schemes(table, capabilities);
  add_keys(table, capabilities, read_write);
  const auto state = [&](Function function, bool available, const char* reason) {
    capabilities.functions[function] = available
                                           ? FunctionState{Availability::kDelegated, {}}
                                           : FunctionState{Availability::kUnavailable, reason};
  };
  capabilities.keeps_subjects = capabilities.limits_mechanisms = read_write;
  const bool generates = std::ranges::any_of(capabilities.keys, &KeyRange::generate);
  const char* const read_only = "the module says this token is write-protected";
  state(Function::kSign, !capabilities.sign.empty(), "the module has no signature mechanism");
  state(Function::kDecrypt, !capabilities.decrypt.empty(), "the module has no decryption");
  state(Function::kDerive, table.has(CKM_ECDH1_DERIVE, CKF_DERIVE), "the module has no ECDH");
  state(Function::kGenerateKey, generates, "the module makes no key pairs on this token");
  state(Function::kRandom, (token_flags & CKF_RNG) != 0, "the token makes no random numbers");
  for (const Function function :
       {Function::kImportKey, Function::kWriteCertificate, Function::kWriteData,
        Function::kDeleteObject, Function::kChangeAttributes, Function::kChangeUserPin,
        Function::kChangeSoPin, Function::kUnblockPin, Function::kInitToken})
    state(function, read_write, read_only);
  return capabilities;
}

SignMechanism::SignMechanism(SignScheme scheme, KeyType type, Hash hash, std::size_t salt) {
  switch (scheme) {
    case SignScheme::kRsaRaw:
      mechanism_.mechanism = CKM_RSA_X_509;
      return;
    case SignScheme::kRsaPkcs1:
      mechanism_.mechanism = CKM_RSA_PKCS;
      return;
    case SignScheme::kEcdsa:
      mechanism_.mechanism = CKM_ECDSA;
      return;
    case SignScheme::kGost3410:
      mechanism_.mechanism = type == KeyType::kGost512 ? tc26::kGost512 : CKM_GOSTR3410;
      return;
    case SignScheme::kRsaPss:
      break;
  }
  const HashName& name = name_of(hash);
  pss_ = {name.type, name.mgf, salt};
  mechanism_ = {CKM_RSA_PKCS_PSS, &pss_, sizeof pss_};
}

DecryptMechanism::DecryptMechanism(DecryptScheme scheme, Hash hash) {
  switch (scheme) {
    case DecryptScheme::kRsaRaw:
      mechanism_.mechanism = CKM_RSA_X_509;
      return;
    case DecryptScheme::kRsaPkcs1:
      mechanism_.mechanism = CKM_RSA_PKCS;
      return;
    case DecryptScheme::kRsaOaep:
      break;
  }
  const HashName& name = name_of(hash);
  oaep_ = {name.type, name.mgf, CKZ_DATA_SPECIFIED, nullptr, 0};
  mechanism_ = {CKM_RSA_PKCS_OAEP, &oaep_, sizeof oaep_};
}

}  // namespace kilt::delegate
