# shellcheck shell=bash
# Root file systems of other Debian releases, for tests/on-release and tests/install. A script reads
# this first of all (it may be called again inside a root), sets $release, $arch and $root, and then
# calls what follows.
readonly roots=${KILT_ROOTS:-/var/cache/kilt} mirror=${KILT_MIRROR:-http://deb.debian.org/debian}
readonly user_id=1000 home=/home/owner
script=$(basename "$0")
readonly script

die() {
  echo "$script: $*" >&2
  exit 1
}
not_tested() {
  echo "NOT TESTED: $*"
  exit 77
}
# timed WHAT COMMAND...: COMMAND, and how long it took.
timed() {
  local what=$1 begin=$SECONDS code=0
  shift
  "$@" || code=$?
  echo "$script: $what: $([ $code = 0 ] && echo ok || echo "FAILED, exit status $code") ($((SECONDS - begin)) s)"
  return "$code"
}

# can_have_roots: else the script ends, and says why. GIGABYTES is what a root takes.
can_have_roots() {
  local room
  [ "$(id -u)" = 0 ] || not_tested "a root file system needs root"
  unshare --mount --pid --fork true 2>/dev/null || not_tested "no namespaces here"
  mkdir -p "$roots/ccache"
  chown "$user_id:$user_id" "$roots/ccache"
  room=$(df --output=avail -BG -- "$roots" | tail -n 1 | tr -dc 0-9)
  [ "$room" -ge "$1" ] || not_tested "$roots has $room GB left; a root and a build take $1"
}

# lock_root: two runs with one root would take its contents from under each other.
lock_root() {
  exec 9>"$root.lock"
  flock 9
}

# make_root: $root, whole or not there.
# shellcheck disable=SC2154,SC2317  # release and the others are the script's; it is called by timed
make_root() {
  local new=$root.new log=$root.log
  command -v debootstrap >/dev/null || not_tested "debootstrap is missing: run tests/setup all"
  rm -rf --one-file-system "$new"
  # Says nothing of Kilt: the archive is not reached, or devices cannot be made here.
  timeout 1200 debootstrap --arch="$arch" --variant=minbase --include=ca-certificates "$release" "$new" \
    "$mirror" >"$log" 2>&1 || not_tested "no root of $release by debootstrap: $(tail -n 1 "$log")"
  # The release file of testing expires when its mirror is not of today.
  echo 'Acquire::Check-Valid-Until "false";' >"$new/etc/apt/apt.conf.d/90kilt"
  if ! { chroot "$new" useradd --create-home --home-dir "$home" --uid "$user_id" --shell /bin/bash owner &&
    mkdir -p "$new$home/.cache/ccache" "$new/host" && chown -R "$user_id:$user_id" "$new$home/.cache" &&
    mv "$new" "$root"; }; then
    die "the root cannot be made ready"
  fi
}

# clone_into_root: HEAD of this clone, as the root's user finds it in $home/kilt.
clone_into_root() {
  rm -rf --one-file-system "$root$home/kilt"
  git clone --quiet --no-hardlinks . "$root$home/kilt"
  chown -R "$user_id:$user_id" "$root$home/kilt"
  [ -z "$(git status --porcelain)" ] || echo "$script: what is not committed is not in the clone"
}

# prepare [SECTION...]: what tests/setup names is installed. That the archive does not give what it has, or
# not in time, says nothing of Kilt; a name that it lacks does.
# shellcheck disable=SC2317
prepare() {
  local log=$root.log code=0
  # A run that was interrupted may have left packages half installed.
  as_root "dpkg --configure -a && timeout 1200 tests/setup --yes $*" 2>&1 | tee "$log" || code=$?
  [ "$code" != 124 ] || not_tested "tests/setup does not end within 20 minutes"
  if [ "$code" != 0 ] && grep -qE 'Failed to fetch|Unable to fetch|Could not resolve' "$log"; then
    not_tested "the archive does not give the packages: $(grep -m 1 -E 'Failed to|Unable to|Could not' "$log")"
  fi
  return "$code"
}

# enter COMMAND...: COMMAND with $KILT_ENTER as its whole file system (not by chroot, in which a user
# could make no namespace), with processes, terminals and memory files of its own.
enter() {
  local root=$KILT_ENTER
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
  ln -sf pts/ptmx "$root/dev/ptmx"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  mount -t tmpfs -o mode=0755 tmpfs "$root/run"
  mkdir -p "$root/run/lock"
  mount --bind "$roots/ccache" "$root$home/.cache/ccache"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cd "$root" || exit
  pivot_root . host
  exec chroot . /bin/bash -c 'umount -l /host && cd / && exec "$@"' - "$@"
}
if [ -n "${KILT_ENTER:-}" ]; then enter "$@"; fi

# in_root COMMAND...: in namespaces that end with it.
in_root() {
  KILT_ENTER=$root unshare --mount --pid --fork --kill-child --propagation private \
    "tests/$script" "$@" </dev/null 9>&-
}
# root_works: namespaces can be had with that root.
root_works() { in_root true 2>"$root.log" || not_tested "no namespace with that root here: $(tail -n 1 "$root.log")"; }
readonly clean=(env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM=dumb)
as_root() { in_root "${clean[@]}" HOME=/root CI=true bash -c "cd $home/kilt && $*"; }
# shellcheck disable=SC2317
as_user() {
  in_root setpriv --pdeathsig KILL --reuid "$user_id" --regid "$user_id" --init-groups "${clean[@]}" HOME="$home" USER=owner \
    CI=true CCACHE_MAXSIZE=10G KILT_ON_RELEASE="$release" bash -c "cd $home/kilt && $*"
}
