# shellcheck shell=bash
# The tokens of the client matrix, for scripts with the argument KIND. They read tests/lib.sh first:
#
#   in_pcscd "$@"
#   client_token "${1:-kaztoken}"       # set up as its owner would have it
#   does sign "a signature" COMMAND...  # works; or is refused for the reason that is listed here
#   if has sign; then check "openssl verifies it" COMMAND...; fi
#   finish_client
#
# What a kind cannot do is listed with a pattern of the reason that the module must have given in its
# trace, or the program by itself, so that the table of tests/clients/matrix says nothing that was not asserted.
# shellcheck disable=SC2034,SC2154  # for the scripts; module, work, user_pin, so_pin are from lib.sh

# One test for each script with KIND and each of these: the "clients" of tests/virtual/*/kinds.json.
client_kinds=$(kinds .clients | xargs)
readonly client_kinds

# A function that no mechanism of the token offers: programs mostly do not even ask for it.
readonly unlisted="the token has no such mechanism"

tool() { pkcs11-tool --module "$module" "$@"; }
user() { tool --login --pin "$pin" "$@"; }

# client_token KIND: in the first reader, with a key and its certificate. Sets
#   kind, token, pin   the name here; the token's label; the user's PIN
#   id, key_type       CKA_ID of the key; RSA or EC
#   label              CKA_LABEL of its certificate
#   url, key_url       PKCS#11 URIs of the token and of the private key
# and makes $work/key.pub and key.crt of it, and new.crt, new.crt.der: a certificate for the same
# key of another CA ($work/ca.pem), to be imported.
client_token() {
  kind=$1
  [[ " $client_kinds " = *" $kind "* ]] || die "KIND is one of: $client_kinds"
  pin=$(facts "$kind" .user_pin)
  token=$(facts "$kind" .label)
  key_type=$(facts "$kind" .key)
  [ "$(facts "$kind" .prepared)" = ready ] || pin=$user_pin
  declare -gA lacks=() refusals=()
  local function reason
  while IFS=$'\t' read -r function reason; do
    if [ "$reason" = unlisted ]; then reason=$unlisted; fi
    lacks[$function]=$reason
  done < <(facts "$kind" '.lacks // {} | to_entries[] | "\(.key)\t\(.value)"')
  export KILT_TRACE=$work/trace
  # What is peculiar to a kind has a function of its own here.
  if declare -F "token_${kind//-/_}" >/dev/null; then "token_${kind//-/_}"; else token_by_facts; fi
  if ! run tool --read-object --type cert --id "$id" --output-file "$work/key.crt.der" ||
    ! run openssl x509 -inform der -in "$work/key.crt.der" -out "$work/key.crt"; then
    die "no certificate can be read: $(cat "$work/out")"
  fi
  openssl x509 -in "$work/key.crt" -noout -pubkey >"$work/key.pub"
  label=$(tool --list-objects --type cert 2>/dev/null </dev/null |
    awk -v id="$id" '/label:/ { sub(/^ *label: */, ""); name = $0 } /ID:/ && $2 == id { print name; exit }')
  cp "$work/key.pub" "$work/new.pub"
  issue_certificate new imported
  url="pkcs11:token=${token// /%20}"
  key_url="$url;id=$(fold -w 2 <<<"$id" | sed 's/^/%/' | tr -d '\n');type=private"
  : >"$KILT_TRACE"
}

# token_by_facts: with its keys, or formatted by kilt.
token_by_facts() {
  local options
  mapfile -t options < <(settings "$kind")
  start_token "$(facts "$kind" .kind)" "${options[@]}"
  if [ "$(facts "$kind" .prepared)" = ready ]; then
    first_key "$key_type" "$(facts "$kind" .key_label)"
    return
  fi
  id=45
  check "a blank token is formatted" env SO="$so_pin" PIN="$user_pin" "$KILT_BUILD/tools/kilt" \
    --module "$module" init --yes --label "$token" --so-pin-source env:SO --new-pin-source env:PIN --allow-weak
  make_key 2048 45 first
  make_certificate 45 first
}

token_kaztoken() {
  id=45
  start_token kaztoken
  personalise
  new_key 45 first
  new_certificate 45 first
}

token_jacarta() { token_of_jacarta aladdin; }
token_jacarta_athena() { token_of_jacarta athena; }
token_of_jacarta() {
  id=45
  blank_jacarta "$1"
  make_key 2048 45 first
  make_certificate 45 first
}

# The certificate is in a folder of this computer; a stored one lands there too.
token_idcard() {
  start_token idcard
  first_key RSA
  run tool --read-object --type pubkey --id "$id" --output-file "$work/owner.der"
  openssl pkey -pubin -inform der -in "$work/owner.der" -out "$work/owner.pub"
  issue_certificate owner
  mkdir -p "$XDG_DATA_HOME/kilt/certs"
  cp "$work/owner.crt" "$XDG_DATA_HOME/kilt/certs/owner.pem"
}

# By a profile of the user's: the directory tells the key references without the bit 80 (local to the
# application) that the card wants.
token_iasecc() {
  mkdir -p "$XDG_CONFIG_HOME/kilt/tokens"
  cat >"$XDG_CONFIG_HOME/kilt/tokens/ias-ecc.toml" <<'TOML'
name = "ias-ecc"
family = "iso7816"
verified = true
[[atr]]
value = "3B 86 01 49 41 53 53 49 4D 8B"
[[key]]
reference = 1
number = 0x81
[[key]]
reference = 2
number = 0x82
[sign]
environment = "00 22 41 A4 06 80 01 02 84 01 {n}"
command = "00 88 00 00 {Lc} {input} {Le}"
[decipher]
environment = "00 22 41 B8 06 80 01 1A 84 01 {n}"
command = "00 2A 80 86 {Lc} 00 {input} {Le}"
TOML
  start_token iasecc
  first_key RSA
}

# As OpenSC formats without its option onepin: with directories that are the SO's to change.
token_cardos_opensc() {
  id=45
  start_token cardos
  local prepare=(run pkcs15-init --so-pin "$so_pin")
  if ! "${prepare[@]}" --create-pkcs15 --label "Kilt test" --so-puk 11112222 ||
    ! "${prepare[@]}" --store-pin --label "User PIN" --auth-id 01 --pin "$user_pin" --puk 87654321 ||
    ! "${prepare[@]}" --generate-key rsa/2048 --auth-id 01 --id 45 --label first \
      --key-usage sign,decrypt --pin "$user_pin" ||
    ! run pkcs15-tool --read-public-key 45 --output "$work/first.pub"; then
    die "OpenSC cannot personalise the virtual token: $(cat "$work/out")"
  fi
  issue_certificate first
  "${prepare[@]}" --store-certificate "$work/first.crt" --auth-id 01 --id 45 --label first \
    --pin "$user_pin" || die "OpenSC cannot store a certificate: $(cat "$work/out")"
}

# first_key TYPE [LABEL]: $id of the first private key of that type.
first_key() {
  id=$(user --list-objects --type privkey 2>/dev/null </dev/null |
    awk -v type="$1" -v name="${2:-}" '/Private Key Object/ { found = index($0, type) }
      found && /label:/ { found = index($0, name) || name == "" }
      found && /ID:/ { print $2; exit }')
  [ -n "$id" ] || die "the token shows no $1 key"
}

# blank_jacarta PERSONALITY [KEY=VALUE...]: formatted through the module, the user PIN set.
blank_jacarta() {
  start_token jacarta --set "personality=$1" state=blank "${@:2}"
  check "$1: a blank token is formatted" tool --init-token --slot 0 --so-pin "$so_pin" \
    --label "Kilt test"
  check "$1: the SO sets the user PIN" tool --login --login-type so --so-pin "$so_pin" --init-pin \
    --pin "$user_pin"
}

# make_key BITS ID LABEL: on the token, through the module; $work/LABEL.pub.
make_key() {
  check "RSA-$1 is made" user --keypairgen --key-type "RSA:$1" --id "$2" --label "$3"
  check "its public key is read" tool --read-object --type pubkey --id "$2" \
    --output-file "$work/$3.der"
  openssl pkey -pubin -inform der -in "$work/$3.der" -out "$work/$3.pub"
}

# make_certificate ID LABEL: for that key, stored through the module; $work/LABEL.crt.
make_certificate() {
  issue_certificate "$2"
  check "its certificate is written" user --write-object "$work/$2.crt.der" --type cert --id "$1" \
    --label "$2"
}

# has FUNCTION: the kind can do it: sign, decrypt, pss, import, generate.
has() { [ -z "${lacks[$1]:-}" ]; }

# does FUNCTION WHAT COMMAND...: COMMAND succeeds if the kind has FUNCTION; else it fails, and the
# module's trace tells the listed reason.
does() {
  local function=$1 what=$2 reason
  shift 2
  if has "$function"; then
    check "$what" "$@"
    return
  fi
  : >"$KILT_TRACE"
  if run "$@"; then
    fail_shown "$what (must be refused)" "$@"
  elif reason=$(refusal "${lacks[$function]}"); then
    pass "$what: refused, $reason"
    refusals[$function]=$reason
  else
    fail_shown "$what (refused, but not with: ${lacks[$function]})" "$@"
    tail -n 20 "$KILT_TRACE"
  fi
}
refusal() {
  if [ "$1" = "$unlisted" ]; then echo "$1"; else grep -hm 1 -oE -e "$1" "$KILT_TRACE" "$work/out" | head -n 1; fi
}

# not_here KIND WHY: this computer lacks the program; the table says so. Ends the script.
not_here() {
  [ -z "${KILT_MATRIX:-}" ] || echo "not here" >"$KILT_MATRIX/$(basename "$0")+$1"
  not_tested "$2"
}

# finish_client: the result, also as a file for tests/clients/matrix.
finish_client() {
  local code=0 function
  finish || code=$?
  if [ -n "${KILT_MATRIX:-}" ]; then
    {
      if [ "$code" = 0 ]; then echo ok; else echo FAILED; fi
      for function in "${!refusals[@]}"; do printf '%s\t%s\n' "$function" "${refusals[$function]}"; done
    } >"$KILT_MATRIX/$(basename "$0")+$kind"
  fi
  return "$code"
}
