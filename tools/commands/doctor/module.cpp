#include "tools/client/return_value.h"
#include "tools/commands/doctor/doctor.h"
#include "tools/terminal/text.h"

namespace kilt::tool {

void check_module(Context& context, Checks& checks) {
  const std::string path = context.module_path();
  try {
    const ModuleInfo info = context.module().info();
    checks.push_back({"module",
                      Health::kGood,
                      tr("The module loads: {0} {1}.{2}, {3}", info.description, info.library_major,
                         info.library_minor, path),
                      "",
                      {}});
    for (const SlotView& slot : context.module().slots()) {
      if (slot.token)
        checks.push_back(
            {"token",
             Health::kGood,
             tr("The module sees the token \"{0}\" in {1}.", slot.token->label, slot.reader),
             "",
             {}});
      else if (slot.present)
        checks.push_back({"token-trouble",
                          Health::kProblem,
                          tr("The module cannot use what is in {0}: {1}", slot.reader,
                             failure_of(slot.trouble, "C_GetTokenInfo").what()),
                          failure_of(slot.trouble, "C_GetTokenInfo").advice(),
                          {}});
    }
  } catch (const Failure& failure) {
    checks.push_back({"module",
                      Health::kProblem,
                      failure.what(),
                      tr("Install Kilt again, or name the module with --module."),
                      {}});
  }
}

}  // namespace kilt::tool
