#include "tools/commands/remind/notice.h"

#include <ctime>

#include "tools/commands/report.h"
#include "tools/terminal/process.h"
#include "tools/terminal/state_file.h"
#include "tools/terminal/text.h"
#include "tools/x509/nca.h"

namespace kilt::tool {
namespace {

constexpr const char* kStateFile = "reminders.json";
constexpr std::size_t kMostEntries = 1000;

std::string name_of(const Found& one) { return one.info.serial + ' ' + to_hex(one.info.key_id); }

Stage stage_now(const Found& one) { return stage_of(one.info.days_left(std::time(nullptr))); }

bool was_told(const nlohmann::json& told, const Found& one) {
  if (stage_now(one) == Stage::kWeek) return false;
  const auto entry = told.find(name_of(one));
  return entry != told.end() && *entry == stage_days(stage_now(one));
}

/// The notification server reads the body as markup (Desktop Notifications, "Markup").
std::string without_markup(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

}  // namespace

void notify(const Context& context, const std::vector<Found>& due) {
  if (!has_program("notify-send")) return;
  const nlohmann::json told = read_state(kStateFile);
  std::vector<const Found*> news;
  std::string text;
  for (const Found& one : due) {
    if (was_told(told, one)) continue;
    news.push_back(&one);
    text += without_markup(clean(fmt::format("{}: {} ({})", context.personal(owner_of(one.info)),
                                             expiry_text(one.info), purpose_text(one.info)))) +
            '\n' + without_markup(clean(one.where)) + '\n';
  }
  if (news.empty()) return;
  const auto sent = run_program({"notify-send", "--app-name=Kilt", "--icon=dialog-warning", "--",
                                 tr("Certificates end soon"), text},
                                true);
  if (sent.code != 0) return;  // nobody has seen it
  change_state(kStateFile, [&](nlohmann::json& state) {
    if (state.size() >= kMostEntries) state = nlohmann::json::object();
    for (const Found* one : news) state[name_of(*one)] = stage_days(stage_now(*one));
  });
}

}  // namespace kilt::tool
