// kilt-vtoken: runs a virtual token.
#include <csignal>
#include <cstdio>
#include <iostream>

#include <CLI/CLI.hpp>
#include <sys/signalfd.h>

#include "tests/virtual/control.h"
#include "tests/virtual/facts.h"
#include "tests/virtual/reader.h"

namespace {

using namespace kilt::vtoken;

struct Options {
  std::string kind, host = "127.0.0.1", port, socket, state, control;
  std::vector<std::string> sets, faults;
  bool kinds = false, json = false;
};

std::string footer() {
  std::string text = "Kinds and their switches (--set):\n";
  for (const Kind& kind : kinds()) {
    text += std::string("  ") + kind.name + ": " + kind.summary + "\n";
    for (const std::string& line : kind.make()->switches()) text += "      " + line + "\n";
  }
  return text + "Faults (--fault): " + Faults::help() +
         "\nControl commands: remove, insert, reset, set KEY=VALUE, fault SPEC, count, tries";
}

/// The kinds for a program, or their names for people.
void print_kinds(bool json) {
  const nlohmann::ordered_json all = facts();
  if (json) {
    std::cout << all.dump(2) << '\n';
    return;
  }
  for (const auto& entry : all)
    std::cout << entry.at("name").get<std::string>() << '\t' << entry.at("title").get<std::string>()
              << '\n';
}

/// SIGTERM and SIGINT as something to read.
Descriptor end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return Descriptor(signalfd(-1, &set, SFD_CLOEXEC));
}

int run(const Options& options) {
  Device device(make_card(options.kind), options.state.empty()
                                             ? std::nullopt
                                             : std::optional<std::filesystem::path>(options.state));
  for (const std::string& setting : options.sets) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos) throw std::invalid_argument("--set wants KEY=VALUE");
    device.card().set(setting.substr(0, equals), setting.substr(equals + 1));
  }
  for (const std::string& fault : options.faults) device.faults().add(fault);
  device.save();

  EventLoop loop;
  const Descriptor signals = end_signals();
  loop.watch(signals.get(), [&] { loop.stop(); });
  const std::unique_ptr<Reader> reader =
      options.socket.empty() ? make_vpcd_reader(loop, device, options.host, options.port)
                             : make_socket_reader(loop, device, options.socket);
  std::optional<Control> control;
  if (!options.control.empty()) control.emplace(loop, device, *reader, options.control);
  std::puts("ready");
  std::fflush(stdout);
  loop.run();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("A virtual token: a card as a program, for tests and for people without hardware.",
               "kilt-vtoken");
  app.set_version_flag("--version", KILT_VERSION);
  app.footer(footer);
  auto* kind = app.add_option("kind", options.kind, "kind of token");
  auto* kinds = app.add_flag("--kinds", options.kinds,
                             "print the kinds and their variants, and nothing else");
  app.add_flag("--json", options.json, "with all that tests know of them (tests/virtual/facts.h)")
      ->needs(kinds);
  kinds->excludes(kind);
  auto* vpcd = app.add_option("--vpcd", options.port, "port of pcscd's vpcd reader");
  app.add_option("--host", options.host, "host of that port")->capture_default_str();
  auto* socket =
      app.add_option("--listen", options.socket, "Unix socket for Kilt's own socket readers");
  app.add_option("--state", options.state, "file that keeps what survives without power");
  app.add_option("--control", options.control, "Unix socket for control commands");
  app.add_option("--set", options.sets, "a switch of this kind, KEY=VALUE");
  app.add_option("--fault", options.faults, "a fault");
  vpcd->excludes(socket);
  CLI11_PARSE(app, argc, argv);
  if (options.kinds) {
    print_kinds(options.json);
    return 0;
  }
  if (options.kind.empty()) {
    std::cerr << "kilt-vtoken: which kind of token? see --help\n";
    return 2;
  }
  if (options.port.empty() && options.socket.empty()) {
    std::cerr << "kilt-vtoken: --vpcd PORT or --listen SOCKET says where the token is reached\n";
    return 2;
  }
  try {
    return run(options);
  } catch (const std::exception& error) {
    std::cerr << "kilt-vtoken: " << error.what() << '\n';
    return 1;
  }
}
