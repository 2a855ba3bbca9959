#include "tools/dialog/widgets.h"

#include <algorithm>

#include <gtkmm/object.h>

#include "tools/terminal/text.h"

namespace kilt::dialog {

Gtk::Label* make_label(const std::string& text, const char* style) {
  auto* label = Gtk::make_managed<Gtk::Label>(text);
  lay_out(*label);
  if (style != nullptr) label->add_css_class(style);
  return label;
}

void lay_out(Gtk::Label& label, bool alert) {
  // gtkmm 4.8 cannot set it.
  if (alert) g_object_set(label.gobj(), "accessible-role", GTK_ACCESSIBLE_ROLE_ALERT, nullptr);
  label.set_wrap(true);
  label.set_wrap_mode(Pango::WrapMode::WORD_CHAR);
  label.set_max_width_chars(62);
  label.set_xalign(0.0F);
}

void label_button(Gtk::Button& button, const std::string& text) {
  button.set_use_underline(true);
  button.set_label(text);
  std::string name = text;
  std::erase(name, '_');
  name_for_readers(button, name);
}

void name_for_readers(Gtk::Widget& widget, const std::string& name) {
  auto* accessible = GTK_ACCESSIBLE(widget.gobj());  // NOLINT: GTK's macro casts
  // A button is labelled by the label in it as well, which GTK 4.8 adds to the name.
  gtk_accessible_reset_relation(accessible, GTK_ACCESSIBLE_RELATION_LABELLED_BY);
  gtk_accessible_update_property(accessible, GTK_ACCESSIBLE_PROPERTY_LABEL, name.c_str(), -1);
}

void describe_for_readers(Gtk::Widget& widget, const std::string& description) {
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget.gobj()),  // NOLINT: GTK's macro casts
                                 GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description.c_str(), -1);
}

void one_stop_for_tab(Gtk::ListBox& list) {
  list.signal_selected_rows_changed().connect([&list] {
    auto* chosen = list.get_selected_row();
    const bool had_focus =
        gtk_widget_get_focus_child(GTK_WIDGET(list.gobj())) != nullptr;  // NOLINT
    if (chosen != nullptr) chosen->set_focusable(true);
    if (chosen != nullptr && had_focus) chosen->grab_focus();
    for (int i = 0; auto* row = list.get_row_at_index(i); ++i)
      row->set_focusable(chosen == nullptr || row == chosen);
  });
}

std::string text_of(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string words_of(const nlohmann::ordered_json& object, const char* key) {
  const std::string words = text_of(object, key);
  return words.empty() ? words : tool::translated(words.c_str());
}

}  // namespace kilt::dialog
