#!/usr/bin/env bash
# whole_site.sh BIN-FOLDER SOURCE-FOLDER: runs the story in a temporary folder while it looks at every process's arguments and
# environment; then checks what the site holds, where secrets are not, and that the service and the lamps refuse strangers.
set -euo pipefail
readonly bin=$1 source=$2
place=$(mktemp -d)
readonly place
export PATH=$bin:$PATH LC_ALL=C.UTF-8
unset LAMP_SITE SOFTHSM2_CONF
source "$source/templates/demo/story.sh"

chapter() { printf '\n== %s\n' "$*"; }
die() { printf 'whole_site: FAILED: %s\n' "$*" >&2; exit 1; }

watcher=''
at_end() {
  stop_background
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
  rm -rf "$place"
}
trap at_end EXIT

# Looks for the words of $1 in what all processes show of themselves, until killed; finds are kept in $2.
watch_processes() {
  local words=$1 finds=$2 seen
  while :; do
    seen=$(grep -zaFl -f "$words" /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true)
    [ -z "$seen" ] || printf '%s\n' "$seen" >>"$finds"
    sleep 0.02
  done
}

certificates_hold() {
  local device n=0
  for device in factory/line1/devices/*/; do
    openssl verify -x509_strict -CAfile ca/root/cert.pem -untrusted ca/device/cert.pem "$device/idevid.pem" || die "openssl refuses $device"
    n=$((n + 1))
  done
  [ "$n" -eq 5 ] || die "$n devices, not 5"
  openssl verify -x509_strict -CAfile ca/root/cert.pem -untrusted ca/server/cert.pem -purpose sslserver ca/server/certs/localhost.pem
}

files_are_there() {
  local file
  for file in site.yaml ca/{root,device,server,client}/{cert.pem,chain.pem,crl.der} quorum/release.yaml state.db log/checkpoint \
    releases/smart-lamp/1.1.0/release.suit cloud/registry.db; do
    [ -s "$file" ] || die "$file is missing"
  done
}

# Files where a secret may be: tokens, PIN files, the devices' own flash.
elsewhere() { find . -type f -not -path './tokens/*' -not -path './pins/*' -not -path './sim/*' -print0; }

no_private_keys() {
  ! elsewhere | xargs -0 grep -la 'PRIVATE KEY' || die "a private key lies in the files above"
}

no_secrets() {
  local words=$1
  [ "$(wc -l <"$words")" -ge 20 ] || die "only $(wc -l <"$words") canaries: the search would prove nothing"
  ! elsewhere | xargs -0 grep -laF -f "$words" || die "a secret lies in the files above"
}

main() {
  cd "$place"
  # No port is ours: one that is free now is taken.
  local port=$((20000 + RANDOM % 20000))
  run lamp init demo-site --demo --port "$port" >init.out
  cd demo-site
  for pin in pins/*; do cat "$pin"; echo; done >"$place/canaries"
  watch_processes "$place/canaries" "$place/finds" &
  watcher=$!
  whole_story
  kill "$watcher" && watcher=''
  chapter "What the site holds"
  files_are_there
  certificates_hold
  # Device secrets as bytes cannot be searched by line: the helper prints each as hexadecimal and as base64.
  device_secrets sim >>"$place/canaries"
  no_private_keys
  no_secrets "$place/canaries"
  [ ! -s "$place/finds" ] || die "a secret was seen in: $(sort -u "$place/finds")"
  [ -z "$(find "$place" /tmp -maxdepth 1 -name 'core*' -newer "$place/init.out")" ] || die "a core file"
  printf '\nwhole_site: all held\n'
}

main
