#include "tools/bridge/pages.h"

namespace kilt::bridge {
namespace {

constexpr std::size_t kMaxWaiting = 128;                           // requests of one page
constexpr std::size_t kMaxWaitingBytes = std::size_t{256} << 20U;  // of all pages

}  // namespace

Pages::Pages(Desk& desk)
    : desk_(&desk), reader_([this] { read_requests(); }), user_([this] { serve_user(); }) {}

Pages::~Pages() { stop(); }

void Pages::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [id, line] : lines_) line->page->gone = true;
    for (const Work& work : for_user_) work.page->gone = true;
    changed_.notify_all();
  }
  if (reader_.joinable()) reader_.join();
  if (user_.joinable()) user_.join();
}

void Pages::opened(ConnectionId id, const std::string& origin) {
  auto line = std::make_shared<Line>();
  line->page = std::make_shared<Page>();
  line->page->id = id;
  line->page->origin = origin;
  {
    const std::lock_guard lock(mutex_);
    lines_[id] = std::move(line);
  }
  send_(id, greeting());
}

bool Pages::received(ConnectionId id, std::string message) {
  if (message == kHeartbeat) {
    send_(id, std::move(message));
    return true;
  }
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(id);
  if (found == lines_.end() || found->second->waiting.size() >= kMaxWaiting ||
      waiting_bytes_ + message.size() > kMaxWaitingBytes)
    return false;
  waiting_bytes_ += message.size();
  found->second->waiting.push_back(std::move(message));
  changed_.notify_all();
  return true;
}

void Pages::closed(ConnectionId id) {
  const std::lock_guard lock(mutex_);
  const auto found = lines_.find(id);
  if (found == lines_.end()) return;
  found->second->page->gone = true;
  for (const auto& message : found->second->waiting) waiting_bytes_ -= message.size();
  lines_.erase(found);
  std::erase_if(for_user_, [&](const Work& work) { return work.page->id == id; });
}

std::shared_ptr<Pages::Line> Pages::next_line() {
  for (const auto& [id, line] : lines_)
    if (!line->busy && !line->waiting.empty()) return line;
  return nullptr;
}

void Pages::read_requests() {
  std::unique_lock lock(mutex_);
  while (true) {
    std::shared_ptr<Line> line;
    changed_.wait(lock, [&] { return stopping_ || (line = next_line()); });
    if (stopping_) return;
    std::string message = std::move(line->waiting.front());
    line->waiting.pop_front();
    waiting_bytes_ -= message.size();
    line->busy = true;
    const std::shared_ptr<Page> page = line->page;
    lock.unlock();
    std::optional<std::string> answer;
    std::optional<Request> request;
    try {
      request = parse_request(std::move(message));
      answer = request ? desk_->at_once(*page, *request) : broken_json();
    } catch (const std::exception&) {
      answer = broken_json();
    }
    if (answer) {
      finish(page, std::move(*answer));
      lock.lock();
    } else {
      lock.lock();
      if (!page->gone) for_user_.push_back({page, std::move(*request)});
      changed_.notify_all();
    }
  }
}

void Pages::serve_user() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || !for_user_.empty(); });
    if (stopping_) return;
    Work work = std::move(for_user_.front());
    for_user_.pop_front();
    lock.unlock();
    std::string answer;
    try {
      answer = desk_->with_user(*work.page, std::move(work.request));
    } catch (const std::exception& error) {
      answer = named::error("GENERAL_ERROR", error.what());
    }
    finish(work.page, std::move(answer));
    work = {};
    lock.lock();
  }
}

void Pages::finish(const std::shared_ptr<Page>& page, std::string answer) {
  if (!page->gone) send_(page->id, std::move(answer));
  const std::lock_guard lock(mutex_);
  if (const auto found = lines_.find(page->id); found != lines_.end()) found->second->busy = false;
  changed_.notify_all();
}

}  // namespace kilt::bridge
