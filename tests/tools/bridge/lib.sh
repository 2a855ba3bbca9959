# shellcheck shell=bash
# What the scripts of kilt-bridge share: storages with the CA's keys and the judges of what they sign, the
# bridge, registered and running, a page in a browser.
# shellcheck disable=SC2034  # for the scripts
# shellcheck source=tests/tools/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

readonly bridge=$KILT_BUILD/tools/bridge/kilt-bridge here=$KILT_SOURCE/tests/tools/bridge
readonly dialog=$KILT_BUILD/tools/dialog/kilt-dialog npm=$KILT_BUILD/../npm

# is WHAT GOT WANTED
is() { if [ "$2" = "$3" ]; then pass "$1"; else echo "$2" >"$work/out" && fail_shown "$1 (expected: $3)" "(answer)"; fi; }
free_port() { python3 -c 'import socket; s=socket.socket(); s.bind(("127.0.0.1",0)); print(s.getsockname()[1])'; }

# --- storages ----------------------------------------------------------------------------------------
# storage_NAME makes one, and $work/AUTH.crt, SIGN.crt; $module_line is for [bridge] of kilt.toml. cms_NAME FILE CONTENT,
# xml_NAME FILE DOCUMENT, raw_NAME FILE CONTENT judge signatures; hash_NAME FILE tells the hash that its keys sign, base64.
readonly owner='CN=ТЕСТОВ ТЕСТ,serialNumber=IIN000000000001,C=KZ'
module_line=

storage_kaztoken() {
  socket_token kaztoken
  run k init --label "Site token" --yes --default-so-pin --new-pin-source env:PIN || die "init"
  rsa_keys
}
storage_softhsm() {
  softhsm
  module_line="module = \"$KILT_MODULE\""
  run k init --label "Site token" --so-pin-source env:SO_PIN --new-pin-source env:PIN || die "init"
  rsa_keys
}
# The two keys that the CA issued until 2024.
rsa_keys() {
  test_ca
  for name in AUTH SIGN; do
    run user key generate --label "$name"
    run user csr "$name" --out "$work/$name.csr" --subject "$owner"
    issue "$work/$name.csr" "$work/$name.crt" 300 "$name"
    run user cert import "$work/$name.crt" || die "no certificate $name"
  done
}
# The one key that it issues since, in a file.
storage_gost() {
  mkdir "$work/keys"
  export KILT_FILES=$work/keys
  run k init --label mine --so-pin-source env:PIN --new-pin-source env:PIN || die "no file"
  export KILT_FILES=$work/keys/mine.p12
  run user key generate --type gost512 --label mine || die "no key"
  run user csr mine --out "$work/mine.csr" --subject "$owner"
  ca ca "$work/nca" 'CN=ТЕСТ ОРТАЛЫҚ (GOST),C=KZ'
  ca issue "$work/nca" "$work/mine.csr" "$work/mine.cer" --days 300
  run user cert import "$work/mine.cer" || die "no certificate"
  for name in AUTH SIGN; do openssl x509 -inform der -in "$work/mine.cer" -out "$work/$name.crt"; done
  # The bridge sees the file for the first time, and not through what kilt remembers of it.
  rm -rf "$XDG_CACHE_HOME"
}
cms_rsa() {
  check "$1" openssl cms -verify -binary -inform der -in "$2" -CAfile "$work/ca.pem" -purpose any -content "$3" -out "$work/content"
}
xml_rsa() { check "$1" xmlsec1 --verify --trusted-pem "$work/ca.pem" "$2"; }
raw_rsa() {
  openssl x509 -in "$work/SIGN.crt" -noout -pubkey >"$work/SIGN.pub"
  check "$1" openssl dgst -sha256 -verify "$work/SIGN.pub" -signature "$2" "$3"
}
hash_rsa() { openssl dgst -sha256 -binary "$1" | base64 -w 0; }
cms_gost() { check "$1" ca check-cms "$2" "$3"; }
xml_gost() { check "$1" ca check-xml "$2" "$3"; }
raw_gost() { check "$1" ca check-raw "$2" "$3" "$work/mine.cer"; }
hash_gost() { ca hash "$1"; }

# --- the bridge --------------------------------------------------------------------------------------

# register_bridge: it has a certificate that the browsers of this HOME trust. systemd is not asked for anything here; what it
# would be asked is in $work/systemctl.log.
readonly firefox_folder=.mozilla/firefox/x.default
register_bridge() {
  local folder
  mkdir -p "$work/bin"
  printf '#!/bin/sh\necho "$@" >>%q\n' "$work/systemctl.log" >"$work/bin/systemctl"
  chmod +x "$work/bin/systemctl"
  export PATH=$work/bin:$PATH XDG_STATE_HOME=$work/state
  for folder in .pki/nssdb "$firefox_folder"; do
    mkdir -p "$HOME/$folder"
    certutil -N -d "sql:$HOME/$folder" --empty-password
  done
  check "the browsers trust the bridge" k register bridge --yes
}
# start_bridge DIALOGUE: on $port.
start_bridge() {
  printf '[bridge]\ndialog = "%s"\n%s\n' "$1" "$module_line" >>"$KILT_CONF"
  port=$(free_port)
  background bridge "$bridge" run --port "$port"
  wait_for 60 bridge_listens || die "kilt-bridge does not start: $(cat "$work/bridge.log")"
}
bridge_listens() { grep -q "127.0.0.1:$port" "$work/bridge.log"; }

# --- browsers ----------------------------------------------------------------------------------------

# browser_there NAME: $browser is that name, $program its command.
browser_there() {
  browser=$1
  case $browser in
    chromium) program=chromium ;;
    firefox) program=firefox-esr ;;
    *) die "chromium or firefox?" ;;
  esac
  command -v "$program" >/dev/null || not_tested "$program is not installed: tests/setup all"
}
# from_npm PACKAGE VERSION: $npm/PACKAGE-VERSION, without a scope's @ and slash, is its folder.
from_npm() {
  local name=${1#@}
  local folder=$npm/${name/\//-}-$2
  command -v npm >/dev/null || die "npm is missing: run tests/setup all"
  [ -d "$folder/package" ] && return
  (cd "$work" && npm pack "$1@$2") >"$work/out" 2>&1 || die "npm does not give it: $(cat "$work/out")"
  mkdir -p "$folder"
  tar xzf "$work/${name/\//-}-$2.tgz" -C "$folder"
}
# serve PATH=FILE...: on $page_port; what the page posts is in $work/results.
serve() {
  page_port=$(free_port)
  background server python3 "$here/client_server.py" "$page_port" "$work/results" "$@"
  wait_for 60 grep -qs ready "$work/server.log" || die "no server: $(cat "$work/server.log")"
}
# open_page QUERY: in the browser, with a window if there is a display.
open_page() {
  local url="http://localhost:$page_port/?port=$port$1" flags
  say "# $($program --version 2>/dev/null | head -n 1)"
  if [ "$browser" = chromium ]; then
    # Where a site may speak to this computer is asked since Chromium 147, and since Firefox 149.
    flags=(--no-first-run --no-default-browser-check --password-store=basic --disable-gpu "--user-data-dir=$work/profile"
      "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets")
    # Root's browser runs without its sandbox.
    [ "$(id -u)" != 0 ] || flags+=(--no-sandbox)
    if [ -n "${DISPLAY:-}" ]; then
      flags+=("--window-size=1240,860" "--window-position=0,0")
    else
      flags+=(--headless=new --remote-debugging-port=0)
    fi
    background browser chromium "${flags[@]}" "$url"
    return
  fi
  cat >"$HOME/$firefox_folder/user.js" <<'JS'
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.lna.enabled", false);
user_pref("termsofuse.bypassNotification", true);
user_pref("trailhead.firstrun.didSeeAboutWelcome", true);
JS
  local headless=()
  [ -n "${DISPLAY:-}" ] || headless=(--headless)
  background browser firefox-esr "${headless[@]}" --no-remote --profile "$HOME/$firefox_folder" "$url"
}
# results SECONDS: the page is done; of FILTER is a part of them.
results() { wait_for "$1" test -s "$work/results" || die "no results come: $(tail -n 5 "$work/browser.log" "$work/bridge.log")"; }
of() { jq -r "$1" "$work/results"; }
# certificate_of XML: the digest of what stands in it; digest_of CERTIFICATE.
certificate_of() { grep -o '<ds:X509Certificate>[^<]*' "$1" | cut -d'>' -f2 | base64 -d | sha256sum; }
digest_of() { openssl x509 -in "$1" -outform der | sha256sum; }
