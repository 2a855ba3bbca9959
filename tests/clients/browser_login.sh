# shellcheck shell=bash
# How each browser is opened and logged in with the token's certificate; after tests/clients/browser.sh.
# NAME_open FOLDER, NAME_login SHOT; NAME_asks is the title of its PIN dialogue, NAME_quits its key.
# shellcheck disable=SC2034,SC2154  # used by name

readonly firefox_asks='Password Required' chromium_asks='Unlock Security Device'
readonly firefox_quits=ctrl+q chromium_quits=ctrl+shift+w

# firefox_profile FOLDER: a new profile that asks which certificate to send, and nothing else; that
# opens a connection only for a page (one opened on suspicion, because the page was there last time,
# may ask the question and then be dropped, with any module); that waits while people answer.
firefox_profile() {
  nss_database "$1"
  cat >"$1/user.js" <<'JS'
user_pref("app.normandy.enabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("browser.warnOnQuit", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.http.speculative-parallel-limit", 0);
user_pref("network.predictor.enabled", false);
user_pref("network.http.tls-handshake-timeout", 300);
user_pref("security.default_personal_cert", "Ask Every Time");
user_pref("termsofuse.bypassNotification", true);
user_pref("trailhead.firstrun.didSeeAboutWelcome", true);
JS
  give_to_user
}
firefox_open() { open_browser firefox-esr --no-remote --profile "$1" "$url"; }
firefox_login() { log_in firefox "$1"; }

# --password-store: no keyring of the desktop is asked for.
chromium_open() {
  local flags=(--no-first-run --no-default-browser-check --password-store=basic)
  # Chromium refuses root, and a user who is root in a namespace, unless its sandbox is off.
  [ "$sandboxed" = yes ] || flags+=(--no-sandbox)
  open_browser chromium "${flags[@]}" --user-data-dir="$1" "$url"
}
chromium_login() { log_in chromium "$1"; }

readonly firefox_names='Please authenticate to the security device .?Kilt test'
# OpenSC adds the name of the PIN to the token's.
readonly chromium_names='Please unlock Kilt test( .User PIN.)? to authenticate to localhost'
readonly firefox_offers='requested that you identify yourself.*Issued to: CN=first'
readonly chromium_offers='Select a certificate to authenticate yourself to localhost.*Kilt test CA'

# log_in BROWSER SHOT: the PIN and the choice of a certificate, in whichever order they come: a token
# that shows its certificates to everybody lets the choice come first. A browser that was answered
# before may remember the choice.
log_in() {
  local asks=${1}_asks names=${1}_names offers=${1}_offers before chosen=no
  before=$(page)
  come_to_pin "$1" "$2"
  read_screen 30 "and names the token" "${!names}"
  type_into "${!asks}" "$user_pin"
  shot "$2-pin"
  press Return
  if [ $chosen = no ]; then
    [ "$before" = 0 ] || wait_for 180 page_or_offered "$before" "${!offers}" || true
    page_after "$before" || choose "$1" "$2"
  fi
  see_page_after "$before" "the server read the name in the certificate"
  read_screen 30 "the page greets by it" "Welcome first, page $(page)"
  shot "$2-page"
}
# come_to_pin BROWSER SHOT: until the PIN is asked for.
come_to_pin() {
  local asks=${1}_asks offers=${1}_offers
  wait_for 180 asked_or_offered "${!asks}" "${!offers}" || true
  window_is_there "${!asks}" || choose "$1" "$2"
  see_window 60 "it asks for the PIN" "${!asks}"
}
asked_or_offered() { window_is_there "$1" || screen_shows "$2"; }
choose() {
  local offers=${1}_offers
  read_screen 180 "it offers the certificate" "${!offers}"
  shot "$2-certificate"
  sleep 1
  press Return
  chosen=yes
}
# page: the number of the page that is shown, 0 if none is.
page() {
  local title
  title=$(xdotool search --onlyvisible --name '^Welcome first, page [0-9]' getwindowname 2>/dev/null || true)
  title=${title#Welcome first, page }
  echo "$((${title%%[^0-9]*} + 0))"
}
page_after() { (($(page) > $1)); }
page_or_offered() { page_after "$1" || screen_shows "$2"; }
# see_page_after NUMBER WHAT: a page that is newer than the one with this number comes.
see_page_after() {
  if wait_for 180 page_after "$1"; then pass "$2"; else browser_failed "$2"; fi
}

kilt_as_user() { "${as_user[@]}" "$browser_home/lib/kilt" --module "$installed" "$@"; }

# registered_session BROWSER FOLDER APDUS APDUS: what both browsers have to do, with the module in place.
# APDUS: at most so many for the first log-in (it grows with the time that passes in dialogues: the
# token is asked now and then whether it changed), and for loading the page again.
registered_session() {
  local browser=$1 folder=$2 before page
  local asks=${browser}_asks quits=${browser}_quits
  asks=${!asks} quits=${!quits}
  before=$(apdus)
  "${browser}_open" "$folder"
  "${browser}_login" first
  costs "from the start to the page" "$3" "$before"
  idle "${KILT_IDLE:-60}" "logged in, it asks the token nothing in ${KILT_IDLE:-60} s"
  before=$(apdus)
  page=$(page)
  press ctrl+r
  see_page_after "$page" "the page is loaded again, without a question"
  costs "for that" "$4" "$before"

  say "# the token leaves and returns"
  tell_token remove
  sleep 3
  tell_token insert
  wait_for 60 card_present || die "pcscd does not see the token again"
  press ctrl+r
  "${browser}_login" again
  check "it ends when told to" close_browser "$quits"
  nobody_logged_in

  say "# a wrong PIN"
  "${browser}_open" "$folder"
  come_to_pin "$browser" wrong
  type_into "$asks" 00000000
  press Return
  check "one try is spent of 5" wait_for 60 pin_status_is 63C4
  see_window 20 "it asks again" "$asks"
  shot wrong-pin
  sleep 3
  check "and tries nothing by itself" pin_status_is 63C4
  type_into "$asks" "$user_pin"
  press Return
  check "the right PIN logs in" wait_for 60 pin_status_is 9000
  press Escape  # the choice of a certificate
  sleep 1
  check "it ends" close_browser "$quits"
  nobody_logged_in
}
# Browsers end without a word to the module. pcscd takes the power from a token that nobody is
# connected to: 5 seconds, during which asking would connect.
nobody_logged_in() {
  sleep 7
  check "a little later nobody is logged in, and no try is missing" pin_status_is 63C5
}

# costs WHAT MOST BEFORE: APDUs since the token had counted BEFORE.
costs() {
  local spent=$(($(apdus) - $3))
  echo "at most $2" >"$work/out"
  if [ "$spent" -le "$2" ]; then pass "$spent APDUs $1"; else fail_shown "$spent APDUs $1" "(counted by the token)"; fi
}
