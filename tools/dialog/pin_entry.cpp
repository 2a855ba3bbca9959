#include "tools/dialog/pin_entry.h"

#include <glibmm/wrap.h>
#include <gtk/gtk.h>

// GObject's ways of casting.
// NOLINTBEGIN(cppcoreguidelines-pro-type-cstyle-cast, cppcoreguidelines-pro-type-reinterpret-cast)

namespace kilt::dialog {
namespace {

/// GTK's bridge to AT-SPI offers the text of an editable whose delegate is a GtkText. While this is
/// set on an entry, it is told that there is no delegate.
GQuark withheld() {
  static const GQuark kQuark = g_quark_from_static_string("kilt-text-withheld");
  return kQuark;
}
void withhold(GObject* entry, gpointer on) { g_object_set_qdata(entry, withheld(), on); }
/// For the time of a call that GTK's entry makes of itself.
class Told {
 public:
  explicit Told(GObject* entry) : entry_(entry), before_(g_object_get_qdata(entry, withheld())) {
    withhold(entry_, nullptr);
  }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;
  ~Told() { withhold(entry_, before_); }

 private:
  GObject* entry_;
  gpointer before_;
};

GObjectClass* parent_class = nullptr;
GtkEditableInterface* parent_editable = nullptr;

GtkEditable* get_delegate(GtkEditable* editable) {
  return g_object_get_qdata(G_OBJECT(editable), withheld()) != nullptr
             ? nullptr
             : parent_editable->get_delegate(editable);
}

// GTK's entry itself asks for these, and takes leave of its delegate when it ends.
void get_property(GObject* object, guint id, GValue* value, GParamSpec* spec) {
  const Told told(object);
  if (gtk_editable_delegate_get_property(object, id, value, spec) == 0)
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}
void set_property(GObject* object, guint id, const GValue* value, GParamSpec* spec) {
  const Told told(object);
  if (gtk_editable_delegate_set_property(object, id, value, spec) == 0)
    G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
}
void dispose(GObject* object) {
  withhold(object, nullptr);
  parent_class->dispose(object);
}

void class_init(gpointer type_class, gpointer /*data*/) {
  auto* object_class = static_cast<GObjectClass*>(type_class);
  parent_class = static_cast<GObjectClass*>(g_type_class_peek_parent(type_class));
  object_class->get_property = get_property;
  object_class->set_property = set_property;
  object_class->dispose = dispose;
  gtk_editable_install_properties(object_class, 1);
}
void editable_init(gpointer interface, gpointer /*data*/) {
  parent_editable = static_cast<GtkEditableInterface*>(g_type_interface_peek_parent(interface));
  static_cast<GtkEditableInterface*>(interface)->get_delegate = get_delegate;
}

GType pin_entry_type() {
  static const GType kType = [] {
    // One that cannot be derived from is of a later GTK, and taken as it is.
    if (G_TYPE_IS_FINAL(GTK_TYPE_PASSWORD_ENTRY)) return GTK_TYPE_PASSWORD_ENTRY;
    GTypeQuery parent{};
    g_type_query(GTK_TYPE_PASSWORD_ENTRY, &parent);
    GTypeInfo info{};
    info.class_size = static_cast<guint16>(parent.class_size);
    info.class_init = class_init;
    info.instance_size = static_cast<guint16>(parent.instance_size);
    const GType type = g_type_register_static(GTK_TYPE_PASSWORD_ENTRY, "KiltPinEntry", &info,
                                              static_cast<GTypeFlags>(0));
    const GInterfaceInfo editable{editable_init, nullptr, nullptr};
    g_type_add_interface_static(type, GTK_TYPE_EDITABLE, &editable);
    return type;
  }();
  return kType;
}

}  // namespace

Gtk::Widget* make_pin_entry() {
  auto* entry = GTK_WIDGET(g_object_new(pin_entry_type(), nullptr));
  if (pin_entry_type() != GTK_TYPE_PASSWORD_ENTRY) withhold(G_OBJECT(entry), GINT_TO_POINTER(1));
  return Gtk::manage(Glib::wrap(entry));
}

GtkEditable* editable_of(Gtk::Widget& pin_entry) {
  for (auto* child = gtk_widget_get_first_child(pin_entry.gobj()); child != nullptr;
       child = gtk_widget_get_next_sibling(child))
    if (GTK_IS_TEXT(child)) return GTK_EDITABLE(child);
  return GTK_EDITABLE(pin_entry.gobj());
}

}  // namespace kilt::dialog
// NOLINTEND(cppcoreguidelines-pro-type-cstyle-cast, cppcoreguidelines-pro-type-reinterpret-cast)
