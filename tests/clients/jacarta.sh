# shellcheck shell=bash
# A virtual JaCarta set up through the module, for the jacarta-* scripts. They read tests/lib.sh first.
# shellcheck disable=SC2154  # module, work, user_pin, so_pin are from there

tool() { pkcs11-tool --module "$module" "$@"; }
user() { tool --login --pin "$user_pin" "$@"; }

# jacarta_token PERSONALITY [KEY=VALUE...]: blank, then formatted, the user PIN set.
jacarta_token() {
  start_token jacarta --set "personality=$1" state=blank "${@:2}"
  check "$1: a blank token is formatted" tool --init-token --slot 0 --so-pin "$so_pin" \
    --label "Kilt test"
  check "$1: the SO sets the user PIN" tool --login --login-type so --so-pin "$so_pin" --init-pin \
    --pin "$user_pin"
}

# jacarta_key BITS ID LABEL: made on the token; $work/LABEL.pub.
jacarta_key() {
  check "RSA-$1 is made" user --keypairgen --key-type "RSA:$1" --id "$2" --label "$3"
  check "its public key is read" tool --read-object --type pubkey --id "$2" \
    --output-file "$work/$3.der"
  openssl pkey -pubin -inform der -in "$work/$3.der" -out "$work/$3.pub"
}

# jacarta_certificate ID LABEL: of a CA of this test ($work/ca.pem) for that key; $work/LABEL.crt.
jacarta_certificate() {
  {
    [ -f "$work/ca.pem" ] ||
      openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" \
        -subj '/CN=Kilt test CA' -days 2
    openssl x509 -new -subj "/CN=$2" -force_pubkey "$work/$2.pub" -CA "$work/ca.pem" \
      -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/$2.crt" \
      -extfile <(printf 'keyUsage=digitalSignature,keyEncipherment\nsubjectKeyIdentifier=hash\n')
    openssl x509 -in "$work/$2.crt" -outform der -out "$work/$2.crt.der"
  } >"$work/out" 2>&1 </dev/null
  check "its certificate is written" user --write-object "$work/$2.crt.der" --type cert --id "$1" \
    --label "$2"
}
