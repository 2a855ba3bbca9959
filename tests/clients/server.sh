# shellcheck shell=bash
# Common to the servers of the client matrix, after tests/lib.sh and tokens.sh: each serves TLS on
# the loopback with the token's key and the certificate $work/new.crt of $work/ca.pem.
# shellcheck disable=SC2034,SC2154  # for the scripts; work, key_type, started are from lib.sh

readonly port=$((20000 + RANDOM % 10000))

# tls_version: TLS 1.3 wants PSS.
tls_version() { if [ "$key_type" = RSA ] && ! has pss; then echo 1.2; else echo 1.3; fi; }

# daemon PID: a server that went into the background by itself ends with the script, even if that is
# killed outright.
daemon() {
  started+=("$1")
  (
    while kill -0 "$$" 2>/dev/null; do sleep 1; done
    pkill -KILL -P "$1"
    kill -KILL "$1"
  ) >/dev/null 2>&1 </dev/null &
}

# request: one TLS connection with a handshake of its own; the answer in $work/tls.
request() {
  printf 'GET / HTTP/1.0\r\n\r\n' | timeout 60 openssl s_client -connect "127.0.0.1:$port" \
    -CAfile "$work/ca.pem" -verify_return_error -ign_eof >"${1:-$work/tls}" 2>&1
  grep -q 'served' "${1:-$work/tls}" || { cat "${1:-$work/tls}" && return 1; }
}

# many_requests: sixteen connections side by side.
many_requests() {
  local i pids=() pid good=0
  for i in {1..16}; do
    request "$work/tls.$i" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid" || good=1; done
  return "$good"
}
