# shellcheck shell=bash
# Functions of the scripts that run kilt. PINs come from the environment, as $PIN and so on name.
# shellcheck source=tests/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

readonly kilt=$KILT_BUILD/tools/kilt
export PIN=739182 NEW_PIN=826493 WRONG_PIN=111222 SO_PIN=55443325 FACTORY_PIN=12345678 FACTORY_SO=87654321

# k ARGUMENT...: kilt without a terminal.
k() { setsid "$kilt" "$@"; }
# user, so: kilt with that PIN at hand.
user() { k --pin-source env:PIN "$@"; }

# exits WHAT CODE COMMAND...: COMMAND must end with this exit code.
exits() {
  local what=$1 code=$2 got=0
  shift 2
  run "$@" || got=$?
  if [ "$got" = "$code" ]; then pass "$what"; else fail_shown "$what (exit code $got, not $code)" "$@"; fi
}
# json WHAT FILTER COMMAND...: COMMAND --json must print a document for which jq's FILTER is true.
json() {
  local what=$1 filter=$2
  shift 2
  if run "$@" --json && jq -e "$filter" "$work/out" >/dev/null; then
    pass "$what"
  else
    fail_shown "$what (expected: $filter)" "$@"
  fi
}

# dialogue WHAT CODE SCRIPT: an expect script, in which $kilt is spawned, must end with CODE; its screen
# in $work/out. Other programs that it starts: exec $work/NAME.
dialogue() {
  local what=$1 code=$2 got=0
  printf 'set timeout 60\nlog_user 1\n%s\nexpect eof\nexit [lindex [wait] 3]\n' "$3" >"$work/script"
  run expect "$work/script" || got=$?
  if [ "$got" = "$code" ]; then pass "$what"; else fail_shown "$what (exit code $got, not $code)" expect; fi
}
# other NAME: the commands on standard input become a program $work/NAME, which a dialogue starts
# as if in another window; k and user are there.
other() {
  {
    # What it says goes into a file: expect takes a word on standard error for a failure.
    printf '#!/bin/bash\nset -e\nkilt=%q\nexec >>%q 2>&1\n' "$kilt" "$work/$1.log"
    declare -f k user
    cat
  } >"$work/$1"
  chmod +x "$work/$1"
}

# softhsm: SoftHSM with a token store of its own, as the module of k and user.
softhsm() {
  export SOFTHSM2_CONF=$work/softhsm.conf KILT_MODULE=/usr/lib/softhsm/libsofthsm2.so
  mkdir -p "$work/softhsm"
  printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
    "$work/softhsm" >"$SOFTHSM2_CONF"
  [ -f "$KILT_MODULE" ] || die "SoftHSM is not installed"
}

# ca COMMAND...: a CA with GOST keys, and the judge of kilt's signatures: gost_ca.py.
ca() { python3 -B "$KILT_SOURCE/tests/tools/gost_ca.py" "$@"; }

# test_ca: $work/ca.key and $work/ca.pem.
test_ca() {
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
    -subj '/C=KZ/CN=Kilt test CA' -days 400 2>"$work/out"
}

# issue REQUEST CERTIFICATE DAYS AUTH|SIGN: what the CA's profile of 2020 makes of a request.
issue() {
  local usage='critical,digitalSignature,keyEncipherment' extended=clientAuth
  [ "$4" = AUTH ] || { usage='critical,digitalSignature,nonRepudiation' && extended=emailProtection; }
  openssl x509 -req -in "$1" -CA "$work/ca.pem" -CAkey "$work/ca.key" -set_serial "0x$(openssl rand -hex 12)" \
    -days "$3" -out "$2" -copy_extensions copy -extfile <(
      printf 'keyUsage=%s\nextendedKeyUsage=%s,1.2.398.3.3.4.1.1\n' "$usage" "$extended"
      printf 'certificatePolicies=1.2.398.3.3.2.4\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n'
    ) 2>"$work/out"
}

# stop_process PID: ends one that this script started.
stop_process() {
  kill "$1"
  wait "$1" 2>/dev/null || true
}
