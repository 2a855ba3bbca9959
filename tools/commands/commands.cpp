#include "tools/commands/commands.h"

#include "tools/terminal/text.h"

namespace kilt::tool {

void add_commands(CLI::App& app, Context& context) {
#define KILT_ADD(name) add_##name(app, context);
  KILT_COMMANDS(KILT_ADD)
#undef KILT_ADD
}

void set_action(CLI::App& command, Context& context, std::function<void()> action) {
  // CLI11 makes it before anybody can name its group.
  if (CLI::Option* help = command.get_help_ptr(); help != nullptr)
    help->group(translated("Options"));
  command.callback([&command, &context, action = std::move(action)] {
    std::string name = command.get_name();
    for (const CLI::App* up = command.get_parent(); up != nullptr && up->get_parent() != nullptr;
         up = up->get_parent())
      name.insert(0, up->get_name() + ' ');
    context.command = name;
    context.prepare();
    action();
  });
}

}  // namespace kilt::tool
