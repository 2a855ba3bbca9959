#include "tools/commands/completion_scripts.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

#include <fmt/format.h>

namespace kilt::tool {
namespace {

/// What may stand as a value: words, or one of these that the script knows.
constexpr std::string_view kTokens = "@tokens", kKeys = "@keys", kCertificates = "@certificates",
                           kFiles = "@files", kSource = "@source", kAnything = "@anything";

struct Value {
  std::string_view name, kind;
};
/// By the names of options and arguments; what is not here and takes a value takes anything.
constexpr std::array kValues{
    Value{"--token", kTokens},
    Value{"--key", kKeys},
    Value{"--pin-source", kSource},
    Value{"--so-pin-source", kSource},
    Value{"--new-pin-source", kSource},
    Value{"--password-source", kSource},
    Value{"--out", kFiles},
    Value{"--conf", kFiles},
    Value{"--module", kFiles},
    Value{"--sockets", kFiles},
    Value{"--ca", kFiles},
    Value{"--file", kFiles},
    Value{"--certificate", kFiles},
    Value{"--subject-from", kFiles},
    Value{"--root", kFiles},
    Value{"--storage", "auto none"},
    Value{"--scheme", "rsa-pair gost512"},
    Value{"--type",
          "rsa:2048 rsa:3072 rsa:4096 gost512 gost2004 gost:A gost:B gost:C ec:prime256v1 "
          "ec:secp384r1 ec:secp521r1"},
    Value{"key", kKeys},
    Value{"certificate", kCertificates},
    Value{"targets", "p11-kit nss openssl bridge"},
    Value{"shell", "bash zsh fish"},
    Value{"file", kFiles},
    Value{"files", kFiles},
    Value{"folders", kFiles},
    Value{"signature", kFiles},
    Value{"command", kFiles},
};

std::string_view kind_of(std::string_view name) {
  const auto found = std::ranges::find(kValues, name, &Value::name);
  return found == kValues.end() ? kAnything : found->kind;
}

bool takes_value(const CLI::Option* option) { return option->get_expected_min() > 0; }

/// "--out --der", the long names of a command's own options.
std::string long_options(const CLI::App& app) {
  std::string text;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames())
      text += (text.empty() ? "--" : " --") + name;
  return text;
}

std::string command_names(const CLI::App& app) {
  std::string text;
  for (const CLI::App* command : commands_of(app))
    text += (text.empty() ? "" : " ") + command->get_name();
  return text;
}

/// The kind of a command's first argument; empty: it has none.
std::string_view argument_kind(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options())
    if (option->get_positional() && option->get_lnames().empty())
      return kind_of(option->get_single_name());
  return {};
}

using Visit = std::function<void(const CLI::App& app, const std::string& place)>;

/// Every command with its place: "", "pin", "pin status".
void for_all(const CLI::App& app, const std::string& place, const Visit& visit) {
  visit(app, place);
  for (const CLI::App* command : commands_of(app))
    for_all(*command, place.empty() ? command->get_name() : place + ' ' + command->get_name(),
            visit);
}

/// Names of all options that take a value, each once.
std::vector<std::string> value_options(const CLI::App& app) {
  std::vector<std::string> names;
  for_all(app, "", [&](const CLI::App& command, const std::string&) {
    for (const CLI::Option* option : command.get_options())
      for (const std::string& name : option->get_lnames())
        if (takes_value(option) && std::ranges::find(names, "--" + name) == names.end())
          names.push_back("--" + name);
  });
  return names;
}

/// The description as functions that bash and zsh both understand: each prints words.
std::string tables(const CLI::App& app) {
  std::string commands, options, arguments, values;
  for_all(app, "", [&](const CLI::App& command, const std::string& place) {
    if (const std::string names = command_names(command); !names.empty())
      commands += fmt::format("    \"{}\") echo \"{}\" ;;\n", place, names);
    if (const std::string names = long_options(command); !names.empty())
      options += fmt::format("    \"{}\") echo \"{}\" ;;\n", place, names);
    if (const auto kind = argument_kind(command); !kind.empty())
      arguments += fmt::format("    \"{}\") echo \"{}\" ;;\n", place, kind);
  });
  for (const std::string& name : value_options(app))
    values += fmt::format("    {}) echo \"{}\" ;;\n", name, kind_of(name));
  const auto function = [](const char* name, const std::string& cases) {
    return fmt::format("{}() {{\n  case $1 in\n{}  esac\n}}\n", name, cases);
  };
  return function("_kilt_commands", commands) + function("_kilt_options", options) +
         function("_kilt_argument", arguments) + function("_kilt_value", values);
}

/// Text inside of single quotes for fish.
std::string quoted(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return '\'' + result + '\'';
}

/// The arguments of fish's `complete` for what stands as a value.
std::string fish_values(std::string_view kind) {
  if (kind == kTokens || kind == kKeys || kind == kCertificates)
    return fmt::format("-x -a '(__kilt_ask {})'", kind.substr(1));
  if (kind == kFiles) return "-r -F";
  if (kind == kSource) return "-x -a 'file: env: fd:'";
  if (kind == kAnything) return "-x";
  return fmt::format("-x -a '{}'", kind);
}

std::string fish_option(const CLI::Option* option, const std::string& condition) {
  std::string text;
  for (const std::string& name : option->get_lnames())
    text += fmt::format("complete -c kilt {}-l {} {} -d {}\n", condition, name,
                        takes_value(option) ? fish_values(kind_of("--" + name)) : "-f",
                        quoted(option->get_description()));
  return text;
}

}  // namespace

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  std::vector<const CLI::App*> commands;
  for (const CLI::App* command :
       app.get_subcommands([](const CLI::App* one) { return !one->get_group().empty(); }))
    commands.push_back(command);
  return commands;
}

std::string bash_completion(const CLI::App& app) {
  return "# bash completion for kilt; generated by `kilt completion bash`.\n" + tables(app) +
         R"SH(_kilt() {
  local current=${COMP_WORDS[COMP_CWORD]} before="" place="" token="" kind="" word
  # Where '=' breaks words, it stands between an option and its value.
  [ "$current" != = ] || current=""
  current=${current#[\"\']}
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [ "$word" != = ] || continue
    if [ -n "$(_kilt_value "$before")" ]; then
      [ "$before" != --token ] || token=$word
      before=""
      continue
    fi
    case $word in -*) before=$word && continue ;; esac
    before=""
    case " $(_kilt_commands "$place") " in *" $word "*) place=${place:+$place }$word ;; esac
  done
  kind=$(_kilt_value "$before")
  COMPREPLY=()
  if [ -z "$kind" ] && [ "${current#-}" != "$current" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_kilt_options "$place") $(_kilt_options "")" -- "$current")
    return
  fi
  if [ -z "$kind" ]; then
    word=$(_kilt_commands "$place")
    [ -z "$word" ] || mapfile -t COMPREPLY < <(compgen -W "$word" -- "$current")
    [ -z "$word" ] || return
    kind=$(_kilt_argument "$place")
  fi
  case $kind in
    @tokens | @keys | @certificates)
      [ "$kind" != @tokens ] || token=""
      while IFS= read -r word; do
        case $word in "$current"*) COMPREPLY+=("$word") ;; esac
      done < <(KILT_PATIENCE=1000 "${COMP_WORDS[0]}" completion "${kind#@}" ${token:+--token "$token"} 2>/dev/null)
      ;;
    @files) mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    @source)
      mapfile -t COMPREPLY < <(compgen -W "file: env: fd:" -- "$current")
      compopt -o nospace
      ;;
    @anything | '') ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$current") ;;
  esac
}
complete -o filenames -F _kilt kilt
)SH";
}

std::string zsh_completion(const CLI::App& app) {
  return "#compdef kilt\n# zsh completion for kilt; generated by `kilt completion zsh`.\n" +
         tables(app) + R"SH(_kilt() {
  local before="" place="" token="" kind="" word
  local -a offered
  for word in "${(@)words[2,CURRENT-1]}"; do
    if [[ -n $(_kilt_value "$before") ]]; then
      [[ $before != --token ]] || token=${(Q)word}
      before=""
      continue
    fi
    if [[ $word == -* ]]; then
      before=$word
      continue
    fi
    before=""
    [[ " $(_kilt_commands "$place") " != *" $word "* ]] || place=${place:+$place }$word
  done
  kind=$(_kilt_value "$before")
  if [[ -z $kind && ${words[CURRENT]} == -* ]]; then
    compadd -- ${=$(_kilt_options "$place")} ${=$(_kilt_options "")}
    return
  fi
  if [[ -z $kind ]]; then
    word=$(_kilt_commands "$place")
    if [[ -n $word ]]; then
      compadd -- ${=word}
      return
    fi
    kind=$(_kilt_argument "$place")
  fi
  case $kind in
    @tokens|@keys|@certificates)
      [[ $kind != @tokens ]] || token=""
      offered=("${(@f)$(KILT_PATIENCE=1000 ${(Q)words[1]} completion ${kind#@} ${token:+--token} ${token:+$token} 2>/dev/null)}")
      compadd -- ${offered:#}
      ;;
    @files) _files ;;
    @source) compadd -S '' -- file: env: fd: ;;
    @anything|'') ;;
    *) compadd -- ${=kind} ;;
  esac
}
if [[ ${funcstack[1]} == _kilt ]]; then
  _kilt "$@"
elif (( $+functions[compdef] )); then
  compdef _kilt kilt
fi
)SH";
}

std::string fish_completion(const CLI::App& app) {
  std::string commands, lines;
  for_all(app, "", [&](const CLI::App& command, const std::string& place) {
    const std::string condition =
        place.empty() ? std::string() : fmt::format("-n \"__kilt_at '{}'\" ", place);
    if (const std::string names = command_names(command); !names.empty())
      commands +=
          fmt::format("        case '{}'\n            string split ' ' '{}'\n", place, names);
    for (const CLI::App* one : commands_of(command))
      lines += fmt::format("complete -c kilt -n \"__kilt_at '{}'\" -f -a {} -d {}\n", place,
                           one->get_name(), quoted(one->get_description()));
    if (const auto kind = argument_kind(command); !kind.empty() && !place.empty()) {
      // An argument has no option before it: -x and -r belong to options alone.
      std::string values = fish_values(kind);
      values.replace(0, 2, kind == kFiles ? "" : "-f");
      lines += fmt::format("complete -c kilt {}{}\n", condition, values);
    }
    for (const CLI::Option* option : command.get_options()) lines += fish_option(option, condition);
  });
  std::string values;
  for (const std::string& name : value_options(app)) values += (values.empty() ? "" : " ") + name;
  return "# fish completion for kilt; generated by `kilt completion fish`.\n"
         "function __kilt_commands\n    switch \"$argv[1]\"\n" +
         commands + "    end\nend\n" +
         fmt::format(R"FISH(function __kilt_at
    set -l place ''
    set -l before ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$before" {}
            set before ''
            continue
        end
        set before $word
        string match -q -- '-*' $word; and continue
        contains -- $word (__kilt_commands "$place"); and set place (string trim "$place $word")
    end
    test "$place" = "$argv[1]"
end
function __kilt_ask
    set -l words (commandline -opc)
    set -lx KILT_PATIENCE 1000
    set -l at (contains -i -- --token $words)
    if test -n "$at" -a "$argv[1]" != tokens
        $words[1] completion $argv[1] --token $words[(math $at + 1)] 2>/dev/null
    else
        $words[1] completion $argv[1] 2>/dev/null
    end
end
complete -c kilt -f
)FISH",
                     values) +
         lines;
}

}  // namespace kilt::tool
