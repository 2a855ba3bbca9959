#include "pkcs11/mechanisms.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "drivers/crypto/gost_curve.h"
#include "drivers/crypto/tc26.h"
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
    MechanismSpec{CKM_GOSTR3410_WITH_GOSTR3411, Scheme::kGost, Hash::kGost94CryptoPro},
    MechanismSpec{tc26::kGost256WithStreebog, Scheme::kGost, Hash::kStreebog256},
    MechanismSpec{tc26::kGost512KeyPairGen, Scheme::kGost512KeyGen, Hash::kNone},
    MechanismSpec{tc26::kGost512, Scheme::kGost512, Hash::kNone},
    MechanismSpec{tc26::kGost512WithStreebog, Scheme::kGost512, Hash::kStreebog512},
    MechanismSpec{CKM_GENERIC_SECRET_KEY_GEN, Scheme::kSecretKeyGen, Hash::kNone},
    MechanismSpec{CKM_AES_KEY_GEN, Scheme::kSecretKeyGen, Hash::kNone},
    MechanismSpec{CKM_AES_ECB, Scheme::kCipher, Hash::kNone},
    MechanismSpec{CKM_AES_CBC, Scheme::kCipher, Hash::kNone},
    MechanismSpec{CKM_AES_CBC_PAD, Scheme::kCipher, Hash::kNone},
    MechanismSpec{CKM_AES_GCM, Scheme::kCipher, Hash::kNone},
    MechanismSpec{CKM_AES_KEY_WRAP, Scheme::kKeyWrap, Hash::kNone},
    MechanismSpec{CKM_DES3_KEY_GEN, Scheme::kSecretKeyGen, Hash::kNone},
    MechanismSpec{CKM_DES3_CBC, Scheme::kCipher, Hash::kNone},
    MechanismSpec{CKM_DES3_CBC_PAD, Scheme::kCipher, Hash::kNone},
    MechanismSpec{CKM_SHA_1_HMAC, Scheme::kMac, Hash::kSha1},
    MechanismSpec{CKM_SHA224_HMAC, Scheme::kMac, Hash::kSha224},
    MechanismSpec{CKM_SHA256_HMAC, Scheme::kMac, Hash::kSha256},
    MechanismSpec{CKM_SHA384_HMAC, Scheme::kMac, Hash::kSha384},
    MechanismSpec{CKM_SHA512_HMAC, Scheme::kMac, Hash::kSha512},
    MechanismSpec{CKM_SHA_1, Scheme::kDigest, Hash::kSha1},
    MechanismSpec{CKM_SHA224, Scheme::kDigest, Hash::kSha224},
    MechanismSpec{CKM_SHA256, Scheme::kDigest, Hash::kSha256},
    MechanismSpec{CKM_SHA384, Scheme::kDigest, Hash::kSha384},
    MechanismSpec{CKM_SHA512, Scheme::kDigest, Hash::kSha512},
    MechanismSpec{CKM_GOSTR3411, Scheme::kDigest, Hash::kGost94CryptoPro},
    MechanismSpec{tc26::kStreebog256, Scheme::kDigest, Hash::kStreebog256},
    MechanismSpec{tc26::kStreebog512, Scheme::kDigest, Hash::kStreebog512},
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
    case Scheme::kGost512KeyGen:
    case Scheme::kGost512:
      return KeyType::kGost512;
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
    case Scheme::kGost512:
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
         scheme == Scheme::kGostKeyGen || scheme == Scheme::kGost512KeyGen;
}

/// A token whose keys give secrets away (unwrapped, agreed upon): what is done with those is done
/// on the host.
bool gives_secrets(const Capabilities& has) {
  return !has.decrypt.empty() || derives(Scheme::kEcdh, has);
}

CK_FLAGS secret_flags_of(Scheme scheme) {
  switch (scheme) {
    case Scheme::kSecretKeyGen:
      return CKF_GENERATE;
    case Scheme::kCipher:
      return CKF_ENCRYPT | CKF_DECRYPT;
    case Scheme::kKeyWrap:
      return CKF_WRAP | CKF_UNWRAP;
    case Scheme::kMac:
      return CKF_SIGN | CKF_VERIFY;
    default:
      return 0;
  }
}

/// A token that pads by itself may do so with some hashes only.
bool pads_pss_with(Hash hash, const Capabilities& has) {
  if (hash == Hash::kNone || has.has(SignScheme::kRsaRaw) || has.pss_hashes.empty()) return true;
  return std::ranges::find(has.pss_hashes, hash) != has.pss_hashes.end();
}

bool is_gost(Hash hash) {
  return hash == Hash::kGost94 || hash == Hash::kGost94CryptoPro || hash == Hash::kStreebog256 ||
         hash == Hash::kStreebog512;
}

/// GOST's hashes are offered where there are GOST's keys.
bool has_gost(const Capabilities& has) {
  return std::ranges::any_of(has.keys, [](const KeyRange& range) {
    return range.type == KeyType::kGost256 || range.type == KeyType::kGost512;
  });
}

CK_FLAGS flags_of(const MechanismSpec& spec, const Capabilities& capabilities) {
  const Scheme scheme = spec.scheme;
  if (scheme == Scheme::kRsaPss && !pads_pss_with(spec.hash, capabilities)) return 0;
  if (scheme == Scheme::kDigest)  // on the host, so no CKF_HW
    return is_gost(spec.hash) && !has_gost(capabilities) ? 0 : CKF_DIGEST;
  if (const CK_FLAGS flags = secret_flags_of(scheme); flags != 0)
    return gives_secrets(capabilities) ? flags : 0;
  const KeyRange* range = range_of(scheme, capabilities);
  if (range == nullptr) return 0;
  if (generates(scheme)) return range->generate ? CKF_HW | CKF_GENERATE_KEY_PAIR : 0;
  CK_FLAGS flags = 0;
  // Public-key operations are the host's.
  if (signs(scheme, capabilities)) flags |= CKF_SIGN | CKF_VERIFY;
  if (spec.hash == Hash::kNone && decrypts(scheme, capabilities))
    flags |= CKF_DECRYPT | CKF_ENCRYPT | (scheme == Scheme::kRsaRaw ? 0 : CKF_WRAP | CKF_UNWRAP);
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
  refuse_if(params.ulSourceDataLen > 4096, CKR_MECHANISM_PARAM_INVALID);
  if (params.ulSourceDataLen == 0) return;
  refuse_if(params.pSourceData == nullptr, CKR_MECHANISM_PARAM_INVALID);
  const auto* label = static_cast<const Byte*>(params.pSourceData);
  mechanism.label.assign(label, label + params.ulSourceDataLen);
}

void read_gcm(const CK_MECHANISM& raw, crypto::CipherParameters& cipher) {
  constexpr CK_ULONG kMaxIv = 256, kMaxMore = 1UL << 20, kMinTag = 32, kMaxTag = 128;
  const auto params = parameter<CK_GCM_PARAMS>(raw);
  refuse_if(params.pIv == nullptr || params.ulIvLen == 0 || params.ulIvLen > kMaxIv,
            CKR_MECHANISM_PARAM_INVALID);
  refuse_if((params.pAAD == nullptr && params.ulAADLen != 0) || params.ulAADLen > kMaxMore,
            CKR_MECHANISM_PARAM_INVALID);
  refuse_if(params.ulTagBits < kMinTag || params.ulTagBits > kMaxTag || params.ulTagBits % 8 != 0,
            CKR_MECHANISM_PARAM_INVALID);
  cipher.iv.assign(params.pIv, params.pIv + params.ulIvLen);
  if (params.pAAD != nullptr) cipher.more.assign(params.pAAD, params.pAAD + params.ulAADLen);
  cipher.tag_size = params.ulTagBits / 8;
}

void read_cipher(const CK_MECHANISM& raw, Mechanism& mechanism) {
  crypto::CipherParameters& cipher = mechanism.cipher;
  const CK_MECHANISM_TYPE type = mechanism.spec.type;
  cipher.cipher = type == CKM_DES3_CBC || type == CKM_DES3_CBC_PAD ? crypto::BlockCipher::kDes3
                                                                   : crypto::BlockCipher::kAes;
  if (type == CKM_AES_GCM) {
    cipher.mode = crypto::CipherMode::kGcm;
    return read_gcm(raw, cipher);
  }
  const bool pads = type == CKM_AES_CBC_PAD || type == CKM_DES3_CBC_PAD;
  cipher.mode = pads ? crypto::CipherMode::kCbcPad : crypto::CipherMode::kCbc;
  if (type == CKM_AES_ECB) cipher.mode = crypto::CipherMode::kEcb;
  const std::size_t size =
      cipher.mode == crypto::CipherMode::kEcb ? 0 : crypto::cipher_block_size(cipher.cipher);
  refuse_if(raw.ulParameterLen != size, CKR_MECHANISM_PARAM_INVALID);
  const auto* iv = static_cast<const Byte*>(raw.pParameter);
  if (size != 0) cipher.iv.assign(iv, iv + size);
}

/// In bytes, but in bits for CKM_GENERIC_SECRET_KEY_GEN (PKCS#11 v3.2, 6.8.3).
void set_secret_sizes(const MechanismSpec& spec, CK_MECHANISM_INFO& info) {
  const auto type = secret_key_type(spec);
  info.ulMinKeySize = type == CKK_AES ? 16 : 24;
  info.ulMaxKeySize = type == CKK_AES ? 32 : 24;
  if (type != CKK_GENERIC_SECRET) return;
  const CK_ULONG unit = spec.scheme == Scheme::kSecretKeyGen ? 8 : 1;
  info.ulMinKeySize = unit;
  info.ulMaxKeySize = 1024 * unit;
}

/// CKM_GOSTR3411's parameter: the DER OBJECT IDENTIFIER of a set of S-boxes, or nothing.
void read_gost_hash(const CK_MECHANISM& raw, Mechanism& mechanism) {
  constexpr CK_ULONG kMaxOid = 32;
  if (raw.ulParameterLen == 0) return;
  refuse_if(raw.ulParameterLen > kMaxOid, CKR_MECHANISM_PARAM_INVALID);
  const Hash hash =
      crypto::gost_hash_named({static_cast<const Byte*>(raw.pParameter), raw.ulParameterLen});
  refuse_if(hash != Hash::kGost94 && hash != Hash::kGost94CryptoPro, CKR_MECHANISM_PARAM_INVALID);
  mechanism.spec.hash = mechanism.hash = hash;
}

}  // namespace

std::optional<CK_KEY_TYPE> secret_key_type(const MechanismSpec& spec) {
  switch (spec.type) {
    case CKM_DES3_KEY_GEN:
    case CKM_DES3_CBC:
    case CKM_DES3_CBC_PAD:
      return CKK_DES3;
    case CKM_GENERIC_SECRET_KEY_GEN:
      return CKK_GENERIC_SECRET;
    default:
      break;
  }
  if (secret_flags_of(spec.scheme) == 0) return std::nullopt;
  return spec.scheme == Scheme::kMac ? CKK_GENERIC_SECRET : CKK_AES;
}

Mechanism for_key(Mechanism mechanism, const PublicKey& key) {
  const auto* gost = std::get_if<GostPublicKey>(&key);
  if (mechanism.spec.type != CKM_GOSTR3410_WITH_GOSTR3411 || gost == nullptr) return mechanism;
  const Hash hash = crypto::gost_hash_of(*gost);
  if (hash == Hash::kGost94 || hash == Hash::kGost94CryptoPro)
    mechanism.spec.hash = mechanism.hash = hash;
  return mechanism;
}

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
  if (secret_flags_of(spec->scheme) != 0) {
    set_secret_sizes(*spec, info);
    return info;
  }
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
  if (spec->scheme == Scheme::kCipher) read_cipher(*mechanism, checked);
  if (spec->type == CKM_GOSTR3411) read_gost_hash(*mechanism, checked);
  return checked;
}

}  // namespace kilt::p11
