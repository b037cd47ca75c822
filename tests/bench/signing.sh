#!/usr/bin/env bash
# signing.sh BIN-FOLDER [MIB [FOLDER]]: how long an image of MIB (1024) takes to encrypt and sign, against the passes over its
# bytes that this needs at their own rates in the same run, and against openssl doing what of it it can. Printed, never asserted.
# FOLDER is on the disk to be measured; it takes four times the image.
set -euo pipefail
bench=$(realpath "$1")/signing_bench
readonly bench mib=${2:-1024}
place=$(mktemp -d -p "${3:-${TMPDIR:-/tmp}}")
readonly place
trap 'rm -rf "$place"' EXIT
cd "$place"
export LC_ALL=C

cpu() { awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo; }
has() { grep -qw "$1" /proc/cpuinfo && printf '%s ' "$1" || true; }
printf '%s, %s processors, load %s, %s\n\n' "$(cpu)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" "$(has sha_ni)$(has aes)$(has vaes)"

# Bytes of no pattern, in the page cache when the clock starts.
head -c "${mib}M" /dev/zero | openssl enc -aes-128-ctr -K 00000000000000000000000000000001 -iv 00000000000000000000000000000000 >image
"$bench" "$place"

# measured NAME COMMAND...
measured() {
  local name=$1 times
  shift
  TIMEFORMAT='%R %U %S'
  times=$( { time "$@" >work.out 2>work.err; } 2>&1 ) || { printf '%-58s failed: %s\n' "$name" "$(tail -n 1 work.err)"; return 0; }
  awk -v name="$name" -v n="$mib" '{ printf "%-58s %8d MiB %7.3f s %8.0f MiB/s  %6.3f s of processor\n", name, n, $1, n / $1, $2 + $3 }' <<<"$times"
}

printf '\n'
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out key.pem 2>/dev/null
encrypt_and_sync() { openssl enc -aes-256-ctr -K "$(printf '01%.0s' {1..32})" -iv 00000000000000000000000000000000 -in image -out openssl.enc && sync -d openssl.enc; }
measured "openssl enc -aes-256-ctr (it has no GCM), synced" encrypt_and_sync
measured "openssl dgst -sha256 -sign (RSA-4096, PSS), of the image" \
  openssl dgst -sha256 -sign key.pem -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -out image.sig image
measured "openssl dgst -sha256, of the payload" openssl dgst -sha256 openssl.enc
