// The end of an operation: any error ends it, except a short buffer; asking for a size does not
// (PKCS#11 v2.40 base, 5.2).
#pragma once

#include <optional>

#include "pkcs11/entry.h"

namespace kilt::p11 {

/// C_SignInit and its like: true if the call is done, as a NULL mechanism ends the operation under
/// way (PKCS#11 v3.2, 5.8 to 5.17). Throws Refusal: CKR_ARGUMENTS_BAD (NULL, nothing to end),
/// CKR_OPERATION_ACTIVE (a mechanism while an operation is under way).
template <typename Operation>
[[nodiscard]] bool cancelled(std::optional<Operation>& operation, const CK_MECHANISM* mechanism) {
  if (mechanism != nullptr) {
    refuse_if(operation.has_value(), CKR_OPERATION_ACTIVE);
    return false;
  }
  refuse_if(!operation, CKR_ARGUMENTS_BAD);
  operation.reset();
  return true;
}

template <typename Operation>
class OperationScope {
 public:
  /// Throws Refusal(CKR_OPERATION_NOT_INITIALIZED) if there is no operation.
  explicit OperationScope(std::optional<Operation>& operation) : operation_(&operation) {
    refuse_if(!operation, CKR_OPERATION_NOT_INITIALIZED);
  }
  OperationScope(const OperationScope&) = delete;
  OperationScope& operator=(const OperationScope&) = delete;
  ~OperationScope() {
    if (!keep_) operation_->reset();
  }

  Operation* operator->() noexcept { return &**operation_; }
  Operation& operator*() noexcept { return **operation_; }
  /// The operation goes on after this call.
  void keep() noexcept { keep_ = true; }
  /// As room_for(), keeping the operation when the caller only asked or gave too little room.
  [[nodiscard]] bool room(std::size_t size, const CK_BYTE* buffer, CK_ULONG* length) {
    need_pointer(length);
    keep_ = true;
    const bool write = room_for(size, buffer, length);
    keep_ = !write;
    return write;
  }

 private:
  std::optional<Operation>* operation_;
  bool keep_ = false;
};

}  // namespace kilt::p11
