// kilt renew: all of the renewal that happens at the token. Sending the request stays with the CA's
// site, whose wire format is not public.
#include "tools/commands/commands.h"
#include "tools/commands/renew/renewal.h"
#include "tools/terminal/text.h"

namespace kilt::tool {

void add_renew(CLI::App& app, Context& context) {
  CLI::App* renew =
      app.add_subcommand("renew", tr("New keys, requests and certificates before the old expire"));
  renew->require_subcommand(1);
  add_renew_status(*renew, context);
  add_renew_request(*renew, context);
  add_renew_import(*renew, context);
  add_renew_retire(*renew, context);
}

}  // namespace kilt::tool
