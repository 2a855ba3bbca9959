#include <stdexcept>

#include "tests/virtual/reader.h"

namespace kilt::vtoken {
namespace {

enum Control : std::uint8_t { kOff = 0, kOn = 1, kReset = 2, kAtr = 4 };

class VpcdReader : public Reader {
 public:
  VpcdReader(EventLoop& loop, Device& device, std::string host, std::string port)
      : loop_(&loop), device_(&device), host_(std::move(host)), port_(std::move(port)) {
    if (!plug_in()) throw std::runtime_error("no vpcd at " + host_ + ":" + port_);
  }
  ~VpcdReader() override { unplug(); }

  void follow() override {
    if (device_->present() && connection_.get() < 0)
      plug_in();
    else if (!device_->present())
      unplug();
  }
  void reset_by_other() override { device_->reset(); }

 private:
  bool plug_in() {
    connection_ = connect_to(host_, port_);
    if (connection_.get() < 0) return false;
    loop_->watch(connection_.get(), [this] { serve(); });
    return true;
  }

  void unplug() {
    if (connection_.get() < 0) return;
    loop_->forget(connection_.get());
    connection_ = Descriptor();
  }

  void serve() {
    const auto frame = read_frame(connection_.get());
    if (!frame) {  // pcscd is gone: nothing left to do here
      loop_->stop();
      return;
    }
    if (frame->size() == 1) return control(frame->front());
    const auto answer = device_->transmit(*frame);
    if (!answer) return unplug();
    if (!write_frame(connection_.get(), *answer)) unplug();
  }

  void control(std::uint8_t what) {
    if (what == kAtr) write_frame(connection_.get(), device_->atr());
    if (what == kOff || what == kOn || what == kReset) device_->reset();
  }

  EventLoop* loop_;
  Device* device_;
  std::string host_, port_;
  Descriptor connection_;
};

}  // namespace

std::unique_ptr<Reader> make_vpcd_reader(EventLoop& loop, Device& device, std::string host,
                                         std::string port) {
  return std::make_unique<VpcdReader>(loop, device, std::move(host), std::move(port));
}

}  // namespace kilt::vtoken
