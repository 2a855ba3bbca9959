#include "tests/virtual/control.h"

#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

namespace kilt::vtoken {

Control::Control(EventLoop& loop, Device& device, Reader& reader, std::string path)
    : loop_(&loop), device_(&device), reader_(&reader), path_(std::move(path)) {
  listener_ = listen_on(path_);
  loop_->watch(listener_.get(), [this] { accept_client(); });
}

Control::~Control() {
  for (const auto& [fd, line] : clients_) close(fd);
  unlink(path_.c_str());
}

void Control::accept_client() {
  const int fd = accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  clients_[fd] = "";
  loop_->watch(fd, [this, fd] {
    char bytes[512];
    const ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    if (count <= 0) {
      loop_->forget(fd);
      clients_.erase(fd);
      close(fd);
      return;
    }
    std::string& text = clients_[fd];
    text.append(bytes, static_cast<std::size_t>(count));
    for (auto end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
      const std::string answer = carry_out(text.substr(0, end)) + "\n";
      text.erase(0, end + 1);
      if (send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
    }
  });
}

std::string Control::carry_out(const std::string& line) {
  const std::size_t blank = line.find(' ');
  const std::string verb = line.substr(0, blank);
  const std::string rest = blank == std::string::npos ? "" : line.substr(blank + 1);
  try {
    if (verb == "remove") {
      device_->remove();
      reader_->follow();
    } else if (verb == "insert") {
      device_->insert();
      reader_->follow();
    } else if (verb == "reset") {
      reader_->reset_by_other();
    } else if (verb == "set") {
      const std::size_t equals = rest.find('=');
      if (equals == std::string::npos) throw std::invalid_argument("set KEY=VALUE");
      device_->card().set(rest.substr(0, equals), rest.substr(equals + 1));
    } else if (verb == "fault") {
      device_->faults().add(rest);
    } else if (verb == "count") {
      return std::to_string(device_->count());
    } else if (verb == "tries") {
      return std::to_string(device_->tries_spent());
    } else {
      return "error: one of remove, insert, reset, set KEY=VALUE, fault SPEC, count, tries";
    }
    return "ok";
  } catch (const std::exception& error) {
    return std::string("error: ") + error.what();
  }
}

}  // namespace kilt::vtoken
