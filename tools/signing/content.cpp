#include "tools/signing/content.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "tools/terminal/failure.h"
#include "tools/terminal/signals.h"
#include "tools/terminal/text.h"
#include "tools/x509/gost_algorithm.h"

namespace kilt::tool {
namespace {

constexpr std::size_t kPart = std::size_t{256} << 10U;

}  // namespace

Content::Content(std::string path) : path_(std::move(path)), own_(path_ != "-") {
  // A FIFO without a writer must not hold the program up where no signal is heard.
  file_ = own_ ? open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) : STDIN_FILENO;
  if (file_ < 0)
    throw Failure(Kind::kBadInput, tr("{0} cannot be read: {1}", path_, std::strerror(errno)));
}

Content::~Content() {
  if (own_ && file_ >= 0) close(file_);
}

std::size_t Content::read(std::span<Byte> part) {
  if (file_ < 0) {
    const std::size_t size = std::min(part.size(), memory_.size());
    std::ranges::copy(memory_.first(size), part.begin());
    memory_ = memory_.subspan(size);
    return size;
  }
  while (true) {
    wait_for_input(file_);
    const ssize_t count = ::read(file_, part.data(), part.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR || errno == EAGAIN) continue;
    throw Failure(Kind::kBadInput, tr("{0} cannot be read: {1}", path_, std::strerror(errno)));
  }
}

std::map<Hash, Bytes> digests_of(Content& content, const std::set<Hash>& hashes) {
  std::map<Hash, crypto::Digest> running;
  for (const Hash hash : hashes) running.emplace(hash, crypto::Digest(hash));
  Bytes part(kPart);
  while (const std::size_t size = content.read(part))
    for (auto& [hash, digest] : running) digest.update(BytesView(part).first(size));
  std::map<Hash, Bytes> digests;
  for (auto& [hash, digest] : running) digests.emplace(hash, plain(digest.finish()));
  return digests;
}

}  // namespace kilt::tool
