#include "tools/dialog/channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <unistd.h>

namespace kilt::dialog {
namespace {

constexpr std::size_t kMaxMessage = std::size_t{32} << 20U;
constexpr int kPinFd = 3;

void write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = ::write(fd, data, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    data += count;
    size -= static_cast<std::size_t>(count);
  }
}

}  // namespace

Channel::Channel(Received received) : received_(std::move(received)) {
  Glib::signal_io().connect(sigc::mem_fun(*this, &Channel::readable), STDIN_FILENO,
                            Glib::IOCondition::IO_IN | Glib::IOCondition::IO_HUP);
}

bool Channel::readable(Glib::IOCondition /*condition*/) {
  std::array<char, 65536> part{};
  const ssize_t count = ::read(STDIN_FILENO, part.data(), part.size());
  if (count < 0 && errno == EINTR) return true;
  if (count > 0) pending_.append(part.data(), static_cast<std::size_t>(count));
  if (count <= 0 || pending_.size() > kMaxMessage) {
    received_(nullptr);
    return false;
  }
  for (auto end = pending_.find('\n'); end != std::string::npos; end = pending_.find('\n')) {
    const Json message = Json::parse(
        pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    pending_.erase(0, end + 1);
    if (message.is_object()) received_(message);
  }
  return true;
}

void Channel::send(const Json& event) {
  const std::string line = event.dump() + '\n';
  write_all(STDOUT_FILENO, line.data(), line.size());
}

bool Channel::send_pin(const char* pin) {
  const std::size_t size = std::strlen(pin);
  if (size > 255) return false;
  const char length = static_cast<char>(static_cast<unsigned char>(size));
  write_all(kPinFd, &length, 1);
  write_all(kPinFd, pin, size);
  return true;
}

}  // namespace kilt::dialog
