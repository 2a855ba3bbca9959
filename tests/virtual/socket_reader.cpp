#include <deque>

#include <sys/socket.h>
#include <unistd.h>

#include "tests/virtual/reader.h"

namespace kilt::vtoken {
namespace {

enum Control : std::uint8_t { kOff = 0, kOn = 1, kReset = 2, kAtr = 4, kLock = 5, kUnlock = 6 };

class SocketReader : public Reader {
 public:
  SocketReader(EventLoop& loop, Device& device, std::string path)
      : loop_(&loop), device_(&device), path_(std::move(path)) {
    plug_in();
  }
  ~SocketReader() override { unplug(); }

  void follow() override {
    if (device_->present() && listener_.get() < 0)
      plug_in();
    else if (!device_->present())
      unplug();
  }
  void reset_by_other() override { reset(-1); }

 private:
  struct Client {
    Descriptor connection;
    unsigned long resets_seen = 0;
  };

  void plug_in() {
    listener_ = listen_on(path_);
    loop_->watch(listener_.get(), [this] { accept_client(); });
  }

  void unplug() {
    if (listener_.get() < 0) return;
    for (const auto& [fd, client] : clients_) loop_->forget(fd);
    clients_.clear();
    waiting_.clear();
    holder_ = -1;
    loop_->forget(listener_.get());
    listener_ = Descriptor();
    unlink(path_.c_str());
  }

  void accept_client() {
    Descriptor connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const int fd = connection.get();
    if (fd < 0) return;
    clients_[fd] = {std::move(connection), resets_};
    loop_->watch(fd, [this, fd] { serve(fd); });
  }

  void serve(int fd) {
    const auto frame = read_frame(fd);
    if (!frame) return drop(fd);
    if (frame->size() == 1) return control(fd, frame->front());
    if (holder_ >= 0 && holder_ != fd) return drop(fd);  // speaks without its turn
    const auto answer = device_->transmit(*frame);
    if (!answer) return unplug();
    if (!write_frame(fd, *answer)) drop(fd);
  }

  void control(int fd, std::uint8_t what) {
    switch (what) {
      case kAtr:
        write_frame(fd, device_->atr());
        break;
      case kOff:
      case kReset:
        reset(fd);
        break;
      case kLock:
        waiting_.push_back(fd);
        pass_on();
        break;
      case kUnlock:
        if (holder_ == fd) holder_ = -1;
        pass_on();
        break;
      default:
        break;
    }
  }

  void reset(int by) {
    device_->reset();
    ++resets_;
    if (const auto client = clients_.find(by); client != clients_.end())
      client->second.resets_seen = resets_;
  }

  /// Gives the card to the next who asked for it.
  void pass_on() {
    while (holder_ < 0 && !waiting_.empty()) {
      const int fd = waiting_.front();
      waiting_.pop_front();
      const auto client = clients_.find(fd);
      if (client == clients_.end()) continue;
      const bool was_reset = client->second.resets_seen != resets_;
      client->second.resets_seen = resets_;
      holder_ = fd;
      if (!write_frame(fd, {static_cast<std::uint8_t>(was_reset ? 1 : 0)})) drop(fd);
    }
  }

  void drop(int fd) {
    loop_->forget(fd);
    clients_.erase(fd);
    std::erase(waiting_, fd);
    if (holder_ == fd) {
      // Died in its transaction: as pcscd does, nothing of what it began or opened is left.
      holder_ = -1;
      reset(-1);
    }
    pass_on();
  }

  EventLoop* loop_;
  Device* device_;
  std::string path_;
  Descriptor listener_;
  std::map<int, Client> clients_;
  std::deque<int> waiting_;
  int holder_ = -1;
  unsigned long resets_ = 0;
};

}  // namespace

std::unique_ptr<Reader> make_socket_reader(EventLoop& loop, Device& device, std::string path) {
  return std::make_unique<SocketReader>(loop, device, std::move(path));
}

}  // namespace kilt::vtoken
