#include "tools/dialog/widgets.h"

#include <gtkmm/object.h>

namespace kilt::dialog {

Gtk::Label* make_label(const std::string& text, const char* style) {
  auto* label = Gtk::make_managed<Gtk::Label>(text);
  label->set_wrap(true);
  label->set_wrap_mode(Pango::WrapMode::WORD_CHAR);
  label->set_max_width_chars(62);
  label->set_xalign(0.0F);
  if (style != nullptr) label->add_css_class(style);
  return label;
}

void name_for_readers(Gtk::Widget& widget, const std::string& name) {
  gtk_accessible_update_property(GTK_ACCESSIBLE(widget.gobj()),  // NOLINT: GTK's macro casts
                                 GTK_ACCESSIBLE_PROPERTY_LABEL, name.c_str(), -1);
}

std::string text_of(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace kilt::dialog
