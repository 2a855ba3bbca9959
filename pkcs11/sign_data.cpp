#include "pkcs11/sign_data.h"

namespace kilt::p11 {
namespace {

constexpr std::size_t kMaxUnhashed = 1024;  // bytes; the largest modulus anywhere is 512

}  // namespace

void start_hash(SignOperation& operation) {
  if (operation.mechanism.spec.hash != Hash::kNone)
    operation.running.emplace(operation.mechanism.spec.hash);
}

void add_data(SignOperation& operation, BytesView part) {
  if (operation.running) {
    operation.running->update(part);
    return;
  }
  refuse_if(part.size() > kMaxUnhashed || operation.data.size() + part.size() > kMaxUnhashed,
            CKR_DATA_LEN_RANGE);
  append(operation.data, part);
}

Bytes data_to_sign(SignOperation& operation) {
  if (operation.running) return operation.running->finish();
  const Mechanism& mechanism = operation.mechanism;
  // PSS without a hash of its own takes a value of the hash its parameter names.
  refuse_if(mechanism.spec.scheme == Scheme::kRsaPss &&
                operation.data.size() != host::digest_size(mechanism.hash),
            CKR_DATA_LEN_RANGE);
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
