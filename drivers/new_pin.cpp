#include "drivers/new_pin.h"

#include "drivers/errors.h"

namespace kilt {

void check_new_pin(const PinStatus& limits, const SecureBytes& pin) {
  if (pin.size() < limits.min_length)
    throw PinLength("the new PIN is shorter than the token takes");
  if (pin.size() > limits.max_length) throw PinLength("the new PIN is longer than the token takes");
}

}  // namespace kilt
