# shellcheck shell=bash
# A browser with a user, a display and a TLS server of its own, for tests/clients/firefox and
# chromium. They read tests/lib.sh first.
#
# The browser is driven as a person does it: windows are recognised by their titles, dialogues by
# their text (tesseract reads the screen), answers are typed (xdotool).
# shellcheck disable=SC2034,SC2154  # for the scripts; module, work, user_pin, KILT_BUILD are from there

readonly browser_home=$work/user url=https://localhost:4433/
readonly shots=${KILT_SHOTS:-$KILT_BUILD/screenshots} control=$work/control
# A path that every user can read: the build folder may be in a home folder that is closed.
installed=$browser_home/lib/$(basename "$module")

# browser_token: a virtual Kaztoken with a key and a certificate "first"; the number of APDUs by
# `apdus`.
browser_token() {
  start_token kaztoken --control "$control"
  personalise
  new_key 45 first
  new_certificate 45 first
  # A change mark of the last seconds is not relied on, programs count in seconds: the first look at
  # a token that was just written costs more.
  token_written=$SECONDS
}
token_rested() { ((SECONDS - token_written > 10)); }
apdus() { echo count | socat - "UNIX-CONNECT:$control"; }
tell_token() { [ "$(echo "$1" | socat - "UNIX-CONNECT:$control")" = ok ] || die "the token refuses $1"; }

# browser_world PROGRAM...: the browser's user, display and server.
browser_world() {
  local needed
  for needed in "$@" Xvfb xdotool import convert tesseract python3 certutil modutil socat; do
    command -v "$needed" >/dev/null || die "'$needed' is missing: run tests/setup all"
  done
  mkdir -p "$shots" "$browser_home/lib"
  cp "$module" "$installed"
  cp "$KILT_BUILD/tools/kilt" "$browser_home/lib/kilt"
  # Root's browsers run without their sandbox, which is not what people have: become nobody, unless
  # this is a plain user who is root in a namespace only.
  as_user=(env)
  sandboxed=no
  if [ "$(awk '{ n += $3 } END { print (n > 65534) }' /proc/self/uid_map)" = 1 ]; then
    as_user=(setpriv --reuid 65534 --regid 65534 --clear-groups env)
    sandboxed=yes
  fi
  as_user+=("HOME=$browser_home" "XDG_CONFIG_HOME=$browser_home/.config"
    "XDG_CACHE_HOME=$browser_home/.cache" "XDG_DATA_HOME=$browser_home/.local/share"
    "TMPDIR=$browser_home" DBUS_SESSION_BUS_ADDRESS=disabled:)
  chmod 711 "$work"
  give_to_user

  start_display 1280x900

  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/server.key" -out "$work/server.csr" \
    -subj /CN=localhost 2>"$work/out"
  openssl x509 -new -subj /CN=localhost -force_pubkey <(openssl pkey -in "$work/server.key" -pubout) \
    -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$work/server.crt" \
    -extfile <(printf 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n') 2>"$work/out"
  start_server
  wait_for 60 token_rested
}
give_to_user() { [ "$sandboxed" = no ] || chown -R 65534:65534 "$browser_home"; }

start_server() {
  background server python3 "$KILT_SOURCE/tests/clients/browser_server.py" 4433 \
    "$work/server.crt" "$work/server.key" "$work/ca.pem"
  wait_for 60 grep -qs ready "$work/server.log" || die "the TLS server does not start"
}

# nss_database FOLDER: a new one that trusts the test's CA.
nss_database() {
  "${as_user[@]}" mkdir -p "$1"
  cp "$work/ca.pem" "$browser_home/ca.pem"
  run "${as_user[@]}" certutil -N -d "sql:$1" --empty-password || die "no NSS database"
  run "${as_user[@]}" certutil -A -d "sql:$1" -n ca -t CT,C,C -a -i "$browser_home/ca.pem" ||
    die "the CA is not accepted"
}

# open_browser COMMAND...: as the browser's user, remembered for close_browser.
open_browser() {
  background browser "${as_user[@]}" "$@"
  browser_pid=${started[-1]}
}
# close_browser [KEY]: as a person does, by its own key.
close_browser() {
  press "${1:-ctrl+q}"
  wait_for 60 no_window && wait_for 60 browser_is_gone && return
  kill "$browser_pid" 2>/dev/null || true
  wait "$browser_pid" 2>/dev/null || true
  return 1
}
browser_is_gone() { ! kill -0 "$browser_pid" 2>/dev/null; }
no_window() { ! xdotool search --onlyvisible --name . >/dev/null 2>&1; }

# shot NAME: the screen, for people to look at.
shot() { import -window root "$shots/$(basename "$0")-$1.png"; }

screen_shows() {
  import -window root "$work/screen.png"
  # Twice as large, it is read with fewer mistakes.
  convert "$work/screen.png" -resize 200% "$work/large.png"
  tesseract "$work/large.png" - 2>/dev/null | tr -s '\n ' '  ' >"$work/out"
  grep -qE -e "$1" "$work/out"
}

# see_window SECONDS WHAT PATTERN: a window of this title comes.
see_window() {
  if wait_for "$1" window_is_there "$3"; then pass "$2"; else browser_failed "$2"; fi
}
# read_screen SECONDS WHAT PATTERN: text that appears on the screen.
read_screen() {
  if wait_for "$1" screen_shows "$3"; then pass "$2"; else browser_failed "$2"; fi
}
browser_failed() {
  shot failed
  { xdotool search --onlyvisible --name . getwindowname %@ || true; tail -n 5 "$work/browser.log"; } >"$work/out" 2>&1
  fail_shown "$1 ($shots/$(basename "$0")-failed.png)" "(browser)"
}

# type_into PATTERN TEXT: in the window of this title. A dialogue ignores keys for a moment after it
# came, lest one that was meant for the page answers it.
type_into() {
  sleep 1
  xdotool windowfocus --sync "$(window "$1")"
  xdotool type --delay 40 "$2"
}
press() { xdotool key "$1"; }

# pin_status: what the token answers to VERIFY without a PIN: 63C5 are 5 tries left, 9000 logged in.
pin_status() {
  opensc-tool --send-apdu 00:20:00:02 2>/dev/null | sed -nE 's/.*SW1=0x(..), SW2=0x(..).*/\1\2/p'
}
pin_status_is() { [ "$(pin_status)" = "$1" ]; }

# idle SECONDS WHAT: no APDU in that time.
idle() {
  local before after
  before=$(apdus)
  sleep "$1"
  after=$(apdus)
  echo "$before, $1 s later $after" >"$work/out"
  if [ "$before" = "$after" ]; then pass "$2"; else fail_shown "$2" "(APDUs that the token counted)"; fi
}
