// The dialogue's window: one page at a time.
#pragma once

#include <functional>
#include <memory>

#include <gtkmm/applicationwindow.h>
#include <gtkmm/box.h>
#include <gtkmm/button.h>
#include <gtkmm/filechoosernative.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

/// What fills the window; gets the messages that follow the first.
class DialogPage : public Gtk::Box {
 public:
  DialogPage() : Gtk::Box(Gtk::Orientation::VERTICAL, 12) { set_margin(18); }
  /// false: it ends here.
  virtual bool received(const nlohmann::ordered_json& message) = 0;
  /// The user has answered.
  sigc::signal<void()>& signal_answered() { return answered_; }

 private:
  sigc::signal<void()> answered_;
};

class Window : public Gtk::ApplicationWindow {
 public:
  Window();
  /// A message of the bridge; null: it has gone.
  void received(const nlohmann::ordered_json& message);

 private:
  void choose_file(const nlohmann::ordered_json& message);
  void cancel();
  DialogPage* page_ = nullptr;
  Glib::RefPtr<Gtk::FileChooserNative> chooser_;
};

/// "nca.example wants to use your keys"; allow or refuse.
DialogPage* make_origin_page(const nlohmann::ordered_json& message);
/// Storage, key, PIN; sign or cancel.
DialogPage* make_request_page(const nlohmann::ordered_json& message);

}  // namespace kilt::dialog
