# shellcheck shell=bash
# tools/demo --site, after the token has its keys and certificates: the bridge, a site, a browser, and
# their user, who reads windows' titles and types. Chromium and kilt-dialog are the real ones.
# shellcheck disable=SC2154  # work, module, KILT_BUILD, KILT_SOURCE are tests/lib.sh's, the rest the demo's

readonly shots=${KILT_SHOTS:-$KILT_BUILD/screenshots} shots_of=site site_port=8080
mkdir -p "$shots"
# The user. Only what they see decides: titles of windows, and what the site believes.
# shellcheck source=tests/tools/bridge/hands.sh
. "$KILT_SOURCE/tests/tools/bridge/hands.sh"
export XDG_STATE_HOME=$work/state KILT_CONF=$work/kilt.toml GDK_BACKEND=x11 GSK_RENDERER=cairo
printf "[bridge]\ndialog = \"%s\"\nmodule = \"%s\"\n" "$KILT_BUILD/tools/dialog/kilt-dialog" "$module" >>kilt.toml

step "9. A certificate for this computer alone, which Chromium trusts."
# This user has no systemd to start the bridge.
mkdir -p bin "$HOME/.pki/nssdb"
ln -sf "$(type -P true)" bin/systemctl
certutil -N -d "sql:$HOME/.pki/nssdb" --empty-password
PATH=$work/bin:$PATH show kilt register bridge --yes

step "10. A screen, kilt-bridge on NCALayer's port, a site on http://localhost:$site_port, Chromium."
start_display 1280x1000
background bridge "$KILT_BUILD/tools/bridge/kilt-bridge" run
listening() { grep -qs 13579 bridge.log; }
wait_for 60 listening || die "kilt-bridge does not start: $(cat bridge.log)"
mkdir -p filed
background site python3 -u "$KILT_SOURCE/tools/demo_site/site.py" "$site_port" "$work/ca.pem" "$work/filed"
wait_for 60 grep -qs ready site.log || die "the site does not start: $(cat site.log)"
# Root's Chromium runs without its sandbox. LocalNetworkAccess: a person allows it once for each site.
flags=(--no-first-run --no-default-browser-check --password-store=basic --disable-gpu "--user-data-dir=$work/chromium"
  "--disable-features=LocalNetworkAccessChecks,LocalNetworkAccessChecksWebSockets"
  "--window-size=1240,960" "--window-position=0,0")
[ "$(id -u)" != 0 ] || flags+=(--no-sandbox)
background browser chromium "${flags[@]}" "http://localhost:$site_port/?walk"

reaches() { wait_for 120 grep -qs "$1" site.log || die "the site does not get there: $(cat site.log)"; }

step "11. The site wants to log the owner in. Its first use is asked about; then the signature, with the PIN."
consent origin xdotool key alt+a
consent login type_pin "$MY_PIN"
reaches '^Logged in'
say "    the site: $(grep '^Logged in' site.log)"

step "12. The owner shows a key, without a PIN."
consent key xdotool key alt+g

step "13. The document: another consent, another PIN."
consent document type_pin "$MY_PIN"
reaches '^Signed'
wait_for 60 window_is_there '^Signed' || die "the page does not say so"
picture signed
say "    the site: $(grep '^Signed' site.log)"

step "Done; nothing is left running. On your own computer:"
cat <<NEXT
    kilt register bridge                          once; sites of the CA and the state then find your keys
    kilt doctor                                   when a site does not see them
NEXT
