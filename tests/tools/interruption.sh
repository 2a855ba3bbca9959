# shellcheck shell=bash
# Commands of a renewal ended at every moment, and what must be true afterwards.
#
# A phase is a function NAME, the command, with kept_by_NAME, what must be true after the interruption,
# and done_by_NAME, what must be true after the same command has been run again. keep NAME has kept the
# token as it is before.
# shellcheck source=tests/tools/renewal.sh
. "$(dirname "${BASH_SOURCE[0]}")/renewal.sh"

# every_moment [EVERY]: one moment of so many (KILT_EVERY).
every_moment() {
  every=${1:-${KILT_EVERY:-1}}
  readonly stopping=$KILT_BUILD/tests/tools/kilt-stopping-module.so
  [ -f "$stopping" ] || die "$stopping is not built"
}

# goes_on PHASE WHEN: after an interruption. Speaks only if something is wrong.
goes_on() {
  if ! "kept_by_$1"; then
    run k list
    fail_shown "$1, $2: what must stay is lost" list
    return 1
  fi
  if ! run "$1"; then
    fail_shown "$1, $2: does not go on" "$1"
    return 1
  fi
  if ! "done_by_$1"; then
    run k list
    fail_shown "$1, $2: does not end as it should" list
    return 1
  fi
}

# stopped PHASE MOMENT: the command, killed at that moment.
stopped() {
  (
    export KILT_STOP_MODULE=${KILT_MODULE:-$module} KILT_STOP_AT=$2 KILT_STOP_LOG=$work/moments
    export KILT_MODULE=$stopping
    rm -f "$KILT_STOP_LOG"
    run "$1"
  ) 2>/dev/null
}

# killed PHASE: the token as it is in restore PHASE.
killed() {
  local moments at good=0 bad=0
  restore "$1"
  stopped "$1" 0 || fail_shown "$1 behind the module that stops it" "$1"
  moments=$(wc -l <"$work/moments")
  for ((at = 1; at <= moments; at += every)); do
    restore "$1"
    if stopped "$1" "$at"; then
      fail "$1 was to be killed at moment $at"
    elif goes_on "$1" "killed $(sed -n "${at}p" "$work/moments") (moment $at)"; then
      good=$((good + 1))
    else
      bad=$((bad + 1))
    fi
  done
  [ "$bad" != 0 ] || [ "$good" = 0 ] || pass "$1: killed at $good moments of $moments, goes on after each"
}
