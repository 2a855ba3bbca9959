#include "tools/dialog/window.h"

#include <gtkmm/eventcontrollerkey.h>
#include <gtkmm/scrolledwindow.h>

#include "tools/dialog/channel.h"
#include "tools/dialog/widgets.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {

using tool::tr;
using Json = nlohmann::ordered_json;

Window::Window() {
  // A dialogue's words are read out when it comes. gtkmm 4.8 cannot set it.
  g_object_set(gobj(), "accessible-role", GTK_ACCESSIBLE_ROLE_DIALOG, nullptr);
  set_title("Kilt");
  set_default_size(560, -1);
  set_resizable(true);
  signal_close_request().connect(
      [this] {
        cancel();
        return true;
      },
      false);
  auto keys = Gtk::EventControllerKey::create();
  keys->signal_key_pressed().connect(
      [this](guint key, guint /*code*/, Gdk::ModifierType /*state*/) {
        if (key != GDK_KEY_Escape) return false;
        cancel();
        return true;
      },
      false);
  add_controller(keys);
}

void Window::cancel() {
  Channel::send({{"event", "cancel"}});
  set_visible(false);
}

void Window::received(const Json& message) {
  if (message.is_null()) {
    set_visible(false);
    return;
  }
  const std::string type = text_of(message, "type");
  if (page_ != nullptr) {
    if (!page_->received(message)) set_visible(false);
    return;
  }
  if (type == "file") return choose_file(message);
  if (type == "origin") page_ = make_origin_page(message);
  if (type == "request") page_ = make_request_page(message);
  if (page_ == nullptr) return cancel();
  Gtk::manage(page_);
  page_->signal_answered().connect([this] { set_visible(false); });
  set_child(*page_);
  present();
}

void Window::choose_file(const Json& message) {
  chooser_ = Gtk::FileChooserNative::create(
      tr("{0} asks for a file", tool::clean(text_of(message, "origin"))), *this,
      Gtk::FileChooser::Action::OPEN, tr("Choose"), tr("Cancel"));
  const std::string extension = text_of(message, "extension");
  if (!extension.empty() && extension != "ALL") {
    auto filter = Gtk::FileFilter::create();
    filter->add_suffix(extension);
    filter->set_name("*." + extension);
    chooser_->add_filter(filter);
  }
  chooser_->signal_response().connect([this](int response) {
    const auto file = response == GTK_RESPONSE_ACCEPT ? chooser_->get_file() : nullptr;
    if (!file) return cancel();
    Channel::send({{"event", "file"}, {"path", file->get_path()}});
    set_visible(false);
  });
  chooser_->show();
}

}  // namespace kilt::dialog
