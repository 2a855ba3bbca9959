# shellcheck shell=bash
# Common functions of the test scripts: tests/clients, tests/referee, tools/demo.
#
#   . "$(dirname "$0")/../lib.sh"
#   in_pcscd "$@"            # --help; re-runs the script under tests/with-pcscd if it must
#   start_token kaztoken     # a virtual token in the first reader
#   personalise              # made usable by OpenSC
#   check "what it proves" COMMAND...
#   finish
#
# $work is a temporary folder, removed at the end together with every process started here.
set -euo pipefail

KILT_SOURCE=${KILT_SOURCE:-$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")}
KILT_BUILD=$(realpath -m "${KILT_BUILD:-$KILT_SOURCE/build/release}")
export KILT_SOURCE KILT_BUILD
# shellcheck disable=SC2034  # for the scripts
readonly module=$KILT_BUILD/pkcs11/kilt-pkcs11.so
readonly user_pin=12345678  # the factory PIN: what a new owner finds
readonly so_pin=87654321

passed=0
failed=0
started=()
work=

say() { printf '%s\n' "$*"; }
pass() { passed=$((passed + 1)) && say "ok    $*"; }
fail() { failed=$((failed + 1)) && say "FAIL  $*"; }
die() {
  say "$(basename "$0"): $*" >&2
  exit 1
}

# not_tested WHY: ends the script; ctest calls it skipped.
not_tested() {
  say "NOT TESTED: $*"
  [ "$failed" = 0 ] || exit 1
  exit 77
}

# in_pcscd "$@": goes on inside a pcscd of its own, with $work made.
in_pcscd() {
  if [ "${1:-}" = --help ]; then
    sed -n '/^# Usage/,/^[^#]/{/^[^#]/d;s/^# \{0,1\}//;p}' "$0"
    exit
  fi
  [ -n "${KILT_VPCD_PORT:-}" ] || exec "$KILT_SOURCE/tests/with-pcscd" "$0" "$@"
  work=$(mktemp -d "${TMPDIR:-/tmp}/kilt-test.XXXXXX")
  trap clean_up EXIT
  # No configuration of the user's, and none of ours in the user's home.
  export HOME=$work XDG_CONFIG_HOME=$work/config XDG_CACHE_HOME=$work/cache XDG_DATA_HOME=$work/data
  export LC_ALL=C.UTF-8
  write_opensc_conf
}

# without_pcscd "$@": $work is made; tokens are on Unix sockets or of another module.
without_pcscd() {
  if [ "${1:-}" = --help ]; then
    sed -n '/^# Usage/,/^[^#]/{/^[^#]/d;s/^# \{0,1\}//;p}' "$0"
    exit
  fi
  work=$(mktemp -d "${TMPDIR:-/tmp}/kilt-test.XXXXXX")
  trap clean_up EXIT
  export HOME=$work XDG_CONFIG_HOME=$work/config XDG_CACHE_HOME=$work/cache XDG_DATA_HOME=$work/data
  export LC_ALL=C.UTF-8 KILT_CONF=$work/kilt.toml
  printf '[readers]\npcsc = false\n' >"$KILT_CONF"
}

# kinds FILTER: the variants of virtual tokens for which jq's FILTER is true, in tests/virtual/facts.h's
# words. facts NAME FILTER: of one of them; nothing where a field is absent or false. settings NAME: the
# options of kilt-vtoken that make it.
kinds() { vtoken_facts | jq -r ".[] | select($1) | .name"; }
facts() { vtoken_facts | jq -r --arg name "$1" "first(.[] | select(.name == \$name)) | $2 // empty"; }
settings() { facts "$1" '.options[]? | "--set", .'; }
vtoken_facts() { "$KILT_BUILD/tests/virtual/kilt-vtoken" --kinds --json; }

# socket_token KIND [OPTION...]: a virtual token on $work/KIND.sock, controlled by $work/KIND.ctl.
socket_token() {
  local kind=$1 program=$KILT_BUILD/tests/virtual/kilt-vtoken
  shift
  [ -x "$program" ] || die "$program is not built"
  background token "$program" "$kind" --listen "$work/$kind.sock" --state "$work/$kind.json" \
    --control "$work/$kind.ctl" "$@"
  token_pid=${started[-1]}
  wait_for 60 token_ready || die "the virtual $kind does not start"
  export KILT_SOCKETS=$work/$kind.sock
}

# start_display SIZE: a screen of its own, "1280x900"; DISPLAY names it. Its number is free: sockets of displays
# are files in /tmp, and abstract ones of this network namespace.
start_display() {
  background display bash -c "exec Xvfb -displayfd 3 -screen 0 ${1}x24 -nolisten tcp 3>'$work/display'"
  wait_for 60 test -s "$work/display" || die "Xvfb does not start: $(cat "$work/display.log")"
  DISPLAY=:$(cat "$work/display")
  export DISPLAY
}
# window PATTERN: the number of a window on it whose title fits.
window() { xdotool search --onlyvisible --name "$1" 2>/dev/null | head -n 1; }
window_is_there() { [ -n "$(window "$1")" ]; }
window_is_gone() { [ -z "$(window "$1")" ]; }

clean_up() {
  local code=$? pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  [ -z "$work" ] || rm -rf "$work"
  exit "$code"
}

# background NAME COMMAND...: started now, ended by clean_up; its output in $work/NAME.log, which is a new
# file before this returns: nobody who waits for a word there reads it of the program before.
background() {
  local name=$1
  shift
  rm -f "$work/$name.log"
  : >"$work/$name.log"
  setpriv --pdeathsig KILL "$@" >>"$work/$name.log" 2>&1 </dev/null &
  started+=($!)
}

# wait_for SECONDS COMMAND...: until COMMAND succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if ((SECONDS >= end)); then return 1; fi
    sleep 0.1
  done
}

# start_token KIND [OPTION...]: a virtual token in the first reader, its state in $work/KIND.json.
start_token() {
  local kind=$1 program=$KILT_BUILD/tests/virtual/kilt-vtoken
  shift
  [ -x "$program" ] || die "$program is not built"
  background token "$program" "$kind" --vpcd "$KILT_VPCD_PORT" --state "$work/$kind.json" "$@"
  token_pid=${started[-1]}
  if ! wait_for 60 token_ready; then
    cat "$work/token.log" >&2
    die "the virtual $kind does not start"
  fi
  wait_for 60 card_present || die "pcscd does not see the virtual $kind"
}
token_ready() { grep -qsx ready "$work/token.log"; }
card_present() { opensc-tool --list-readers 2>/dev/null | grep -qE '^0 +Yes'; }
card_absent() { ! card_present; }

stop_token() {
  kill "$token_pid" 2>/dev/null || true
  wait "$token_pid" 2>/dev/null || true
  wait_for 60 card_absent || die "pcscd still sees a card"
}

# run COMMAND...: output in $work/out.
run() { "$@" >"$work/out" 2>&1 </dev/null; }

# check WHAT COMMAND...: COMMAND must succeed.
check() {
  local what=$1
  shift
  if run "$@"; then pass "$what"; else fail_shown "$what" "$@"; fi
}
# refused WHAT COMMAND...: COMMAND must fail.
refused() {
  local what=$1
  shift
  if run "$@"; then fail_shown "$what" "$@"; else pass "$what"; fi
}
# shows WHAT PATTERN COMMAND...: COMMAND must succeed and print a line that matches.
shows() {
  local what=$1 pattern=$2
  shift 2
  if run "$@" && grep -qE -e "$pattern" "$work/out"; then
    pass "$what"
  else
    fail_shown "$what (expected: $pattern)" "$@"
  fi
}
# shown, not_shown WHAT PATTERN: in the output of the last command.
shown() {
  if grep -qE -e "$2" "$work/out"; then pass "$1"; else fail_shown "$1 (expected: $2)" "(the last)"; fi
}
not_shown() {
  if grep -qE -e "$2" "$work/out"; then fail_shown "$1 (not expected: $2)" "(the last)"; else pass "$1"; fi
}
fail_shown() {
  fail "$1"
  shift
  printf '        %s\n' "command: $*"
  sed 's/^/        /' "$work/out" | tail -n 25
}

finish() {
  say "$passed passed, $failed failed"
  [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# OpenSC takes a Kaztoken for the Rutoken ECP whose commands it has.
write_opensc_conf() {
  export OPENSC_CONF=$work/opensc.conf
  cat >"$OPENSC_CONF" <<'CONF'
app default {
  card_atr 3B:88:01:4B:41:5A:54:4F:4B:45:4E:82 {
    driver = "rutoken_ecp";
    name = "Kaztoken";
  }
}
CONF
}

# engine_conf PIN: with_engine runs OpenSSL programs with libp11's engine and the module. The engine is
# loaded by the configuration with init = 1, also into the module's own use of OpenSSL.
engine_conf() {
  cat >"$work/openssl.cnf" <<CONF
openssl_conf = start
[start]
engines = engines
[engines]
pkcs11 = pkcs11
[pkcs11]
engine_id = pkcs11
dynamic_path = $(openssl version -e | sed 's/.*"\(.*\)"/\1/')/pkcs11.so
MODULE_PATH = ${engine_module:-$module}
PIN = $1
init = 1
[req]
distinguished_name = name
[name]
CONF
}
with_engine() { OPENSSL_CONF=$work/openssl.cnf "$@"; }

# server_certificate: of no CA, for localhost: $work/server.key, server.pem.
server_certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/server.key" -out "$work/server.pem" \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -days 2 >"$work/out" 2>&1
}

# personalise: an empty Kaztoken becomes a PKCS#15 token with a PIN, by OpenSC.
personalise() {
  run pkcs15-init --erase-card --so-pin "$so_pin" &&
    run pkcs15-init --create-pkcs15 --label "Kilt test" --so-pin "$so_pin" --so-puk '' &&
    run pkcs15-init --store-pin --label "User PIN" --auth-id 02 --pin "$user_pin" --puk '' \
      --so-pin "$so_pin" --finalize && return
  cat "$work/out" >&2
  die "OpenSC cannot personalise the virtual token"
}

# new_key ID LABEL: RSA-2048 made on the token by OpenSC, its public key in $work/LABEL.pub.
new_key() {
  run pkcs15-init --generate-key rsa/2048 --key-usage sign,decrypt --auth-id 02 --id "$1" --label "$2" --pin "$user_pin" &&
    run pkcs15-tool --read-public-key "$1" --output "$work/$2.pub" && return
  cat "$work/out" >&2
  die "OpenSC cannot make a key on the virtual token"
}

# issue_certificate LABEL [CN]: for $work/LABEL.pub by a CA of this test, $work/ca.pem; $work/LABEL.crt
# and, in DER, LABEL.crt.der.
issue_certificate() {
  {
    [ -f "$work/ca.pem" ] ||
      openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
        -subj '/CN=Kilt test CA' -days 2
    openssl x509 -new -subj "/CN=${2:-$1}" -force_pubkey "$work/$1.pub" -CA "$work/ca.pem" \
      -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/$1.crt" \
      -extfile <(printf 'keyUsage=digitalSignature,keyEncipherment\nsubjectKeyIdentifier=hash\n')
    openssl x509 -in "$work/$1.crt" -outform der -out "$work/$1.crt.der"
  } >"$work/out" 2>&1 </dev/null && return
  cat "$work/out" >&2
  die "openssl issues no certificate"
}

# new_certificate ID LABEL: such a certificate, stored on the token.
new_certificate() {
  issue_certificate "$2"
  store_certificate "$1" "$2" >"$work/out" 2>&1 </dev/null && return
  cat "$work/out" >&2
  die "cannot put a certificate on the virtual token"
}
store_certificate() {
  pkcs15-init --store-certificate "$work/$2.crt" --auth-id 02 --id "$1" --label "$2" --pin "$user_pin"
}
