// The module's log: silent unless configured, never on the stderr of the application.
#pragma once

#include <string>

#include "pkcs11/config.h"

namespace kilt::p11 {

/// Opens log and trace as configured; called by C_Initialize.
void open_log(const Config& config);
/// Closes them; called by C_Finalize.
void close_log() noexcept;
/// One line to the log's target. The text must hold no secret.
void log_line(const std::string& text) noexcept;

}  // namespace kilt::p11
