#include "drivers/iso7816/sim_card.h"

#include <algorithm>
#include <array>

namespace kilt::iso7816 {

bool is_sim_card(const ObjectList& list) {
  static const std::array<Bytes, 2> kAccessRules{
      from_hex("060A2A864886FC6B81480101"),     // 1.2.840.114283.200.1.1
      from_hex("060C2B060104012A026E03010101")  // 1.3.6.1.4.1.42.2.110.3.1.1.1
  };
  if (!list.keys.empty() || !list.certificates.empty()) return false;
  return std::ranges::any_of(list.data, [](const DataObject& object) {
    return std::ranges::find(kAccessRules, object.oid) != kAccessRules.end();
  });
}

}  // namespace kilt::iso7816
