#include "tools/x509/revocation.h"

#include <array>

#include "tools/terminal/text.h"

namespace kilt::tool {

const char* revocation_name(Revocation state) noexcept {
  switch (state) {
    case Revocation::kGood:
      return "good";
    case Revocation::kRevoked:
      return "revoked";
    case Revocation::kUnknown:
      break;
  }
  return "unknown";
}

RevocationAnswer ask(const std::vector<std::unique_ptr<RevocationSource>>& sources,
                     const RevocationQuestion& question) {
  RevocationAnswer best;
  best.text = tr("no list or answer is about it");
  for (const auto& source : sources) {
    RevocationAnswer one;
    if (!source->answer(question, one)) continue;
    const bool decides = one.state != Revocation::kUnknown;
    if (best.state == Revocation::kUnknown || (decides && one.as_of >= best.as_of))
      best = std::move(one);
  }
  return best;
}

bool reaches(std::time_t issued, std::time_t next, std::time_t at) noexcept {
  // An answer that names no next one is good for the hour in which it was asked for.
  constexpr std::time_t kHour = 60L * 60;
  return issued >= at || (next != 0 ? next >= at : issued + kHour >= at);
}

std::string revocation_reason(int reason) {
  constexpr std::array kReasons{N_("without a reason"),
                                N_("the key is no longer secret"),
                                N_("the CA's key is no longer secret"),
                                N_("the owner's data changed"),
                                N_("another certificate replaces it"),
                                N_("it is no longer used"),
                                N_("suspended"),
                                "7",
                                "8",
                                N_("a right was withdrawn"),
                                N_("the CA's key is no longer secret")};
  const auto index = static_cast<std::size_t>(reason);
  return reason < 0 || index >= kReasons.size() ? tr(kReasons[0]) : tr(kReasons.at(index));
}

}  // namespace kilt::tool
