// kilt-bridge: web sites of the CA and the state use a key on this machine.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <thread>

#include <CLI/CLI.hpp>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/bridge/methods.h"
#include "tools/terminal/failure.h"
#include "tools/terminal/process.h"
#include "tools/terminal/text.h"
#include "tools/trust/bridge_trust.h"
#include "tools/trust/browsers.h"

namespace kilt::bridge {
namespace {

constexpr int kFirstFd = 3;  // sd_listen_fds(3)

/// The socket that systemd listens on for us; -1: none.
int socket_of_systemd() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  if (pid == nullptr || count == nullptr || std::to_string(getpid()) != pid ||
      std::string(count) != "1")
    return -1;
  unsetenv("LISTEN_PID");
  unsetenv("LISTEN_FDS");
  return kFirstFd;
}

std::filesystem::path own_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

std::string locale_folder() {
  const auto built = own_folder().parent_path() / "locale";
  std::error_code error;
  return std::filesystem::exists(built, error) ? built.string() : KILT_INSTALLED_LOCALES;
}

/// The configuration's, else the build tree's, else the installed one.
std::string module_of(const Settings& settings) {
  if (const char* named = secure_getenv("KILT_MODULE"); named != nullptr && *named != '\0')
    return named;
  if (!settings.module.empty()) return settings.module;
  const auto built = own_folder().parent_path().parent_path() / "pkcs11" / "kilt-pkcs11.so";
  std::error_code error;
  return std::filesystem::exists(built, error) ? built.string() : KILT_INSTALLED_MODULE;
}

std::string dialog_of(const Settings& settings) {
  const auto built = own_folder().parent_path() / "dialog" / settings.dialog;
  std::error_code error;
  return std::filesystem::exists(built, error) ? built.string() : settings.dialog;
}

/// PINs pass through this process: no core file, no other process of this user reads its memory.
void close_to_others() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

/// A certificate that ends soon gets a successor, and the browsers learn of it.
void renew_if_stale(const tool::BridgeFiles& files) {
  const tool::BridgeTrust trust = tool::read_trust(files);
  if (trust.authority.empty())
    throw tool::Failure(tool::Kind::kNotFound, tool::tr("This service has no certificate yet."),
                        tool::tr("`kilt register bridge` makes one and tells your browsers."));
  if (!trust.stale(std::time(nullptr))) return;
  tool::renew_trust(files, std::time(nullptr));
  const char* home = std::getenv("HOME");
  const auto problems =
      tool::tell_browsers(files, tool::browser_databases(home == nullptr ? "" : home));
  for (const std::string& problem : problems) std::cerr << problem << '\n';
  const std::string text =
      tool::tr("The certificate of kilt-bridge was renewed: start your browsers again.");
  std::cerr << text << '\n';
  if (tool::has_program("notify-send")) tool::run_program({"notify-send", "Kilt", text}, true);
}

enum class End { kSignal, kStale };

/// Signals and a certificate that ends soon end the service by a thread of its own, which may call
/// anything.
std::thread watch(Server& server, const tool::BridgeFiles& files, const sigset_t& signals,
                  std::atomic<End>& why) {
  return std::thread([&server, &files, &why, signals] {
    const timespec hour{3600, 0};
    while (sigtimedwait(&signals, nullptr, &hour) < 0) {
      if (!tool::read_trust(files).stale(std::time(nullptr))) continue;
      why = End::kStale;
      break;
    }
    server.stop();
  });
}

/// Serves until a signal comes or the certificate has to be renewed.
End serve(const Settings& settings, int listening, Methods& methods, ModuleThread& module,
          const sigset_t& signals) {
  const tool::BridgeFiles files = tool::BridgeFiles::here();
  renew_if_stale(files);
  Pages pages(methods);
  ServerOptions options;
  options.port = settings.port;
  options.listening = listening < 0 ? -1 : dup(listening);
  options.certificate = files.server();
  options.key = files.key();
  Server server(options, pages);
  pages.send_by([&server](ConnectionId id, std::string text) { server.send(id, std::move(text)); });
  std::atomic<End> why{End::kSignal};
  std::thread watcher = watch(server, files, signals, why);
  std::cerr << tool::tr("kilt-bridge serves web sites at https://127.0.0.1:{0}", server.port())
            << '\n';
  server.run();
  if (why == End::kSignal) module.stop();
  pages.stop();
  watcher.join();
  return why;
}

void run(std::uint16_t port) {
  close_to_others();
  Settings settings = Settings::load();
  for (const std::string& problem : settings.problems) std::cerr << problem << '\n';
  if (port != 0) settings.port = port;
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // NOLINT: the call cannot fail

  ModuleThread module(module_of(settings));
  Origins origins(settings);
  const std::string dialog = dialog_of(settings);
  Consent consent(module, origins,
                  [dialog](const std::string& locale) { return start_dialogue(dialog, locale); });
  Methods methods(settings, consent);
  const int listening = socket_of_systemd();
  while (serve(settings, listening, methods, module, signals) == End::kStale) continue;
}

}  // namespace
}  // namespace kilt::bridge

int main(int argc, char** argv) {
  using namespace kilt;
  tool::choose_language(bridge::locale_folder());
  CLI::App app(tool::tr("Web sites of the CA and the state use a key on this machine"),
               "kilt-bridge");
  app.set_version_flag("--version", KILT_VERSION);
  app.require_subcommand(1);
  std::uint16_t port = 0;
  CLI::App* serve = app.add_subcommand("run", tool::tr("Serve until the program is ended"));
  serve->add_option("--port", port, tool::tr("Another port than bridge.port of kilt.toml"));
  try {
    app.parse(argc, argv);
    bridge::run(port);
    return 0;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::Error& error) {
    app.exit(error);
    return static_cast<int>(tool::Kind::kUsage);
  } catch (const tool::Failure& failure) {
    std::cerr << "kilt-bridge: " << failure.what() << '\n';
    if (!failure.advice().empty()) std::cerr << failure.advice() << '\n';
    return static_cast<int>(failure.kind());
  } catch (const std::exception& error) {
    std::cerr << "kilt-bridge: " << error.what() << '\n';
    return static_cast<int>(tool::Kind::kInternal);
  }
}
