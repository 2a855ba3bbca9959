#include "tools/bridge/module_thread.h"

#include "tools/terminal/failure.h"
#include "tools/terminal/text.h"

namespace kilt::bridge {
namespace {

using namespace std::chrono_literals;
constexpr auto kLook = 100ms;
constexpr auto kOldTask = 3s;  // for one that was given up to end

}  // namespace

void ModuleThread::serve(const std::shared_ptr<State>& state, const std::filesystem::path& path) {
  std::optional<tool::Module> module;
  std::unique_lock lock(state->mutex);
  while (true) {
    state->changed.wait(lock, [&] { return state->stopping || state->task; });
    if (!state->task) break;
    const std::shared_ptr<Task> task = state->task;
    lock.unlock();
    try {
      if (!module) module.emplace(path);
      task->work(*module);
    } catch (...) {
      task->error = std::current_exception();
    }
    task->work = nullptr;  // what it owned ends on this thread: sessions are closed here
    lock.lock();
    task->done = true;
    state->task.reset();
    state->changed.notify_all();
  }
  lock.unlock();
  module.reset();
  lock.lock();
  state->ended = true;
  state->changed.notify_all();
}

ModuleThread::~ModuleThread() {
  stop();
  if (!started_) return;
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, 2s, [&] { return state_->ended; });
}

void ModuleThread::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
}

void ModuleThread::run(std::function<void(tool::Module&)> work, const Patience& patience) {
  const auto task = std::make_shared<Task>();
  task->work = std::move(work);
  std::unique_lock lock(state_->mutex);
  if (!started_) {
    // Detached: a thread inside a module that hangs cannot be waited for.
    std::thread(&ModuleThread::serve, state_, path_).detach();
    started_ = true;
  }
  if (!state_->changed.wait_for(lock, kOldTask, [&] { return !state_->task || state_->stopping; }))
    throw tool::Failure(tool::Kind::kModule, tool::tr("The PKCS#11 module does not answer."),
                        tool::tr("Take the token out and plug it in again; if that does not help, "
                                 "start kilt-bridge again."));
  if (!state_->stopping) {
    state_->task = task;
    state_->changed.notify_all();
  }
  while (!task->done) {
    if (state_->changed.wait_for(lock, kLook, [&] { return task->done || state_->stopping; }) &&
        task->done)
      break;
    const bool stopping = state_->stopping;
    lock.unlock();
    if (stopping || !patience())
      throw tool::Failure(tool::Kind::kInterrupted, tool::tr("Given up."));
    lock.lock();
  }
  if (task->error) std::rethrow_exception(task->error);
}

}  // namespace kilt::bridge
