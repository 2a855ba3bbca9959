// The subcommands: one file each, one line here.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/commands/context.h"

namespace kilt::tool {

// NOLINTNEXTLINE(cppcoreguidelines-macro-usage): one list for declaration and call
#define KILT_COMMANDS(X) \
  X(list)                \
  X(info)                \
  X(pin)                 \
  X(key)                 \
  X(csr)                 \
  X(cert)                \
  X(object)              \
  X(renew)               \
  X(sign)                \
  X(verify)              \
  X(trust)               \
  X(remind)              \
  X(doctor)              \
  X(register)            \
  X(trace)               \
  X(completion)          \
  X(init)                \
  X(probe)               \
  X(profile)

/// add_NAME adds the subcommand to `app`; its callback runs it.
#define KILT_DECLARE(name) void add_##name(CLI::App& app, Context& context);
KILT_COMMANDS(KILT_DECLARE)
#undef KILT_DECLARE

/// Adds them all.
void add_commands(CLI::App& app, Context& context);

/// Makes `callback` the action of a leaf command, noting its full name for JSON.
void set_action(CLI::App& command, Context& context, std::function<void()> action);

}  // namespace kilt::tool
