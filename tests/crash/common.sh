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

# served_copy SITE: goes into a fresh copy of the site whose tokens are reached through a server of its own; the copy before
# and its server go.
served_copy() {
  end_server
  cd "$place"
  rm -rf "$place"/site-*
  round=$((round + 1))
  cp -a "$1" "$place/site-$round"
  cd "$place/site-$round"
  printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens/store" >tokens/softhsm2.conf
  sed -i "s#$provider#$client#" site.yaml
  SOFTHSM2_CONF=$PWD/tokens/softhsm2.conf p11-kit server --foreground --provider "$provider" --name "$place/p11-$round" "pkcs11:" \
    >/dev/null 2>&1 &
  server=$!
  export P11_KIT_SERVER_ADDRESS=unix:path=$place/p11-$round
  local tries
  for ((tries = 0; tries < 200; tries++)); do [ -S "$place/p11-$round" ] && return 0; sleep 0.05; done
  die "the token server does not start"
}
