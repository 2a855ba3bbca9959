# shellcheck shell=bash
# The user in front of kilt-dialog's window: sees its title and its size, types. For the bridge's tests and
# tools/demo --site, after tests/lib.sh's start_display. Pictures go to $shots, as $shots_of-NAME.png.
# shellcheck disable=SC2154  # shots, shots_of: the script's

# picture NAME: of the screen.
picture() {
  sleep 1  # until it is painted
  import -window root "$shots/$shots_of-$1.png"
  say "    picture: $shots/$shots_of-$1.png"
}

# consent NAME COMMAND...: the dialogue comes, a picture is made, COMMAND answers it; until it has ended. Another
# may follow at once, so the end is that of the process. $asked is the window's number.
consent() {
  local name=$1 process
  shift
  wait_for 120 window_is_there '^Kilt$' || die "no dialogue comes for $name: $(tail -n 3 "$work"/*.log)"
  asked=$(window '^Kilt$')
  process=$(xdotool getwindowpid "$asked")
  xdotool windowfocus --sync "$asked"
  picture "$name"
  "$@"
  wait_for 120 process_is_gone "$process" || die "the dialogue stays: $name"
}
process_is_gone() { ! kill -0 "$1" 2>/dev/null; }

type_pin() { xdotool type --delay 40 "$1" && xdotool key Return; }
# tall_window: its height. Words that come into the dialogue make it taller.
tall_window() { xdotool getwindowgeometry --shell "$asked" | sed -n 's/^HEIGHT=//p'; }
taller_than() { (($(tall_window) > $1)); }
