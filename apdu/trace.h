// The recorder of APDUs: counts them always, writes one line each where tracing is on. Data bytes
// are never written, only header, lengths, status word and time (design decision 13).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "apdu/command.h"
#include "apdu/status_word.h"

namespace kilt::apdu {

/// What went over the wire of one card.
struct Counters {
  std::uint64_t apdus = 0;
  std::uint64_t bytes_out = 0;  ///< command bytes, header included
  std::uint64_t bytes_in = 0;   ///< answer bytes, status word included
};

/// APDUs of this process, all cards together (benchmarks and budget tests read it).
[[nodiscard]] Counters total_counters() noexcept;

/// Receives finished lines, without line end. Must not throw.
using TraceSink = std::function<void(const std::string&)>;
/// Sets the sink of this process; an empty one switches tracing off. Thread-safe.
void set_trace_sink(TraceSink sink);
/// Tracing is on. Cheap.
[[nodiscard]] bool trace_enabled() noexcept;
/// Writes a line that is not an APDU (a call, a remark) if tracing is on.
void trace_line(const std::string& line);

/// Counts one exchange and traces it. `answer_size` includes the status word.
void record_exchange(Counters& card, const Command& command, std::size_t command_size,
                     StatusWord sw, std::size_t answer_size, std::chrono::microseconds time);

}  // namespace kilt::apdu
