// One module per process, and what fork() does to it (design decision 5).
#pragma once

#include <functional>
#include <memory>

#include "pkcs11/module.h"

namespace kilt::p11 {

/// The initialised module. Throws Refusal(CKR_CRYPTOKI_NOT_INITIALIZED), also in a forked child.
[[nodiscard]] std::shared_ptr<Module> current_module();
/// Throws Refusal(CKR_CRYPTOKI_ALREADY_INITIALIZED).
void initialize_module();
/// Throws Refusal(CKR_CRYPTOKI_NOT_INITIALIZED).
void finalize_module();

/// For tests: what initialize_module() uses instead of PC/SC and sockets. Empty: the default. Slots
/// are numbered from 0 again.
void set_transport_factory(std::function<Transports(const Config&)> factory);

}  // namespace kilt::p11
