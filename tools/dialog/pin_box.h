// PIN entry: GTK's secure buffer, tries left, warnings of Caps Lock (GTK's own), of another
// alphabet, of a factory PIN.
#pragma once

#include <string>

#include <gtkmm/box.h>
#include <gtkmm/label.h>
#include <gtkmm/passwordentry.h>
#include <nlohmann/json.hpp>

namespace kilt::dialog {

class PinBox : public Gtk::Box {
 public:
  PinBox();
  /// What is known of the PIN: the member "pin" of a storage. `file`: it is a file's password.
  void show(const nlohmann::ordered_json& pin, bool file);
  /// To the bridge; the entry is empty afterwards. false: nothing was typed, or too much.
  bool send();
  void focus() { entry_.grab_focus(); }
  [[nodiscard]] bool empty() const;
  /// Enter was pressed.
  sigc::signal<void()>& signal_enter() { return enter_; }
  sigc::signal<void()>& signal_typed() { return typed_; }

 private:
  void look();
  static void entered(GtkPasswordEntry* entry, gpointer self);
  Gtk::Label question_, state_, warning_;
  Gtk::PasswordEntry entry_;
  sigc::signal<void()> enter_, typed_;
};

}  // namespace kilt::dialog
