// What web pages say: any text, through the bridge's own dispatcher and its two threads, on a GOST
// key in a file, with a user whom the first byte describes. The rest are requests, 1E between them.
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <fstream>
#include <mutex>

#include "apdu/tlv.h"
#include "drivers/crypto/spki.h"
#include "tests/fuzz/fixed_keys.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/support/paths.h"
#include "tests/tools/bridge/soft_token.h"
#include "tools/bridge/methods.h"
#include "tools/signing/cades.h"
#include "tools/signing/cms_check.h"
#include "tools/signing/xml_check.h"

namespace {

using namespace kilt::bridge;  // NOLINT(google-build-using-namespace): the program is about it
using kilt::fuzz::check;
using test::kPin;

constexpr char kBetween = '\x1E';
constexpr std::size_t kMaxRequests = 4;
constexpr const char* kOrigin = "https://nca.example";

/// The user, the administrator and the page of one input.
struct Behaviour {
  explicit Behaviour(unsigned bits)
      : listed((bits & 1U) != 0),
        admits((bits & 2U) == 0),
        agrees((bits & 4U) == 0),
        nameless((bits & 8U) != 0),
        nursign((bits & 16U) != 0),
        chooses_file((bits & 32U) != 0),
        leaves((bits & 64U) != 0),
        types_late((bits & 128U) != 0) {}
  bool listed;        ///< the administrator allows the site
  bool admits;        ///< the user does, if asked
  bool agrees;        ///< to signatures; else closes each dialogue
  bool nameless;      ///< no Origin header
  bool nursign;       ///< bridge.modules names it
  bool chooses_file;  ///< and does not close the dialogue about files
  bool leaves;        ///< the page is closed while a dialogue stands
  bool types_late;    ///< the PIN comes when it is asked for
  [[nodiscard]] bool admitted() const { return !nameless && (listed || admits); }
};

std::string text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

kilt::Bytes sequence(std::initializer_list<kilt::Bytes> parts, std::uint32_t tag = 0x30) {
  kilt::Bytes body;
  for (const kilt::Bytes& part : parts) kilt::append(body, part);
  return kilt::tlv::encode(tag, body);
}

/// A PKCS#12 file (RFC 7292) that is not enciphered and has no MAC: the derivation of keys, which
/// takes milliseconds, is not what is tried here. Any password opens it.
kilt::Bytes plain_file(const kilt::crypto::HostKey& key, const kilt::Bytes& certificate) {
  using kilt::from_hex;
  constexpr std::uint32_t kOctets = 0x04, kSet = 0x31, kTag0 = 0xA0;
  const kilt::Bytes id =
      sequence({sequence({from_hex("06092A864886F70D010915"),
                          sequence({sequence({from_hex("47")}, kOctets)}, kSet)})},
               kSet);
  const kilt::Bytes secret = kilt::to_bytes(key.private_key_info().view());
  const kilt::Bytes key_bag =
      sequence({from_hex("060B2A864886F70D010C0A0101"), sequence({secret}, kTag0), id});
  const kilt::Bytes x509 = sequence(
      {from_hex("060A2A864886F70D01091601"), sequence({sequence({certificate}, kOctets)}, kTag0)});
  const kilt::Bytes certificate_bag =
      sequence({from_hex("060B2A864886F70D010C0A0103"), sequence({x509}, kTag0), id});
  const auto data = [&](const kilt::Bytes& contents) {
    return sequence(
        {from_hex("06092A864886F70D010701"), sequence({sequence({contents}, kOctets)}, kTag0)});
  };
  const kilt::Bytes safe = sequence({data(sequence({key_bag, certificate_bag}))});
  return sequence({from_hex("020103"), data(safe)});
}

/// A folder with one key file; the environment says that it is the only token.
struct KeyFile {
  test::Folder folder;
  std::string document;
  KeyFile() {
    const std::shared_ptr<kilt::crypto::HostKey> key = kilt::fuzz::fixed_key(false);
    const kilt::Bytes info = kilt::crypto::public_key_info(key->public_key());
    const kilt::tool::Bytes certificate =
        test::issue({info.begin(), info.end()},
                    {"GOST", "/CN=TEST OWNER/SN=TEST/serialNumber=IIN000000000001/C=KZ",
                     "critical,digitalSignature,nonRepudiation,keyAgreement",
                     "emailProtection,1.2.398.3.3.4.1.1", -1, 3000});
    std::ofstream(folder.path() / "GOST.p12", std::ios::binary)
        << kilt::to_text(plain_file(*key, {certificate.begin(), certificate.end()}));
    std::ofstream(folder.path() / "kilt.toml") << "[readers]\npcsc = false\n";
    document = (folder.path() / "document").string();
    std::ofstream(document) << "a file";
    setenv("KILT_CONF", (folder.path() / "kilt.toml").c_str(), 1);
    setenv("KILT_FILES", folder.path().c_str(), 1);
    setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  }
};

class Bridge {
 public:
  Bridge() : module_(kilt::test::paths::module()), pages_(desk_) {
    settings_.state = "/dev/null/nowhere";
    pages_.send_by([this](ConnectionId id, const std::string& answer) { take(id, answer); });
  }

  void run(kilt::BytesView input) {
    user_ = Behaviour(input[0]);
    page_ = ++last_;
    answers_.clear();
    requested_ = done_ = 0;
    gone_ = false;
    start();
    std::vector<std::string> requests = split(input.subspan(1));
    requests.emplace_back("{}");  // an answer too many would stand in its place
    pages_.opened(page_, user_.nameless ? "" : kOrigin);
    std::size_t heartbeats = 0;
    for (const std::string& request : requests) {
      if (!pages_.received(page_, request)) check(is_gone(), "a request was not taken");
      if (request == kHeartbeat) ++heartbeats;
    }
    std::erase(requests, kHeartbeat);
    if (wait(requests.size() + heartbeats + 1)) {
      judge(requests, heartbeats);
      pages_.closed(page_);
      return;
    }
    // The page left: nothing more for it, and the user's thread comes to its end with it.
    page_ = ++last_;
    gone_ = false;
    answers_.clear();
    user_.leaves = false;
    pages_.opened(page_, kOrigin);
    check(pages_.received(page_, R"({"module":"kz.gov.pki.knca.commonUtils","method":"x"})") &&
              wait(2),
          "no answer after a page left");
    pages_.closed(page_);
  }

 private:
  /// The dialogue, as the user of this input plays it.
  class Played : public Dialogue {
   public:
    explicit Played(Bridge& bridge) : bridge_(&bridge) {}
    void send(const Json& message) override {
      const Behaviour& user = bridge_->user_;
      const std::string type = text(message, "type");
      if (type == "origin") events_.push_back({{"event", user.admits ? "allow" : "deny"}});
      if (type == "file" && user.chooses_file)
        events_.push_back({{"event", "file"}, {"path", bridge_->file_.document}});
      else if (type == "file" || type == "refused" || type == "failed")
        cancel();
      if (type == "done") ++bridge_->done_;
      if (type == "request") {
        ++bridge_->requested_;
        if (user.leaves) bridge_->leave();
        if (!user.agrees) return cancel();
        choose(message["storages"], message["private_key"].get<bool>() && !user.types_late);
      }
      if (type == "keys") {
        if (++listings_ > 3) return cancel();
        choose(Json::array({message["storage"]}), message["needs_pin"].get<bool>());
      }
    }
    std::optional<Json> next(std::chrono::milliseconds wait) override {
      if (events_.empty()) {
        check(wait.count() == 0 || bridge_->gone_, "the bridge waits for a user who has answered");
        return std::nullopt;
      }
      Json event = events_.front();
      events_.pop_front();
      return event;
    }
    kilt::tool::Secret pin() override { return kilt::tool::Secret(kilt::tool::view(kPin)); }

   private:
    void cancel() { events_.push_back({{"event", "cancel"}}); }
    void choose(const Json& storages, bool pin) {
      for (const Json& storage : storages) {
        const bool closed = storage["keys"].empty() && !storage["logged_in"].get<bool>();
        for (const Json& key : storage["keys"])
          if (text(key, "reason").empty()) return choose(storage, text(key, "id"), pin);
        if (closed) return choose(storage, {}, true);
      }
      cancel();
    }
    void choose(const Json& storage, const std::string& key, bool pin) {
      events_.push_back(
          {{"event", "choose"}, {"storage", storage["id"]}, {"key", key}, {"pin", pin}});
    }
    Bridge* bridge_;
    std::deque<Json> events_;
    int listings_ = 0;
  };

  /// The methods are made anew for each input: what was answered once is not remembered.
  class Forward : public Desk {
   public:
    std::optional<std::string> at_once(Page& page, const Request& request) override {
      return methods->at_once(page, request);
    }
    std::string with_user(Page& page, Request request) override {
      return methods->with_user(page, std::move(request));
    }
    std::unique_ptr<Methods> methods;
  };

  void start() {
    settings_.allow.clear();
    if (user_.listed) settings_.allow.emplace_back(kOrigin);
    settings_.modules.clear();
    if (user_.nursign) settings_.modules.emplace_back(kNurSign);
    desk_.methods.reset();
    origins_ = std::make_unique<Origins>(settings_);
    consent_ = std::make_unique<Consent>(
        module_, *origins_, [this](const std::string&) { return std::make_unique<Played>(*this); });
    desk_.methods = std::make_unique<Methods>(settings_, *consent_);
  }

  static std::vector<std::string> split(kilt::BytesView input) {
    std::vector<std::string> list(1);
    for (const kilt::Byte byte : input) {
      if (static_cast<char>(byte) == kBetween && list.size() < kMaxRequests)
        list.emplace_back();
      else
        list.back() += static_cast<char>(byte);
    }
    return list;
  }

  void take(ConnectionId id, const std::string& answer) {
    const std::lock_guard lock(mutex_);
    check(id == page_, "an answer for a page that was closed");
    check(!gone_ || answer == kHeartbeat, "an answer for a page that has left");
    answers_.push_back(answer);
    changed_.notify_all();
  }
  /// On the user's thread.
  void leave() {
    pages_.closed(page_);
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }
  bool is_gone() {
    const std::lock_guard lock(mutex_);
    return gone_;
  }
  /// false: the page has left.
  bool wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    check(changed_.wait_for(lock, std::chrono::seconds(60),
                            [&] { return gone_ || answers_.size() >= count; }),
          "a request was not answered");
    return !gone_;
  }

  void judge(const std::vector<std::string>& requests, std::size_t heartbeats) {
    check(answers_.front() == greeting(), "the greeting does not come first");
    answers_.erase(answers_.begin());
    check(std::erase(answers_, kHeartbeat) == heartbeats, "the heartbeat is not echoed once");
    check(answers_.size() == requests.size(), "not one answer for each request");
    std::size_t granted = 0;
    for (std::size_t i = 0; i < requests.size(); ++i) granted += judge(requests[i], answers_[i]);
    check(granted == done_, "something was granted without consent, or consent led to nothing");
    check(requested_ <= requests.size(), "more than one dialogue for a request");
    check(user_.agrees || done_ == 0, "signed though the user closed the dialogue");
    check(user_.admitted() || requested_ == 0, "a site that was refused gets dialogues");
  }

  /// 1 if the answer holds what needs consent.
  [[nodiscard]] std::size_t judge(const std::string& asked, const std::string& answer) const {
    const auto request = parse_request(asked);
    if (!request) {
      check(answer == broken_json(), "broken JSON is answered otherwise");
      return 0;
    }
    const std::string& module = request->module;
    const bool served = module == kCommonUtils || module == kBasics || module == kAccessory ||
                        (module == kNurSign && user_.nursign);
    if (!served) {
      check(answer == module_not_found(), "an unknown module is answered otherwise");
      return 0;
    }
    const Json json = Json::parse(answer, nullptr, false);
    check(json.is_object(), "the answer is no JSON object");
    const bool body = json.contains("body") && json["body"].contains("result");
    const bool given = body || json.contains("responseObject") || json.contains("services") ||
                       json.contains(kBasics) || text(json, "errorCode") == "NONE" ||
                       text(json, "code") == "200";
    check(user_.admitted() || !given, "a site that was refused learns something");
    if (module == kCommonUtils) {
      check(json.contains("code"), "an answer without a code");
      const std::string& method = request->method;
      if (!json.contains("responseObject") || method == "getActiveTokens" ||
          method == "showFileChooser")
        return 0;
      verify(*request, json["responseObject"]);
      return 1;
    }
    if (module == kNurSign)
      return text(json, "errorCode") == "NONE" && text(request->json, "type") != "version" ? 1 : 0;
    if (module == kBasics) check(json.contains("status"), "an answer without a status");
    return body ? 1 : 0;
  }

  /// What was signed is what was sent.
  static void verify(const Request& request, const Json& result) {
    const Json& arguments = request.arguments;
    if (request.method == "signXml" && result.is_string() && text_at(arguments, 3).empty() &&
        text_at(arguments, 4).empty() &&
        text_at(arguments, 2).find("Signature") == std::string::npos) {
      const auto verdict = kilt::tool::verify_xml(kilt::tool::view(result.get<std::string>()));
      check(verdict.signers.size() == 1 && verdict.signature == kilt::tool::Verification::kFits,
            "the XML signature just made does not verify");
    }
    if (request.method == "createCAdESFromBase64") {
      const auto document = from_base64(text_at(arguments, 2));
      const auto cms = from_base64(result.get<std::string>());
      check(document && cms, "no base64");
      if (kilt::tool::SignedData::parse(*document)) return;  // got one more signature
      const bool inside = as_flag(arguments[3]).value_or(false);
      kilt::tool::Content content{kilt::tool::BytesView(*document)};
      const auto checked = kilt::tool::check_cms(*cms, inside ? nullptr : &content);
      check(checked.good && (!inside || checked.content == *document),
            "the CMS just made does not verify over what was sent");
    }
  }
  static std::string text_at(const Json& arguments, std::size_t i) {
    return arguments[i].is_string() ? arguments[i].get<std::string>() : std::string();
  }

  KeyFile file_;
  Settings settings_ = Settings::parse("");
  ModuleThread module_;
  std::unique_ptr<Origins> origins_;
  std::unique_ptr<Consent> consent_;
  Forward desk_;
  Pages pages_;
  Behaviour user_{0};
  ConnectionId page_ = 0, last_ = 0;
  std::mutex mutex_;  // of the two below and answers_
  std::condition_variable changed_;
  std::atomic<bool> gone_{false};
  std::vector<std::string> answers_;
  std::size_t requested_ = 0, done_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static Bridge bridge;
  bridge.run({data, size});
  return 0;
}
