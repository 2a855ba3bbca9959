// The first use of a site.
#include "tools/dialog/channel.h"
#include "tools/dialog/widgets.h"
#include "tools/dialog/window.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {
namespace {

using tool::tr;
using Json = nlohmann::ordered_json;

constexpr unsigned kDeaf =
    700;  // ms in which a click or key that was meant for the page is ignored

class OriginPage : public DialogPage {
 public:
  explicit OriginPage(const Json& message) {
    append(*make_label(tool::clean(text_of(message, "origin")), "title"));
    append(
        *make_label(tr("This site wants to use your keys. If you allow it, it may see which tokens "
                       "are plugged in and ask for signatures; each signature is shown to you and "
                       "needs your consent.")));
    append(*make_label(tr("Allow only a site that you opened yourself and know.")));
    auto* buttons = Gtk::make_managed<Gtk::Box>(Gtk::Orientation::HORIZONTAL, 8);
    buttons->set_halign(Gtk::Align::END);
    label_button(refuse_, tr("_Refuse"));
    label_button(allow_, tr("_Allow"));
    for (Gtk::Button* button : {&refuse_, &allow_}) {
      button->set_sensitive(false);
      buttons->append(*button);
    }
    append(*buttons);
    refuse_.signal_clicked().connect([this] { answer("deny"); });
    allow_.signal_clicked().connect([this] { answer("allow"); });
    Glib::signal_timeout().connect_once(
        [this] {
          allow_.set_sensitive(true);
          refuse_.set_sensitive(true);
          refuse_.grab_focus();
        },
        kDeaf);
  }
  bool received(const Json& /*message*/) override { return false; }

 private:
  void answer(const char* event) {
    Channel::send({{"event", event}});
    refuse_.set_sensitive(false);
    allow_.set_sensitive(false);
    signal_answered().emit();
  }
  Gtk::Button refuse_, allow_;
};

}  // namespace

DialogPage* make_origin_page(const Json& message) { return new OriginPage(message); }

}  // namespace kilt::dialog
