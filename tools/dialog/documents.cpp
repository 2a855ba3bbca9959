#include "tools/dialog/documents.h"

#include <gtkmm/scrolledwindow.h>
#include <gtkmm/textview.h>
#include <gtkmm/togglebutton.h>

#include "tools/dialog/widgets.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {
namespace {

using tool::tr;
using Json = nlohmann::ordered_json;

constexpr std::size_t kShown = 20;

std::string kind_text(const std::string& kind) {
  if (kind == "xml") return tr("XML");
  if (kind == "text") return tr("text");
  if (kind == "digest") return tr("only a digest of a document");
  if (kind == "signature") return tr("a signature that gets a time stamp");
  return tr("binary data");
}

/// A button, and what it shows. No expander: GTK 4.8's keeps the focus when it is closed.
void show_text(Gtk::Box& box, const std::string& title, const std::string& preview) {
  auto* view = Gtk::make_managed<Gtk::TextView>();
  view->get_buffer()->set_text(preview);
  view->set_editable(false);
  view->set_cursor_visible(false);
  view->set_monospace(true);
  view->set_left_margin(6);
  view->set_right_margin(6);
  view->set_accepts_tab(false);
  view->set_wrap_mode(Gtk::WrapMode::WORD_CHAR);
  name_for_readers(*view, tr("Contents of the document"));
  auto* scrolled = Gtk::make_managed<Gtk::ScrolledWindow>();
  scrolled->set_child(*view);
  scrolled->set_min_content_height(140);
  scrolled->set_focusable(false);
  scrolled->set_visible(false);
  auto* button = Gtk::make_managed<Gtk::ToggleButton>();
  label_button(*button, tr("Look at it"));
  name_for_readers(*button, tr("Look at it") + ": " + title);
  button->set_halign(Gtk::Align::START);
  button->signal_toggled().connect(
      [button, scrolled] { scrolled->set_visible(button->get_active()); });
  box.append(*button);
  box.append(*scrolled);
}

}  // namespace

std::string size_text(std::size_t size) {
  if (size < 10'000) return tool::trn("{0} byte", "{0} bytes", size);
  if (size < 10'000'000) return tr("{0} kB", size / 1000);
  return tr("{0} MB", size / 1'000'000);
}

Documents::Documents(const Json& request) : Gtk::Box(Gtk::Orientation::VERTICAL, 6) {
  const auto count = request.value("count", std::size_t{0});
  if (count > 1)
    append(*make_label(tool::trn("{0} document, signed with one consent:",
                                 "{0} documents, signed with one consent:", count)));
  const Json& documents = request["documents"];
  auto* list = Gtk::make_managed<Gtk::Box>(Gtk::Orientation::VERTICAL, 6);
  for (std::size_t i = 0; i < documents.size() && i < kShown; ++i) {
    const Json& document = documents[i];
    const std::string digest = text_of(document, "digest");
    const std::string title = fmt::format("{}, {}", kind_text(text_of(document, "kind")),
                                          size_text(document.value("size", std::size_t{0})));
    list->append(*make_label(title));
    list->append(*make_label("SHA-256 " + digest.substr(0, 32) + "\n" + std::string(8, ' ') +
                                 digest.substr(std::min(digest.size(), std::size_t{32})),
                             "digest"));
    if (const std::string preview = text_of(document, "preview"); !preview.empty())
      show_text(*list, title, preview);
  }
  if (documents.size() > kShown || count > documents.size())
    list->append(*make_label(tr("… and {0} more", count - std::min(documents.size(), kShown))));
  if (count > 1) {
    auto* scrolled = Gtk::make_managed<Gtk::ScrolledWindow>();
    scrolled->set_child(*list);
    scrolled->set_min_content_height(160);
    name_for_readers(*scrolled, tr("Documents"));
    append(*scrolled);
  } else {
    append(*list);
  }
}

}  // namespace kilt::dialog
