#include "pkcs11/mechanisms.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "pkcs11/host_crypto.h"
#include "pkcs11/rv.h"

namespace kilt::p11 {
namespace {

constexpr std::array kTable{
    MechanismSpec{CKM_RSA_PKCS_KEY_PAIR_GEN, Scheme::kRsaKeyGen, Hash::kNone},
    MechanismSpec{CKM_RSA_PKCS, Scheme::kRsaPkcs1, Hash::kNone},
    MechanismSpec{CKM_SHA1_RSA_PKCS, Scheme::kRsaPkcs1, Hash::kSha1},
    MechanismSpec{CKM_SHA224_RSA_PKCS, Scheme::kRsaPkcs1, Hash::kSha224},
    MechanismSpec{CKM_SHA256_RSA_PKCS, Scheme::kRsaPkcs1, Hash::kSha256},
    MechanismSpec{CKM_SHA384_RSA_PKCS, Scheme::kRsaPkcs1, Hash::kSha384},
    MechanismSpec{CKM_SHA512_RSA_PKCS, Scheme::kRsaPkcs1, Hash::kSha512},
    MechanismSpec{CKM_RSA_PKCS_PSS, Scheme::kRsaPss, Hash::kNone},
    MechanismSpec{CKM_SHA1_RSA_PKCS_PSS, Scheme::kRsaPss, Hash::kSha1},
    MechanismSpec{CKM_SHA224_RSA_PKCS_PSS, Scheme::kRsaPss, Hash::kSha224},
    MechanismSpec{CKM_SHA256_RSA_PKCS_PSS, Scheme::kRsaPss, Hash::kSha256},
    MechanismSpec{CKM_SHA384_RSA_PKCS_PSS, Scheme::kRsaPss, Hash::kSha384},
    MechanismSpec{CKM_SHA512_RSA_PKCS_PSS, Scheme::kRsaPss, Hash::kSha512},
    MechanismSpec{CKM_RSA_PKCS_OAEP, Scheme::kRsaOaep, Hash::kNone},
    MechanismSpec{CKM_RSA_X_509, Scheme::kRsaRaw, Hash::kNone},
    MechanismSpec{CKM_EC_KEY_PAIR_GEN, Scheme::kEcKeyGen, Hash::kNone},
    MechanismSpec{CKM_ECDSA, Scheme::kEcdsa, Hash::kNone},
    MechanismSpec{CKM_ECDSA_SHA1, Scheme::kEcdsa, Hash::kSha1},
    MechanismSpec{CKM_ECDSA_SHA224, Scheme::kEcdsa, Hash::kSha224},
    MechanismSpec{CKM_ECDSA_SHA256, Scheme::kEcdsa, Hash::kSha256},
    MechanismSpec{CKM_ECDSA_SHA384, Scheme::kEcdsa, Hash::kSha384},
    MechanismSpec{CKM_ECDSA_SHA512, Scheme::kEcdsa, Hash::kSha512},
    MechanismSpec{CKM_ECDH1_DERIVE, Scheme::kEcdh, Hash::kNone},
    MechanismSpec{CKM_GOSTR3410_KEY_PAIR_GEN, Scheme::kGostKeyGen, Hash::kNone},
    MechanismSpec{CKM_GOSTR3410, Scheme::kGost, Hash::kNone},
    MechanismSpec{CKM_SHA_1, Scheme::kDigest, Hash::kSha1},
    MechanismSpec{CKM_SHA224, Scheme::kDigest, Hash::kSha224},
    MechanismSpec{CKM_SHA256, Scheme::kDigest, Hash::kSha256},
    MechanismSpec{CKM_SHA384, Scheme::kDigest, Hash::kSha384},
    MechanismSpec{CKM_SHA512, Scheme::kDigest, Hash::kSha512},
};

struct HashNames {
  CK_MECHANISM_TYPE hash;
  CK_ULONG mgf;
  Hash value;
};
constexpr std::array kHashes{
    HashNames{CKM_SHA_1, CKG_MGF1_SHA1, Hash::kSha1},
    HashNames{CKM_SHA224, CKG_MGF1_SHA224, Hash::kSha224},
    HashNames{CKM_SHA256, CKG_MGF1_SHA256, Hash::kSha256},
    HashNames{CKM_SHA384, CKG_MGF1_SHA384, Hash::kSha384},
    HashNames{CKM_SHA512, CKG_MGF1_SHA512, Hash::kSha512},
};

Hash hash_named(CK_MECHANISM_TYPE name) {
  const auto row = std::ranges::find(kHashes, name, &HashNames::hash);
  refuse_if(row == kHashes.end(), CKR_MECHANISM_PARAM_INVALID);
  return row->value;
}

Hash mgf_named(CK_ULONG name) {
  const auto row = std::ranges::find(kHashes, name, &HashNames::mgf);
  refuse_if(row == kHashes.end(), CKR_MECHANISM_PARAM_INVALID);
  return row->value;
}

KeyType key_type_of(Scheme scheme) {
  switch (scheme) {
    case Scheme::kEcKeyGen:
    case Scheme::kEcdsa:
    case Scheme::kEcdh:
      return KeyType::kEc;
    case Scheme::kGostKeyGen:
    case Scheme::kGost:
      return KeyType::kGost256;
    default:
      return KeyType::kRsa;
  }
}

const KeyRange* range_of(Scheme scheme, const Capabilities& capabilities) {
  const auto row = std::ranges::find(capabilities.keys, key_type_of(scheme), &KeyRange::type);
  return row == capabilities.keys.end() ? nullptr : &*row;
}

bool signs(Scheme scheme, const Capabilities& has) {
  switch (scheme) {
    case Scheme::kRsaPkcs1:
      return has.has(SignScheme::kRsaRaw) || has.has(SignScheme::kRsaPkcs1);
    case Scheme::kRsaPss:
      return has.has(SignScheme::kRsaRaw) || has.has(SignScheme::kRsaPss);
    case Scheme::kRsaRaw:
      return has.has(SignScheme::kRsaRaw);
    case Scheme::kEcdsa:
      return has.has(SignScheme::kEcdsa);
    case Scheme::kGost:
      return has.has(SignScheme::kGost3410);
    default:
      return false;
  }
}

bool decrypts(Scheme scheme, const Capabilities& has) {
  switch (scheme) {
    case Scheme::kRsaPkcs1:
      return has.has(DecryptScheme::kRsaRaw) || has.has(DecryptScheme::kRsaPkcs1);
    case Scheme::kRsaOaep:
      return has.has(DecryptScheme::kRsaRaw) || has.has(DecryptScheme::kRsaOaep);
    case Scheme::kRsaRaw:
      return has.has(DecryptScheme::kRsaRaw);
    default:
      return false;
  }
}

bool derives(Scheme scheme, const Capabilities& has) {
  if (scheme != Scheme::kEcdh) return false;
  const auto state = has.functions.find(Function::kDerive);
  return state != has.functions.end() && state->second.availability != Availability::kUnavailable;
}

bool generates(Scheme scheme) {
  return scheme == Scheme::kRsaKeyGen || scheme == Scheme::kEcKeyGen ||
         scheme == Scheme::kGostKeyGen;
}

/// A token that pads by itself may do so with some hashes only.
bool pads_pss_with(Hash hash, const Capabilities& has) {
  if (hash == Hash::kNone || has.has(SignScheme::kRsaRaw) || has.pss_hashes.empty()) return true;
  return std::ranges::find(has.pss_hashes, hash) != has.pss_hashes.end();
}

CK_FLAGS flags_of(const MechanismSpec& spec, const Capabilities& capabilities) {
  const Scheme scheme = spec.scheme;
  if (scheme == Scheme::kRsaPss && !pads_pss_with(spec.hash, capabilities)) return 0;
  if (scheme == Scheme::kDigest) return CKF_DIGEST;  // on the host, so no CKF_HW
  const KeyRange* range = range_of(scheme, capabilities);
  if (range == nullptr) return 0;
  if (generates(scheme)) return range->generate ? CKF_HW | CKF_GENERATE_KEY_PAIR : 0;
  CK_FLAGS flags = 0;
  // Public-key operations are the host's; GOST verification is nobody's.
  if (signs(scheme, capabilities)) flags |= CKF_SIGN | (scheme == Scheme::kGost ? 0 : CKF_VERIFY);
  if (spec.hash == Hash::kNone && decrypts(scheme, capabilities))
    flags |= CKF_DECRYPT | CKF_ENCRYPT;
  if (derives(scheme, capabilities)) flags |= CKF_DERIVE;
  if (flags != 0) flags |= CKF_HW;
  if (flags != 0 && (scheme == Scheme::kEcdsa || scheme == Scheme::kEcdh))
    flags |= CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS;
  return flags;
}

/// Copies the parameter structure; its length must be exact.
template <typename T>
T parameter(const CK_MECHANISM& mechanism) {
  refuse_if(mechanism.pParameter == nullptr || mechanism.ulParameterLen != sizeof(T),
            CKR_MECHANISM_PARAM_INVALID);
  T value;
  std::memcpy(&value, mechanism.pParameter, sizeof value);
  return value;
}

void read_pss(const CK_MECHANISM& raw, Mechanism& mechanism) {
  const auto params = parameter<CK_RSA_PKCS_PSS_PARAMS>(raw);
  mechanism.hash = hash_named(params.hashAlg);
  mechanism.mgf = mgf_named(params.mgf);
  // A hashing mechanism and its parameter must name the same hash.
  refuse_if(mechanism.spec.hash != Hash::kNone && mechanism.spec.hash != mechanism.hash,
            CKR_MECHANISM_PARAM_INVALID);
  refuse_if(params.sLen > 1024, CKR_MECHANISM_PARAM_INVALID);
  mechanism.salt_size = params.sLen;
}

void read_oaep(const CK_MECHANISM& raw, Mechanism& mechanism) {
  const auto params = parameter<CK_RSA_PKCS_OAEP_PARAMS>(raw);
  mechanism.hash = hash_named(params.hashAlg);
  mechanism.mgf = mgf_named(params.mgf);
  refuse_if(params.source != CKZ_DATA_SPECIFIED && params.source != 0, CKR_MECHANISM_PARAM_INVALID);
  refuse_if(params.source_data_len > 4096, CKR_MECHANISM_PARAM_INVALID);
  if (params.source_data_len == 0) return;
  refuse_if(params.source_data == nullptr, CKR_MECHANISM_PARAM_INVALID);
  const auto* label = static_cast<const Byte*>(params.source_data);
  mechanism.label.assign(label, label + params.source_data_len);
}

}  // namespace

std::optional<MechanismSpec> find_mechanism(CK_MECHANISM_TYPE type) {
  const auto row = std::ranges::find(kTable, type, &MechanismSpec::type);
  if (row == kTable.end()) return std::nullopt;
  return *row;
}

std::vector<CK_MECHANISM_TYPE> mechanisms_of(const Capabilities& capabilities) {
  std::vector<CK_MECHANISM_TYPE> types;
  for (const MechanismSpec& spec : kTable)
    if (flags_of(spec, capabilities) != 0) types.push_back(spec.type);
  return types;
}

std::optional<CK_MECHANISM_INFO> mechanism_info(CK_MECHANISM_TYPE type,
                                                const Capabilities& capabilities) {
  const auto spec = find_mechanism(type);
  if (!spec) return std::nullopt;
  const CK_FLAGS flags = flags_of(*spec, capabilities);
  if (flags == 0) return std::nullopt;
  CK_MECHANISM_INFO info{};
  info.flags = flags;
  const KeyRange* range = range_of(spec->scheme, capabilities);
  if (spec->scheme != Scheme::kDigest && range != nullptr) {
    info.ulMinKeySize = range->min_bits;
    info.ulMaxKeySize = range->max_bits;
  }
  return info;
}

Mechanism check_mechanism(const CK_MECHANISM* mechanism, CK_FLAGS flag,
                          const Capabilities& capabilities) {
  refuse_if(mechanism == nullptr, CKR_ARGUMENTS_BAD);
  refuse_if(mechanism->pParameter == nullptr && mechanism->ulParameterLen != 0, CKR_ARGUMENTS_BAD);
  const auto spec = find_mechanism(mechanism->mechanism);
  refuse_if(!spec || (flags_of(*spec, capabilities) & flag) == 0, CKR_MECHANISM_INVALID);
  Mechanism checked;
  checked.spec = *spec;
  checked.hash = spec->hash;
  if (spec->scheme == Scheme::kRsaPss) read_pss(*mechanism, checked);
  if (spec->scheme == Scheme::kRsaOaep) read_oaep(*mechanism, checked);
  return checked;
}

}  // namespace kilt::p11
