// GTK's password entry without its leak: GTK 4.8 tells screen readers, and so every program of this
// user, each character that is typed into it, and its whole text when asked.
#pragma once

#include <gtkmm/widget.h>

namespace kilt::dialog {

/// A password entry with the role of one, whose text is not among what AT-SPI tells. Managed.
Gtk::Widget* make_pin_entry();

/// What is typed in: GTK's own widget inside it, with its secure buffer.
GtkEditable* editable_of(Gtk::Widget& pin_entry);

}  // namespace kilt::dialog
