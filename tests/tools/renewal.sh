# shellcheck shell=bash
# What the scripts about `kilt renew` share: a token as it is before a renewal, and looks at it.
# shellcheck source=tests/tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly subject='CN=ТЕСТОВ ТЕСТ,SURNAME=ТЕСТОВ,serialNumber=IIN123456789012,C=KZ,GIVENNAME=ТЕСТҰЛЫ'

# renewal_of KIND: the renewal is that of a virtual token of this kind, or of softhsm.
renewal_of() {
  token_kind=$1
  test_ca
}

# new_token: initialised, with its PINs.
new_token() {
  if [ "$token_kind" = softhsm ]; then
    softhsm
    rm -rf "$work/softhsm" && mkdir "$work/softhsm"
    run k init --label renewal --so-pin-source env:SO_PIN --new-pin-source env:PIN
  else
    [ -z "${token_pid:-}" ] || stop_process "$token_pid"
    rm -f "$work/$token_kind".*
    socket_token "$token_kind"
    local so_pin_option=(--default-so-pin)
    [ -n "$(facts "$token_kind" .so_pin)" ] || so_pin_option=(--so-pin-source env:SO_PIN)
    run k init --label renewal --yes "${so_pin_option[@]}" --new-pin-source env:PIN
  fi || { cat "$work/out" >&2 && die "no token"; }
}

# old_pair PURPOSE DAYS: a key with a certificate that ends in DAYS.
old_pair() {
  run user key generate --label "old $1" || die "no old key"
  run user csr "old $1" --subject "$subject" --email old@example.kz --storage none --out "$work/old.csr" ||
    die "no old request"
  issue "$work/old.csr" "$work/old-$1.crt" "$2" "$1"
  run user cert import "$work/old-$1.crt" || die "no old certificate"
}
count() { k list --json | jq "[.slots[].token // empty | .pairs[]? | $1] | length"; }
is() { [ "$1" = "$2" ]; }
# old_there: both old pairs still sign, or at least are listed with key and certificate.
old_there() { is "$(count 'select(.key.label | startswith("old"))? | select(.certificates | length > 0)')" 2; }
# new_there: both new pairs are listed with key and certificate.
new_there() { is "$(count 'select(.key != null) | select(.certificates[0].days_left > 100)')" 2; }

# control LINE: to the virtual token; "ok", or a number, is its answer.
control() { printf '%s\n' "$1" | socat -t 5 - "UNIX-CONNECT:$work/$token_kind.ctl"; }

# keep NAME, restore NAME: the token as it is now, and again as it was then; it has just been put in.
keep() {
  if [ "$token_kind" = softhsm ]; then
    cp -r "$work/softhsm" "$work/kept.$1"
  elif [ "$token_kind" = file ]; then
    cp "$KILT_FILES" "$work/kept.$1"
  else
    cp "$work/$token_kind.json" "$work/kept.$1"
  fi
}
restore() {
  if [ "$token_kind" = softhsm ]; then
    rm -rf "$work/softhsm" && cp -r "$work/kept.$1" "$work/softhsm"
    return
  elif [ "$token_kind" = file ]; then
    cp "$work/kept.$1" "$KILT_FILES"
    return
  fi
  stop_process "$token_pid"
  rm -f "$work/$token_kind".*
  # No token goes back in time: what was kept about the later one is void.
  rm -rf "$XDG_CACHE_HOME"
  cp "$work/kept.$1" "$work/$token_kind.json"
  socket_token "$token_kind"
}
