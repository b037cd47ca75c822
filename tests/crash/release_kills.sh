#!/usr/bin/env bash
# release_kills.sh BIN-FOLDER SITES-FOLDER SHIM STRIDE: kills (-9) `lamp-sign seal` of an approved request before and after every
# file that it puts in place, and after every STRIDE-th request to the release token, which lives in a `p11-kit server`
# that is not killed; and `lamp-sign approve` after every file. The same command then finishes. The PIN was renewed exactly
# once and is not lost: two other officers open the token. What was signed before the kill is what is published after it.
# The same for a hybrid model with further outputs (MCUboot image, Zigbee file, SWUpdate package), each of which has to be
# moved, and whose ML-DSA key is sealed and dealt anew with the PIN.
set -euo pipefail
readonly bin=$1 sites=$2 shim=$3 stride=$4
source "$(dirname "$0")/common.sh"
model=smart-lamp
folder() { echo "releases/$model/1.1.0"; }

request() { lamp-sign request sample/firmware.bin --model "$model" --version "$1" --epoch 2; }
approve() { lamp-sign approve "$model/$1" --as "$2"; }
seal() { lamp-sign seal "$model/$1"; }
signed_part() { lamp-sign transcript show "$1" | sed -n '/ release   /q;p'; }

# Only the release token is far away: the others hand out keys by ECDH, which p11-kit does not carry.
served_site() {
  served_copy "$1"
  sed -i "s#$client#$provider#" site.yaml
  sed -i "/^  release:/,/uri:/s#$provider#$client#" site.yaml
  export SOFTHSM2_CONF=$PWD/tokens/softhsm2.conf
}

prepare() {
  cp -a "$sites/founded" "$place/asked"
  (
    cd "$place/asked"
    sed -i "s#^directories.tokendir.*#directories.tokendir = $PWD/tokens/store#" tokens/softhsm2.conf
    export SOFTHSM2_CONF=$PWD/tokens/softhsm2.conf
    request 1.1.0 && approve 1.1.0 officer-1
    cp -a "$place/asked" "$place/approved"
    cd "$place/approved"
    sed -i "s#^directories.tokendir.*#directories.tokendir = $PWD/tokens/store#" tokens/softhsm2.conf
    export SOFTHSM2_CONF=$PWD/tokens/softhsm2.conf
    approve 1.1.0 officer-2
  ) >"$place/prepare.log" 2>&1 || die "prepare: $(tail -n 3 "$place/prepare.log")"
}

# A site whose model has outputs beside the envelope, a release of it approved.
prepare_outputs() {
  (
    set -e
    unset SOFTHSM2_CONF P11_KIT_SERVER_ADDRESS
    cd "$place"
    lamp init outputs --demo --port 28446
    cd outputs
    sed -i "s/^  client: issuing/&\n  code: issuing/" site.yaml
    mkdir -p devices
    sed 's/^model: .*/model: beacon/; s/^serial-prefix: .*/serial-prefix: BC/' "$LAMP_TEMPLATES/devices/smart-lamp.yaml" >devices/beacon.yaml
    cat >>devices/beacon.yaml <<'OUTPUTS'
outputs:
  - kind: suit
  - {kind: mcuboot, key: boot.beacon, header-size: 256}
  - {kind: zigbee, around: mcuboot, manufacturer: 4660, image-type: 1}
  - {kind: swu, key: package.beacon, certificate: package.pem, path: /lib/firmware/beacon.bin}
release: {signatures: [ps256, ml-dsa-87]}
OUTPUTS
    lamp-ca create root --profile root-ca
    lamp-ca create client --profile client-ca --issuer root
    lamp-ca create code --profile code-signing-ca --issuer root
    lamp-ca issue client --profile station --name line1
    for officer in officer-1 officer-2 officer-3; do lamp-ca issue client --profile officer --name "$officer"; done
    lamp-hsm quorum create release --threshold 2 --officer officer-1 --officer officer-2 --officer officer-3
    sed -n 's/^  package.beacon: //p' quorum/release.yaml | tr -d '"' | base64 -d >package.der
    lamp-ca issue code --profile code-signing --name package.beacon --public-key package.der -o devices/package.pem
    request 1.1.0
    approve 1.1.0 officer-1
    approve 1.1.0 officer-2
  ) >"$place/prepare.log" 2>&1 || die "prepare: $(tail -n 3 "$place/prepare.log")"
}

# After a kill of a seal.
check_seal() {
  local where=$1 before='' genesis folder file
  folder=$(folder)
  mkdir published
  for file in release.suit mcuboot.bin zigbee.ota release.swu; do [ ! -e "$folder/$file" ] || cp "$folder/$file" published/; done
  [ ! -e $folder/transcript.cbor ] || before=$(signed_part $folder/transcript.cbor)
  seal 1.1.0 >run.log 2>&1 || die "could not be finished after a kill ($where)"
  for file in $(ls published); do cmp -s "published/$file" "$folder/$file" || die "other bytes were published as $file ($where)"; done
  [ ! -e "$folder/signed" ] || die "the staging folder is left over ($where)"
  [ -z "$before" ] || [ "$before" = "$(signed_part $folder/transcript.cbor)" ] || die "it was signed twice ($where)"
  genesis=$(lamp-hsm quorum show release 2>>run.log | sed -n 's/^roster digest //p')
  lamp-sign transcript verify $folder/transcript.cbor --genesis "$genesis" >run.log 2>&1 || die "the transcript does not hold ($where)"
  [ "$(lamp-audit show | grep -c 'sign.seal ')" -eq 1 ] || die "the log does not tell of one seal ($where)"
  grep -q '^number: 2$' quorum/release.shares.yaml || die "the PIN was renewed not once ($where)"
  { request 1.2.0 && approve 1.2.0 officer-2 && approve 1.2.0 officer-3 && seal 1.2.0; } >run.log 2>&1 ||
    die "two other officers cannot open the token ($where)"
  [ "$(ls quorum/release.hybrid.*.cbor | wc -l)" -eq 1 ] || die "a sealed ML-DSA key is left over ($where)"
  lamp-audit verify >run.log 2>&1 || die "the log is not whole ($where)"
  ! ls core* >/dev/null 2>&1 || die "a core file"
}

# After a kill of an approval.
check_approve() {
  approve 1.1.0 officer-2 >run.log 2>&1 || die "could not be finished after a kill ($1)"
  seal 1.1.0 >run.log 2>&1 || die "cannot be sealed after a kill ($1)"
}

# SITE VERB KILL-ON STEP WHEN COMMAND...
ring() {
  local site=$1 verb=$2 on=$3 step=$4 when=$5 before=$kills at
  shift 5
  for ((at = 1; ; at += step)); do
    served_site "$place/$site"
    if [ "$when" = after ]; then export LAMP_KILL_AFTER=1; else unset LAMP_KILL_AFTER; fi
    killed_at "$on" "$at" "$@" || break
    unset LAMP_KILL_AFTER
    kills=$((kills + 1))
    "check_$verb" "$verb, $when $on $at"
  done
  unset LAMP_KILL_AFTER
  [ "$kills" -gt "$before" ] || die "$verb was not once killed at a $on: nothing is being tested"
  printf '%-8s %-7s %-8s %d kills\n' "$verb" "$when" "$on" $((kills - before))
}

prepare
ring approved seal rename 1 before lamp-sign seal smart-lamp/1.1.0
ring approved seal rename 1 after lamp-sign seal smart-lamp/1.1.0
ring approved seal socket "$stride" after lamp-sign seal smart-lamp/1.1.0
ring asked approve rename 1 after lamp-sign approve smart-lamp/1.1.0 --as officer-2
model=beacon
prepare_outputs
ring outputs seal rename 1 before lamp-sign seal beacon/1.1.0
ring outputs seal rename 1 after lamp-sign seal beacon/1.1.0
printf '%-25s %d\n%-25s %s\n' "kills" "$kills" "PINs lost, signed twice" "0, 0"
