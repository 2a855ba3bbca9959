#include "pkcs11/sign_data.h"

#include "drivers/crypto/hash.h"
#include "pkcs11/key_use.h"

namespace kilt::p11 {
namespace {

constexpr std::size_t kMaxUnhashed = 1024;  // bytes; the largest modulus anywhere is 512

}  // namespace

void start_mac(Session& session, SignOperation& operation, CK_OBJECT_HANDLE key,
               CK_ATTRIBUTE_TYPE usage) {
  operation.secret = secret_key(session, key, operation.mechanism, usage);
  operation.mac.emplace(operation.mechanism.spec.hash, operation.secret->secret());
}

void start_hash(SignOperation& operation) {
  if (operation.mechanism.spec.hash != Hash::kNone)
    operation.running.emplace(operation.mechanism.spec.hash);
}

void add_data(SignOperation& operation, BytesView part) {
  if (operation.running) return operation.running->update(part);
  if (operation.mac) return operation.mac->update(part);
  refuse_if(part.size() > kMaxUnhashed || operation.data.size() + part.size() > kMaxUnhashed,
            CKR_DATA_LEN_RANGE);
  append(operation.data, part);
}

Bytes data_to_sign(SignOperation& operation) {
  if (operation.running) return operation.running->finish();
  const Mechanism& mechanism = operation.mechanism;
  // PSS without a hash of its own takes a value of the hash its parameter names.
  refuse_if(mechanism.spec.scheme == Scheme::kRsaPss &&
                operation.data.size() != crypto::digest_size(mechanism.hash),
            CKR_DATA_LEN_RANGE);
  // A GOST key signs a hash value of its own length.
  const bool gost =
      mechanism.spec.scheme == Scheme::kGost || mechanism.spec.scheme == Scheme::kGost512;
  const std::size_t gost_size = mechanism.spec.scheme == Scheme::kGost ? 32 : 64;
  refuse_if(gost && operation.data.size() != gost_size, CKR_DATA_LEN_RANGE);
  refuse_if(operation.data.empty() && mechanism.spec.scheme != Scheme::kRsaPkcs1,
            CKR_DATA_LEN_RANGE);
  return operation.data;
}

Bytes left_padded(const Bytes& data, std::size_t size) {
  refuse_if(data.size() > size, CKR_DATA_LEN_RANGE);
  Bytes number(size - data.size(), 0);
  append(number, data);
  return number;
}

}  // namespace kilt::p11
