// A signature, or the choice of a certificate.
#include <gtkmm/dropdown.h>
#include <gtkmm/progressbar.h>
#include <gtkmm/scrolledwindow.h>
#include <gtkmm/stringlist.h>

#include "tools/dialog/channel.h"
#include "tools/dialog/documents.h"
#include "tools/dialog/keys.h"
#include "tools/dialog/pin_box.h"
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

std::string storage_text(const Json& storage) {
  const std::string label = text_of(storage, "label");
  const std::string serial = text_of(storage, "serial");
  return label.empty() ? serial : fmt::format("{} ({})", label, serial);
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
    append(storages_);
    scrolled_.set_child(keys_);
    scrolled_.set_policy(Gtk::PolicyType::NEVER, Gtk::PolicyType::AUTOMATIC);
    scrolled_.set_propagate_natural_height(true);
    scrolled_.set_max_content_height(240);
    append(scrolled_);
    append(pin_);
    for (Gtk::Label* label : {&nothing_, &message_}) {
      label->set_wrap(true);
      label->set_xalign(0.0F);
      label->set_max_width_chars(62);
    }
    message_.add_css_class("error");
    append(message_);
    append(progress_);
    progress_.set_visible(false);
    message_.set_visible(false);
    name_for_readers(storages_, tr("Storage"));
    add_buttons();
    storages_.property_selected().signal_changed().connect([this] { storage_chosen(); });
    keys_.signal_selected_rows_changed().connect([this] { update(); });
    pin_.signal_typed().connect([this] { update(); });
    pin_.signal_enter().connect([this] {
      if (agree_.get_sensitive()) agree();
    });
    show_storages(message["storages"]);
    // What is not yet on the screen takes no focus.
    signal_map().connect([this] {
      if (wants_pin()) pin_.focus();
    });
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
    if (type == "keys") {
      working_ = false;
      replace(message["storage"]);
      if (message.value("needs_pin", false)) pin_.focus();
    }
    if (type == "refused") refused(message);
    if (type == "progress") progress(message);
    if (type == "failed") failed(message);
    update();
    return true;
  }

 private:
  void add_buttons() {
    auto* buttons = Gtk::make_managed<Gtk::Box>(Gtk::Orientation::HORIZONTAL, 8);
    buttons->set_halign(Gtk::Align::END);
    cancel_.set_label(tr("_Cancel"));
    agree_.set_label(private_key_ ? tr("_Sign") : tr("_Give it"));
    agree_.add_css_class("suggested-action");
    for (Gtk::Button* button : {&cancel_, &agree_}) {
      button->set_use_underline(true);
      buttons->append(*button);
    }
    append(*buttons);
    cancel_.signal_clicked().connect([this] {
      Channel::send({{"event", "cancel"}});
      signal_answered().emit();
    });
    agree_.signal_clicked().connect([this] { agree(); });
  }

  void show_storages(const Json& storages) {
    const std::string now = current_id();
    data_ = storages;
    auto names = Gtk::StringList::create({});
    guint chosen = 0;
    for (std::size_t i = 0; i < data_.size(); ++i) {
      names->append(storage_text(data_[i]));
      const std::string id = text_of(data_[i], "id");
      if (id == now || (now.empty() && id == last_storage_)) chosen = static_cast<guint>(i);
    }
    storages_.set_model(names);
    storages_.set_selected(chosen);
    storages_.set_visible(data_.size() > 0);
    nothing_.set_text(data_.empty() ? tr("No fitting token is plugged in. Plug it in now; this "
                                         "window will see it.")
                                    : "");
    nothing_.set_visible(data_.empty());
    storage_chosen();
  }

  /// One storage as it is now, after it was opened.
  void replace(const Json& storage) {
    for (Json& entry : data_)
      if (text_of(entry, "id") == text_of(storage, "id")) entry = storage;
    storage_chosen();
  }

  [[nodiscard]] const Json* current() const {
    const guint index = storages_.get_selected();
    return index < data_.size() ? &data_[index] : nullptr;
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
    scrolled_.set_visible(storage != nullptr && !(*storage)["keys"].empty());
    pin_.set_visible(wants_pin());
    update();
    if (wants_pin()) pin_.focus();
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
    message_.set_visible(false);
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
    working_ = false;
    show_message(text_of(message, "message"));
    if (const Json* storage = current(); storage != nullptr && message.contains("pin"))
      pin_.show(message["pin"], text_of(*storage, "kind") == "PKCS12");
    pin_.focus();
  }
  void progress(const Json& message) {
    const auto count = message.value("count", 0.0);
    progress_.set_visible(count > 1);
    if (count > 0) progress_.set_fraction(message.value("done", 0.0) / count);
  }
  void failed(const Json& message) {
    over_ = true;
    progress_.set_visible(false);
    show_message(text_of(message, "message"));
    cancel_.set_label(tr("_Close"));
    cancel_.grab_focus();
  }
  void show_message(const std::string& text) {
    message_.set_text(tool::clean(text));
    message_.set_visible(!text.empty());
    name_for_readers(message_, text);
  }

  bool private_key_;
  std::string last_storage_, last_key_;
  Json data_ = Json::array();
  bool working_ = false, over_ = false, deaf_ = true;
  Gtk::Label nothing_, message_;
  Gtk::DropDown storages_;
  Gtk::ScrolledWindow scrolled_;
  Keys keys_;
  PinBox pin_;
  Gtk::ProgressBar progress_;
  Gtk::Button cancel_, agree_;
};

}  // namespace

DialogPage* make_request_page(const Json& message) { return new RequestPage(message); }

}  // namespace kilt::dialog
