#include "apdu/trace.h"

#include <atomic>
#include <mutex>
#include <shared_mutex>

#include <fmt/format.h>

namespace kilt::apdu {
namespace {

// Leaked on purpose: threads of the application may still be in a call while the process exits.
struct Sink {
  std::atomic<bool> enabled{false};
  std::shared_mutex mutex;
  TraceSink function;
};

Sink& sink() {
  static auto* instance = new Sink;  // NOLINT(cppcoreguidelines-owning-memory): see above
  return *instance;
}

}  // namespace

void set_trace_sink(TraceSink function) {
  const std::unique_lock lock(sink().mutex);
  sink().enabled = static_cast<bool>(function);
  sink().function = std::move(function);
}

bool trace_enabled() noexcept { return sink().enabled.load(std::memory_order_relaxed); }

void trace_line(const std::string& line) {
  if (!trace_enabled()) return;
  const std::shared_lock lock(sink().mutex);
  if (sink().function) sink().function(line);
}

void trace_exchange(const Command& command, StatusWord sw, std::size_t answer_size,
                    std::chrono::microseconds time) {
  if (!trace_enabled()) return;
  const bool secret = command.privacy == Privacy::kSecret;
  trace_line(fmt::format(
      "apdu {:02X} {:02X} {:02X} {:02X} lc={} le={} -> {} {} {}us", command.cla, command.ins,
      command.p1, command.p2, secret ? std::string("*") : std::to_string(command.data.size()),
      command.le ? std::to_string(static_cast<std::uint32_t>(*command.le)) : "-",
      secret ? std::string("*") : std::to_string(answer_size - 2), sw.hex(), time.count()));
}

}  // namespace kilt::apdu
