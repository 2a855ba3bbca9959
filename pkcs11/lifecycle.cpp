#include "pkcs11/lifecycle.h"

#include <pthread.h>

#include "apdu/patience.h"
#include "apdu/pcsc_transport.h"
#include "apdu/socket_transport.h"
#include "drivers/cache.h"
#include "pkcs11/known_readers.h"
#include "pkcs11/log.h"

namespace kilt::p11 {
namespace {

/// Leaked on purpose: nothing of this module runs at exit, and a forked child must be able to
/// leave a copy behind whose locks will never be opened.
struct Process {
  std::mutex mutex;
  std::shared_ptr<Module> module;
};

std::atomic<Process*> process{nullptr};
std::atomic<Process*> inherited{nullptr};
std::function<Transports(const Config&)>* transport_factory = nullptr;

Process& this_process() {
  Process* current = process.load();
  if (current != nullptr) return *current;
  auto* fresh = new Process;  // NOLINT(cppcoreguidelines-owning-memory): see Process
  if (process.compare_exchange_strong(current, fresh)) return *fresh;
  delete fresh;  // NOLINT(cppcoreguidelines-owning-memory): another thread was faster
  return *current;
}

// Runs in the child with one thread alive; it may only set variables.
void after_fork_in_child() { inherited.store(process.exchange(nullptr)); }

void install_fork_handler() {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(nullptr, nullptr, after_fork_in_child); });
}

Transports make_transports(const Config& config) {
  if (transport_factory != nullptr) return (*transport_factory)(config);
  Transports transports;
  if (!config.sockets.empty()) transports.push_back(apdu::make_socket_transport(config.sockets));
  if (config.pcsc) transports.push_back(apdu::make_pcsc_transport());
  return transports;
}

}  // namespace

std::shared_ptr<Module> current_module() {
  Process& here = this_process();
  const std::lock_guard lock(here.mutex);
  refuse_if(here.module == nullptr, CKR_CRYPTOKI_NOT_INITIALIZED);
  return here.module;
}

void initialize_module() {
  install_fork_handler();
  prepare_login_table();
  Process& here = this_process();
  const std::lock_guard lock(here.mutex);
  refuse_if(here.module != nullptr, CKR_CRYPTOKI_ALREADY_INITIALIZED);
  if (Process* parent = inherited.exchange(nullptr); parent != nullptr && parent->module)
    parent->module->abandon();
  Config config = Config::load();
  open_log(config);
  cache::set_folder(config.cache_folder);
  if (config.patience) apdu::set_patience(*config.patience);
  auto transports = make_transports(config);
  here.module = std::make_shared<Module>(std::move(config), std::move(transports));
}

void finalize_module() {
  std::shared_ptr<Module> module;
  {
    Process& here = this_process();
    const std::lock_guard lock(here.mutex);
    refuse_if(here.module == nullptr, CKR_CRYPTOKI_NOT_INITIALIZED);
    module = std::move(here.module);
    here.module = nullptr;
  }
  module->shut_down();
  close_log();
}

void set_transport_factory(std::function<Transports(const Config&)> factory) {
  delete transport_factory;  // NOLINT(cppcoreguidelines-owning-memory): tests only
  forget_readers();
  transport_factory = factory ? new std::function(std::move(factory)) : nullptr;  // NOLINT
}

}  // namespace kilt::p11
