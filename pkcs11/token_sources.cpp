#include "pkcs11/token_sources.h"

#include "drivers/delegate/source.h"
#include "drivers/files/file_source.h"
#include "pkcs11/log.h"

namespace kilt::p11 {

TokenSources make_token_sources(const Config& config, const ProfileSet& profiles,
                                Transports transports) {
  std::vector<delegate::Rule> for_readers, for_modules;
  for (delegate::Rule rule : config.delegates) {
    rule.log = [](const std::string& line) { log_line(line); };
    (rule.is_for_readers() ? for_readers : for_modules).push_back(std::move(rule));
  }
  TokenSources sources;
  for (auto& transport : transports) {
    auto cards = make_card_source(std::move(transport), profiles);
    if (!for_readers.empty())
      cards = delegate::make_delegated_source(std::move(cards), for_readers);
    sources.push_back(std::move(cards));
  }
  for (delegate::Rule& rule : for_modules)
    sources.push_back(delegate::make_module_source(std::move(rule)));
  if (!config.files.empty()) sources.push_back(files::make_file_source(config.files));
  return sources;
}

}  // namespace kilt::p11
