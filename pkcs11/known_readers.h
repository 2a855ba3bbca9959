// What a process knows of readers for as long as it lives, across C_Finalize, C_Initialize and
// fork(): their slot ids (design decisions 18 and 23), and who of a process and its forked children
// is logged in where.
#pragma once

#include <string>

#include <p11-kit/pkcs11.h>

namespace kilt::p11 {

/// The slot id of a reader: the next number when its name is first seen, the same ever after, in
/// forked children too. Thread-safe, and takes no lock that a fork could leave closed.
[[nodiscard]] CK_SLOT_ID slot_id_of(const std::string& reader);

/// Makes the table of logins, if there is none yet. To be called before the process forks.
void prepare_login_table() noexcept;
/// This process has logged in at a slot, or out of it.
void note_login(CK_SLOT_ID slot, bool logged_in) noexcept;
/// A living process that this one was forked from, or forked, is logged in at the slot: closing the
/// card would end its login too.
[[nodiscard]] bool relative_logged_in(CK_SLOT_ID slot) noexcept;

/// For tests: the next reader gets number 0 again.
void forget_readers() noexcept;

}  // namespace kilt::p11
