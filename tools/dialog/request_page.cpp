// A signature, or the choice of a certificate.
#include <algorithm>

#include <gtkmm/progressbar.h>
#include <gtkmm/scrolledwindow.h>

#include "tools/dialog/channel.h"
#include "tools/dialog/documents.h"
#include "tools/dialog/keys.h"
#include "tools/dialog/pin_box.h"
#include "tools/dialog/storage_list.h"
#include "tools/dialog/widgets.h"
#include "tools/dialog/window.h"
#include "tools/terminal/text.h"

namespace kilt::dialog {
namespace {

using tool::tr;
using Json = nlohmann::ordered_json;

constexpr unsigned kDeaf = 700;

std::string heading(const std::string& operation) {
  if (operation == "key-info") return tr("asks for your certificate");
  if (operation == "xml") return tr("asks for a signature of XML");
  if (operation == "raw") return tr("asks for a bare signature");
  return tr("asks for a signature");
}

class RequestPage : public DialogPage {
 public:
  explicit RequestPage(const Json& message)
      : private_key_(message.value("private_key", true)),
        last_storage_(text_of(message["last"], "storage")),
        last_key_(text_of(message["last"], "key")) {
    append(*make_label(tool::clean(text_of(message, "origin")), "title"));
    append(*make_label(heading(text_of(message, "operation"))));
    if (message.value("count", 0) > 0) append(*Gtk::make_managed<Documents>(message));
    append(nothing_);
    add_list(some_storages_, storages_);
    add_list(some_keys_, keys_);
    append(pin_);
    for (Gtk::Label* label : {&nothing_, &message_}) lay_out(*label, true);
    message_.add_css_class("error");
    append(message_);
    append(progress_);
    progress_.set_visible(false);
    message_.set_visible(false);
    add_buttons();
    storages_.signal_chosen().connect([this] { storage_chosen(); });
    keys_.signal_selected_rows_changed().connect([this] { update(); });
    pin_.signal_typed().connect([this] { update(); });
    pin_.signal_enter().connect([this] {
      if (agree_.get_sensitive()) agree();
    });
    // Enter or a click in a list goes on, and agrees to nothing.
    storages_.signal_row_activated().connect([this](Gtk::ListBoxRow* /*row*/) { go_on(); });
    keys_.signal_row_activated().connect([this](Gtk::ListBoxRow* /*row*/) {
      if (!wants_pin() || !pin_.focus()) agree_.grab_focus();
    });
    show_storages(message["storages"]);
    // What is not yet on the screen takes no focus.
    signal_map().connect([this] { go_on(); });
    Glib::signal_timeout().connect_once(
        [this] {
          deaf_ = false;
          update();
        },
        kDeaf);
  }

  bool received(const Json& message) override {
    const std::string type = text_of(message, "type");
    if (type == "done") return false;
    if (type == "storages") show_storages(message["storages"]);
    if (type == "keys" || type == "refused") working_ = false;
    if (type == "keys") replace(message["storage"]);
    if (type == "refused") refused(message);
    if (type == "progress") progress(message);
    if (type == "failed") failed(message);
    update();
    // The user goes on where the work stopped; what cannot be used takes no focus.
    if (type == "keys" || type == "refused") go_on();
    return true;
  }

 private:
  void add_buttons() {
    auto* buttons = Gtk::make_managed<Gtk::Box>(Gtk::Orientation::HORIZONTAL, 8);
    buttons->set_halign(Gtk::Align::END);
    label_button(cancel_, tr("_Cancel"));
    label_button(agree_, private_key_ ? tr("_Sign") : tr("_Give it"));
    agree_.add_css_class("suggested-action");
    for (Gtk::Button* button : {&cancel_, &agree_}) buttons->append(*button);
    append(*buttons);
    cancel_.signal_clicked().connect([this] {
      Channel::send({{"event", "cancel"}});
      signal_answered().emit();
    });
    agree_.signal_clicked().connect([this] { agree(); });
  }

  void add_list(Gtk::ScrolledWindow& window, Gtk::ListBox& list) {
    window.set_child(list);
    window.set_focusable(false);
    append(window);
  }

  /// A list as high as it is, up to `most` pixels; then it scrolls. A window of GTK 4 that is open
  /// grows for what has to be on it, not for what would fit better.
  static void fit(Gtk::ScrolledWindow& window, const Gtk::ListBox& list, int most) {
    constexpr int kWidth = 524;  // before it is on the screen
    int least = 0, natural = 0, baseline = 0;
    const int width = list.get_width() > 0 ? list.get_width() : kWidth;
    list.measure(Gtk::Orientation::VERTICAL, width, least, natural, baseline, baseline);
    window.set_min_content_height(std::min(natural, most));
    // One that might scroll is never lower than its scroll bar.
    window.set_policy(Gtk::PolicyType::NEVER,
                      natural > most ? Gtk::PolicyType::AUTOMATIC : Gtk::PolicyType::NEVER);
  }

  /// Where the user is next: at the PIN, at the keys, or at the way out.
  void go_on() {
    if (wants_pin() && pin_.focus()) return;
    if (!keys_.focus()) cancel_.grab_focus();
  }

  void show_storages(const Json& storages) {
    data_ = storages;
    storages_.show(data_, last_storage_);
    some_storages_.set_visible(!data_.empty());
    fit(some_storages_, storages_, 120);
    nothing_.set_text(data_.empty() ? tr("No fitting token is plugged in. Plug it in now; this "
                                         "window will see it.")
                                    : "");
    nothing_.set_visible(data_.empty());
  }

  /// One storage as it is now, after it was opened.
  void replace(const Json& storage) {
    for (Json& entry : data_)
      if (text_of(entry, "id") == text_of(storage, "id")) entry = storage;
    storage_chosen();
  }

  [[nodiscard]] const Json* current() const {
    const int index = storages_.chosen();
    return index < 0 ? nullptr : &data_[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] std::string current_id() const {
    const Json* storage = current();
    return storage == nullptr ? std::string() : text_of(*storage, "id");
  }
  [[nodiscard]] bool wants_pin() const {
    const Json* storage = current();
    if (storage == nullptr || storage->value("logged_in", false)) return false;
    return private_key_ || (*storage)["keys"].empty();
  }

  void storage_chosen() {
    const Json* storage = current();
    if (storage != nullptr) {
      const std::string chosen = keys_.chosen();
      keys_.show(*storage, chosen.empty() ? last_key_ : chosen);
      pin_.show((*storage)["pin"], text_of(*storage, "kind") == "PKCS12");
    }
    some_keys_.set_visible(storage != nullptr && !(*storage)["keys"].empty());
    fit(some_keys_, keys_, 240);
    pin_.set_visible(wants_pin());
    update();
  }

  void update() {
    const Json* storage = current();
    const bool unseen = storage != nullptr && (*storage)["keys"].empty();
    const bool ready = storage != nullptr && (unseen || !keys_.chosen().empty()) &&
                       (!wants_pin() || !pin_.empty());
    agree_.set_sensitive(ready && !working_ && !over_ && !deaf_);
    pin_.set_sensitive(!working_ && !over_);
    keys_.set_sensitive(!working_ && !over_);
    storages_.set_sensitive(!working_ && !over_);
  }

  void agree() {
    show_message({});
    Json event{{"event", "choose"}, {"storage", current_id()}, {"pin", false}};
    if (const std::string key = keys_.chosen(); !key.empty()) event["key"] = key;
    if (wants_pin()) {
      if (!pin_.send()) return;
      event["pin"] = true;
    }
    working_ = true;
    update();
    Channel::send(event);
  }

  void refused(const Json& message) {
    show_message(words_of(message, "message"));
    if (const Json* storage = current(); storage != nullptr && message.contains("pin"))
      pin_.show(message["pin"], text_of(*storage, "kind") == "PKCS12");
  }
  void progress(const Json& message) {
    const auto count = message.value("count", 0.0);
    progress_.set_visible(count > 1);
    if (count > 0) progress_.set_fraction(message.value("done", 0.0) / count);
  }
  void failed(const Json& message) {
    over_ = true;
    progress_.set_visible(false);
    show_message(words_of(message, "message"));
    label_button(cancel_, tr("_Close"));
    describe_for_readers(cancel_, message_.get_text());
    cancel_.grab_focus();
  }
  void show_message(const std::string& text) {
    message_.set_text(tool::clean(text));
    message_.set_visible(!text.empty());
    pin_.explain(message_.get_text());
  }

  bool private_key_;
  std::string last_storage_, last_key_;
  Json data_ = Json::array();
  bool working_ = false, over_ = false, deaf_ = true;
  Gtk::Label nothing_, message_;
  StorageList storages_;
  Keys keys_;
  Gtk::ScrolledWindow some_storages_, some_keys_;
  PinBox pin_;
  Gtk::ProgressBar progress_;
  Gtk::Button cancel_, agree_;
};

}  // namespace

DialogPage* make_request_page(const Json& message) { return new RequestPage(message); }

}  // namespace kilt::dialog
