#include "apdu/pcsc_transport.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <winscard.h>

#include "apdu/pcsc_connection.h"
#include "apdu/pcsc_error.h"

namespace kilt::apdu {
namespace {

using namespace std::chrono_literals;

// PC/SC-Lite announces new readers under this name (winscard.h of Windows documents it).
constexpr const char* kNewReaders = "\\\\?PnP?\\Notification";
// An SCardCancel that comes just before the wait begins is lost; shorter waits bound the harm.
constexpr auto kSlice = 500ms;

/// Owns one SCARDCONTEXT; establishes it when first needed and again after pcscd was restarted.
class Context {
 public:
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { release(); }

  /// Calls `function(context)`, a second time with a fresh context if pcscd forgot the first.
  template <typename Function>
  LONG call(Function function) {
    for (int attempt = 0;; ++attempt) {
      const bool fresh = !context_;
      if (fresh) {
        SCARDCONTEXT context = 0;
        const LONG code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context);
        if (code != SCARD_S_SUCCESS) return code;
        context_ = context;
      }
      const LONG code = function(*context_);
      if (!context_lost(code)) return code;
      release();
      if (fresh || attempt > 0) return code;
    }
  }
  [[nodiscard]] std::optional<SCARDCONTEXT> get() const noexcept { return context_; }
  void abandon() noexcept { context_.reset(); }
  void release() noexcept {
    if (context_) SCardReleaseContext(*context_);
    context_.reset();
  }

 private:
  std::optional<SCARDCONTEXT> context_;
};

ReaderState to_state(const SCARD_READERSTATE& raw) {
  ReaderState state;
  state.name = raw.szReader;
  state.card_present = (raw.dwEventState & SCARD_STATE_PRESENT) != 0;
  state.mute = state.card_present && (raw.dwEventState & SCARD_STATE_MUTE) != 0;
  if (state.card_present && !state.mute) {
    const std::size_t size = std::min<std::size_t>(raw.cbAtr, sizeof raw.rgbAtr);
    state.atr.assign(raw.rgbAtr, raw.rgbAtr + size);
  }
  state.event_count = (raw.dwEventState >> 16) & 0xFFFF;
  return state;
}

/// Names in a "multi-string": each ends with a zero, an empty one ends the list.
LONG list_names(SCARDCONTEXT context, std::vector<std::string>& names) {
  DWORD size = 0;
  LONG code = SCardListReaders(context, nullptr, nullptr, &size);
  std::vector<char> buffer;
  // A reader may come between the two calls: then the buffer is too small, and we ask again.
  for (int attempt = 0; code == SCARD_S_SUCCESS && attempt < 5; ++attempt) {
    buffer.assign(size + 1, '\0');
    code = SCardListReaders(context, nullptr, buffer.data(), &size);
    if (code != SCARD_E_INSUFFICIENT_BUFFER) break;
    code = SCardListReaders(context, nullptr, nullptr, &size);
  }
  names.clear();
  if (code == SCARD_E_NO_READERS_AVAILABLE) return SCARD_S_SUCCESS;
  if (code != SCARD_S_SUCCESS) return code;
  for (std::size_t at = 0; at < buffer.size() && buffer[at] != '\0';) {
    names.emplace_back(&buffer[at]);
    at += names.back().size() + 1;
  }
  return SCARD_S_SUCCESS;
}

class PcscTransport : public Transport {
 public:
  ~PcscTransport() override = default;

  std::vector<ReaderState> readers() override {
    const std::lock_guard lock(list_mutex_);
    std::vector<ReaderState> states;
    listing_.call([&](SCARDCONTEXT context) { return look(context, states); });
    return states;  // empty when pcscd is absent: a state of the world, not an error
  }

  std::unique_ptr<Connection> connect(const std::string& reader) override {
    return connect_pcsc(reader);
  }

  void wait_for_change(const std::vector<ReaderState>& known,
                       std::chrono::milliseconds patience) override {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!take_cancelled()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left <= 0ms || readers() != known) return;
      wait_slice(known, std::min<std::chrono::milliseconds>(left, kSlice));
    }
  }

  void cancel() noexcept override {
    const std::lock_guard lock(wait_mutex_);
    cancelled_ = true;
    if (waiting_on_) SCardCancel(*waiting_on_);
    wake_.notify_all();
  }

  void abandon() noexcept override {
    listing_.abandon();
    waiting_on_.reset();
  }

 private:
  static LONG look(SCARDCONTEXT context, std::vector<ReaderState>& states) {
    states.clear();
    std::vector<std::string> names;
    const LONG listed = list_names(context, names);
    if (listed != SCARD_S_SUCCESS || names.empty()) return listed;
    std::vector<SCARD_READERSTATE> raw(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      raw[i].szReader = names[i].c_str();
      raw[i].dwCurrentState = SCARD_STATE_UNAWARE;
    }
    const LONG code = SCardGetStatusChange(context, 0, raw.data(), raw.size());
    // A reader that left in between: report none now, the next list is right again.
    if (code != SCARD_S_SUCCESS && code != SCARD_E_TIMEOUT) return code;
    for (const auto& one : raw) states.push_back(to_state(one));
    return SCARD_S_SUCCESS;
  }

  bool take_cancelled() {
    const std::lock_guard lock(wait_mutex_);
    return std::exchange(cancelled_, false);
  }

  // Each waiter has a context of its own: PC/SC-Lite serialises the calls of one context.
  void wait_slice(const std::vector<ReaderState>& known, std::chrono::milliseconds patience) {
    Context context;
    std::vector<SCARD_READERSTATE> raw(known.size() + 1);
    for (std::size_t i = 0; i < known.size(); ++i) {
      raw[i].szReader = known[i].name.c_str();
      raw[i].dwCurrentState = known[i].card_present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
      if (known[i].mute) raw[i].dwCurrentState |= SCARD_STATE_MUTE;
      raw[i].dwCurrentState |= known[i].event_count << 16;
    }
    raw.back().szReader = kNewReaders;
    raw.back().dwCurrentState = known.size() << 16;
    const LONG code = context.call([&](SCARDCONTEXT handle) {
      {
        const std::lock_guard lock(wait_mutex_);
        if (cancelled_) return SCARD_E_CANCELLED;
        waiting_on_ = handle;
      }
      const LONG result = SCardGetStatusChange(handle, static_cast<DWORD>(patience.count()),
                                               raw.data(), raw.size());
      const std::lock_guard lock(wait_mutex_);
      waiting_on_.reset();
      return result;
    });
    const bool slept =
        code == SCARD_S_SUCCESS || code == SCARD_E_TIMEOUT || code == SCARD_E_CANCELLED;
    if (slept) return;
    // No pcscd, or a reader that left: nothing to wait on, so wait for time or cancel().
    std::unique_lock lock(wait_mutex_);
    wake_.wait_for(lock, patience, [&] { return cancelled_; });
  }

  std::mutex list_mutex_;
  Context listing_;
  std::mutex wait_mutex_;
  std::condition_variable wake_;
  bool cancelled_ = false;
  std::optional<SCARDCONTEXT> waiting_on_;
};

}  // namespace

std::unique_ptr<Transport> make_pcsc_transport() { return std::make_unique<PcscTransport>(); }

}  // namespace kilt::apdu
