#include "apdu/socket_transport.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "apdu/atr.h"
#include "apdu/errors.h"
#include "apdu/patience.h"
#include "apdu/socket_channel.h"

namespace kilt::apdu {
namespace {

using namespace std::chrono_literals;

constexpr auto kAtrPatience = 5s;
// RSA-4096 generation on a slow token.
constexpr auto kAnswerPatience = 20min;
// A path without a server cannot be polled; it is tried again that often.
constexpr auto kAbsentSlice = 200ms;

/// Nothing if the token is busy (perhaps with a key for a program that is gone).
std::optional<Bytes> ask_atr(SocketChannel& channel, std::chrono::milliseconds longest) {
  channel.send(SocketControl::kAtr);
  return channel.receive(longest);
}

class SocketConnection : public Connection {
 public:
  explicit SocketConnection(std::string path) : path_(std::move(path)) {
    open();
    if (atr_.empty()) throw CardMute();
  }
  ~SocketConnection() override { SocketConnection::end(); }

  void begin() override {
    if (reopened_) {
      reopened_ = false;
      throw CardReset();  // the card was not watched meanwhile, so expect the worst
    }
    channel_->send(SocketControl::kLock);
    const auto answer = channel_->receive(patience());
    if (!answer) {
      open();  // leaves the queue for the lock
      reopened_ = true;
      throw ReaderBusy("another program has held the token for too long");
    }
    if (answer->size() != 1) throw MalformedAnswer("the socket's lock answer makes no sense");
    held_ = true;
    if (answer->front() == 0) return;
    end();
    throw CardReset();
  }

  void end() noexcept override {
    if (!held_) return;
    held_ = false;
    try {
      channel_->send(SocketControl::kUnlock);
    } catch (...) {  // NOLINT(bugprone-empty-catch): gone, so nothing is held any more
    }
  }

  Bytes transmit(BytesView command) override {
    channel_->send(command);
    auto answer = channel_->receive(kAnswerPatience);
    if (!answer) throw TransportError("the token has not answered in time");
    return std::move(*answer);
  }

  void reset() override { channel_->send(SocketControl::kReset); }
  [[nodiscard]] const Bytes& atr() const noexcept override { return atr_; }
  [[nodiscard]] unsigned protocol() const noexcept override { return protocol_; }
  [[nodiscard]] bool extended_length() const noexcept override { return true; }
  void abandon() noexcept override { held_ = false; }

 private:
  void open() {
    channel_ = SocketChannel::open(path_);
    if (!channel_) throw CardRemoved();
    const auto atr = ask_atr(*channel_, patience());
    if (!atr) throw ReaderBusy("the token has been busy for too long");
    atr_ = *atr;
    if (const auto parsed = Atr::parse(atr_)) protocol_ = parsed->protocol;
  }

  std::string path_;
  std::unique_ptr<SocketChannel> channel_;
  Bytes atr_;
  unsigned protocol_ = 1;
  bool held_ = false;
  bool reopened_ = false;
};

/// One path; the monitor is a connection kept only to see the token leave.
struct Watched {
  std::string path;
  std::unique_ptr<SocketChannel> monitor;
  Bytes atr;
  std::uint64_t events = 0;

  void look() {
    if (monitor && monitor->closed()) {
      monitor.reset();
      ++events;
    }
    if (monitor) return;
    try {
      auto channel = SocketChannel::open(path);
      if (!channel) return;
      const auto answer = ask_atr(*channel, kAtrPatience);
      if (!answer) return;  // busy: asked again next time
      atr = *answer;
      monitor = std::move(channel);
      ++events;
    } catch (const Error&) {  // NOLINT(bugprone-empty-catch): went away meanwhile
    }
  }

  [[nodiscard]] ReaderState state() const {
    ReaderState result;
    result.name = path;
    result.card_present = monitor != nullptr;
    if (monitor) result.atr = atr;
    result.mute = result.card_present && atr.empty();
    result.event_count = events;
    return result;
  }
};

class SocketTransport : public Transport {
 public:
  explicit SocketTransport(std::vector<std::string> paths)
      : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    for (auto& path : paths) watched_.push_back({std::move(path), nullptr, {}, 0});
  }
  ~SocketTransport() override {
    if (wake_ >= 0) ::close(wake_);
  }

  std::vector<ReaderState> readers() override {
    const std::lock_guard lock(mutex_);
    std::vector<ReaderState> states;
    for (auto& one : watched_) {
      one.look();
      states.push_back(one.state());
    }
    return states;
  }

  std::unique_ptr<Connection> connect(const std::string& reader) override {
    return std::make_unique<SocketConnection>(reader);
  }

  void wait_for_change(const std::vector<ReaderState>& known,
                       std::chrono::milliseconds patience) override {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (readers() == known) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left <= 0ms) return;
      pollfd waiting{wake_, POLLIN, 0};
      const auto slice = std::min<std::chrono::milliseconds>(left, kAbsentSlice);
      if (::poll(&waiting, 1, static_cast<int>(slice.count())) > 0) {
        eventfd_t count = 0;
        eventfd_read(wake_, &count);
        return;
      }
    }
  }

  void cancel() noexcept override { eventfd_write(wake_, 1); }

  // The inherited descriptors are the parent's conversation: close our copies, say nothing.
  void abandon() noexcept override {
    for (auto& one : watched_) one.monitor.reset();
  }

 private:
  std::mutex mutex_;
  std::vector<Watched> watched_;
  int wake_;
};

}  // namespace

std::unique_ptr<Transport> make_socket_transport(std::vector<std::string> paths) {
  return std::make_unique<SocketTransport>(std::move(paths));
}

}  // namespace kilt::apdu
