# What the crash rings share; to be sourced with `bin` set. The tokens of a site live in a `p11-kit server` that is not killed:
# SoftHSM loses a token when it dies during a login (lamp.7, LIMITS).
readonly provider=/usr/lib/softhsm/libsofthsm2.so
client=$(find /usr/lib -name p11-kit-client.so 2>/dev/null | head -n 1)
readonly client
export PATH=$bin:$PATH LC_ALL=C.UTF-8
unset LAMP_SITE
place=$(mktemp -d)
readonly place
server='' kills=0 round=0

die() {
  printf '%s: FAILED: %s\n' "$(basename "$0" .sh)" "$*" >&2
  [ ! -e run.log ] || tail -n 30 run.log >&2
  exit 1
}
end_server() {
  [ -n "$server" ] || return 0
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=''
}
at_end() {
  end_server
  rm -rf "$place"
}
trap at_end EXIT
[ -n "$client" ] || die "p11-kit-client.so is not installed"

# fresh_copy SITE: goes into a fresh copy of the site; the copy before and its server go.
fresh_copy() {
  end_server
  cd "$place"
  rm -rf "$place"/site-*
  round=$((round + 1))
  cp -a "$1" "$place/site-$round"
  cd "$place/site-$round"
  configure_softhsm tokens
}

# configure_softhsm FOLDER: its tokens lie in FOLDER/store.
configure_softhsm() {
  printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/$1/store" >"$1/softhsm2.conf"
}

# start_server FOLDER: the tokens of a folder are reached through it.
start_server() {
  local socket=$place/p11-$round tries
  SOFTHSM2_CONF=$PWD/$1/softhsm2.conf p11-kit server --foreground --provider "$provider" --name "$socket" "pkcs11:" \
    >/dev/null 2>&1 &
  server=$!
  export P11_KIT_SERVER_ADDRESS=unix:path=$socket
  for ((tries = 0; tries < 200; tries++)); do grep -q " 00010000 .* $socket\$" /proc/net/unix && return 0; sleep 0.05; done  # it listens
  die "the token server does not start"
}

# served_copy SITE: fresh_copy() whose tokens are reached through a server of its own.
served_copy() {
  fresh_copy "$1"
  sed -i "s#$provider#$client#" site.yaml
  start_server tokens
}

# killed_at ON AT COMMAND...: the command with $shim preloaded, killed at its AT-th act of kind ON; false when it ended before.
killed_at() {
  local on=$1 at=$2 status=0
  shift 2
  { LD_PRELOAD=$shim LAMP_KILL_ON=$on LAMP_KILL_AT=$at "$@" >run.log 2>&1 || status=$?; } 2>/dev/null  # the shell's own "Killed"
  [ "$status" -eq 137 ] || [ "$status" -eq 0 ] || die "ended with $status instead of being killed ($on $at)"
  [ "$status" -eq 137 ]
}

# For rings whose on_line() starts a line behind what its first argument sets: kill_at KIND AT prints what kills it at its
# AT-th act of KIND, in turn before and after the act; is_killed KIND AT HOW runs it, and is false when it ended before.
points=0
declare -A of_kind
kill_at() {
  local how="LAMP_KILL_ON=$1 LAMP_KILL_AT=$2 LD_PRELOAD='$shim':\$LD_PRELOAD"
  [ $(($2 % 2)) = 0 ] || how="LAMP_KILL_AFTER=1 $how"
  printf '%s' "$how"
}
is_killed() {
  local status=0
  on_line "$3" || status=$?
  [ "$status" -eq 137 ] || [ "$status" -eq 0 ] || die "$1 $2: ended with $status instead of being killed"
  [ "$status" -eq 137 ]
}
count_point() {
  points=$((points + 1))
  of_kind[$1]=$((${of_kind[$1]:-0} + 1))
}
