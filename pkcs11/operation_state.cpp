#include "pkcs11/operation_state.h"

#include <algorithm>

#include "pkcs11/entry.h"

namespace kilt::p11 {
namespace {

constexpr std::size_t kMaxSaved = 256;
constexpr std::size_t kStateSize = 12;  // bytes: four letters, the number

Bytes state_of(CK_ULONG number) {
  Bytes state = to_bytes(std::string_view("kilt"));
  append(state, write_be(number, 8));
  return state;
}

}  // namespace

void SavedDigests::save(CK_ULONG number, DigestOperation operation) {
  if (saved_.size() >= kMaxSaved) saved_.pop_front();
  saved_.emplace_back(number, std::move(operation));
}

std::optional<DigestOperation> SavedDigests::restore(CK_ULONG number) const {
  const auto found =
      std::ranges::find_if(saved_, [&](const auto& one) { return one.first == number; });
  if (found == saved_.end()) return std::nullopt;
  return found->second.clone();
}

}  // namespace kilt::p11

using namespace kilt;
using namespace kilt::p11;

CK_RV C_GetOperationState(CK_SESSION_HANDLE handle, CK_BYTE* state, CK_ULONG* state_len) {
  return session_entry(__func__, handle, [&](Session& session) {
    const bool other =
        session.find || session.sign || session.verify || session.encrypt || session.decrypt;
    if (other) throw Refusal(CKR_STATE_UNSAVEABLE, "only the state of a digest can be saved");
    refuse_if(!session.digest, CKR_OPERATION_NOT_INITIALIZED);
    if (!room_for(kStateSize, state, state_len)) return;
    const CK_ULONG number = session.slot().new_handle();
    session.slot().saved_digests().save(number, session.digest->clone());
    std::ranges::copy(state_of(number), state);
  });
}

CK_RV C_SetOperationState(CK_SESSION_HANDLE handle, CK_BYTE* state, CK_ULONG state_len,
                          CK_OBJECT_HANDLE encryption_key, CK_OBJECT_HANDLE authentication_key) {
  return session_entry(__func__, handle, [&](Session& session) {
    const BytesView given = input_bytes(state, state_len);
    refuse_if(given.size() != kStateSize, CKR_SAVED_STATE_INVALID);
    const CK_ULONG number = read_be(given.last(8));
    auto saved = session.slot().saved_digests().restore(number);
    refuse_if(!saved || !equal(given, state_of(number)), CKR_SAVED_STATE_INVALID);
    refuse_if(encryption_key != 0 || authentication_key != 0, CKR_KEY_NOT_NEEDED);
    session.end_operations();
    session.digest = std::move(saved);
  });
}
