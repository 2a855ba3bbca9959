// The recorder of APDUs: writes one line each where tracing is on. Data bytes are never written,
// only header, lengths, status word and time (design decision 13).
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "apdu/command.h"
#include "apdu/status_word.h"

namespace kilt::apdu {

/// Receives finished lines, without line end. Must not throw.
using TraceSink = std::function<void(const std::string&)>;
/// Sets the sink of this process; an empty one switches tracing off. Thread-safe.
void set_trace_sink(TraceSink sink);
/// Tracing is on. Cheap.
[[nodiscard]] bool trace_enabled() noexcept;
/// Writes a line that is not an APDU (a call, a remark) if tracing is on.
void trace_line(const std::string& line);

/// Writes the line of one exchange if tracing is on. `answer_size` includes the status word.
void trace_exchange(const Command& command, StatusWord sw, std::size_t answer_size,
                    std::chrono::microseconds time);

}  // namespace kilt::apdu
