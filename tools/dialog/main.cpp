// kilt-dialog: the window in which the user agrees to what a web site asks. Started by kilt-bridge,
// once for each request; its protocol is in README.md.
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include <gtkmm/application.h>
#include <gtkmm/cssprovider.h>
#include <gtkmm/stylecontext.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tools/dialog/channel.h"
#include "tools/dialog/window.h"
#include "tools/terminal/text.h"

namespace {

constexpr const char* kStyle =
    ".title { font-weight: bold; font-size: 120%; }"
    ".owner { font-weight: bold; }"
    ".digest { font-family: monospace; font-size: 85%; }"
    ".reason, .warning { color: #9a5700; }"
    ".error { color: #b3261e; }"
    // What is chosen can be read, also while it cannot be changed.
    "row:selected .dim-label { opacity: 1; }"
    "row:selected:disabled { background-color: alpha(@theme_fg_color, 0.15); }";

std::string locale_folder() {
  std::error_code error;
  const auto built =
      std::filesystem::read_symlink("/proc/self/exe", error).parent_path().parent_path() / "locale";
  return std::filesystem::exists(built, error) ? built.string() : KILT_INSTALLED_LOCALES;
}

}  // namespace

int main() {
  // A PIN is typed here: no core file, and no other process of this user reads its memory.
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  signal(SIGPIPE, SIG_IGN);  // NOLINT: the call cannot fail
  kilt::tool::choose_language(locale_folder());

  auto app = Gtk::Application::create("kz.kilt.Dialog", Gio::Application::Flags::NON_UNIQUE);
  std::unique_ptr<kilt::dialog::Channel> channel;
  app->signal_activate().connect([&] {
    auto style = Gtk::CssProvider::create();
    style->load_from_data(kStyle);
    Gtk::StyleContext::add_provider_for_display(Gdk::Display::get_default(), style,
                                                GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
    auto* window = new kilt::dialog::Window();
    app->add_window(*window);
    window->signal_hide().connect([app] { app->quit(); });
    channel =
        std::make_unique<kilt::dialog::Channel>([window, app](const kilt::dialog::Json& message) {
          window->received(message);
          if (message.is_null()) app->quit();
        });
  });
  return app->run();
}
