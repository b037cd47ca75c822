#!/usr/bin/env bash
# ceremony_kills.sh BIN-FOLDER SHIM STRIDE: kills (-9) `lamp-hsm ceremony run` at every STRIDE-th sync, after every
# (STRIDE / 4)-th file that it publishes (each record of the transcript is one), and after every (16 * STRIDE)-th request
# to a token, each time on a fresh copy of a site whose tokens live in a `p11-kit server` that is not killed. The same
# command then finishes: each step done once, each key there once, the transcript and the log whole.
set -euo pipefail
readonly bin=$1 shim=$2 stride=$3
source "$(dirname "$0")/common.sh"

cat >"$place/steps.yaml" <<'STEPS'
ceremony: root
purpose: A root and an authority below it
conductor: officer-1
witnesses: [officer-2]
steps:
  - {do: token, token: root, label: root}
  - {do: generate-key, token: root, key: root, kind: p384, use: sign}
  - {do: check, token: root, key: root, expect: [sensitive, never-extractable, local, sign-only], refuses: [reading, extraction]}
  - {do: create-authority, authority: root, profile: root-ca}
  - {do: create-authority, authority: device, profile: device-ca, issuer: root}
  - {do: publish-crl, authority: root}
  - {do: export, certificate: root, file: export/root.pem}
STEPS
digest=$(sha256sum "$place/steps.yaml" | cut -d' ' -f1)
readonly digest

# The demo site as it is before any authority; made once, copied for each round.
lamp init "$place/fresh" --demo >"$place/init.log" 2>&1 || die "lamp init: $(cat "$place/init.log")"
for officer in officer-1 officer-2; do
  lamp-hsm --site "$place/fresh" key generate "$officer" approval --use sign-with-pin >/dev/null || die "key generate"
done

run_ceremony() { lamp-hsm ceremony run "$place/steps.yaml" --confirm-digest "$digest" >run.log 2>&1; }

# Runs it with a kill there; false when it finished before that.
ceremony_killed_at() {
  local status=0
  if [ "$1" != sync ]; then export LAMP_KILL_AFTER=1; else unset LAMP_KILL_AFTER; fi
  { LD_PRELOAD=$shim LAMP_KILL_ON=$1 LAMP_KILL_AT=$2 run_ceremony || status=$?; } 2>/dev/null  # the shell's own "Killed"
  unset LAMP_KILL_AFTER
  [ "$status" -eq 137 ] || [ "$status" -eq 0 ] || die "ended with $status instead of being killed ($1 $2)"
  [ "$status" -eq 137 ]
}

check_site() {
  local transcript=ceremonies/root/transcript.cbor anchor
  run_ceremony || die "could not be finished after a kill ($1)"
  anchor=$(sed -n 's/^anchor //p' run.log | tail -n 1)
  lamp-hsm ceremony verify "$transcript" --anchor "$anchor" >run.log 2>&1 || die "the transcript does not hold ($1)"
  [ "$(lamp-hsm ceremony show "$transcript" | grep -c 'kind: done')" -eq 7 ] || die "a step was not done once ($1)"
  [ "$(lamp-hsm key list root | grep -cw root)" -eq 1 ] || die "the key is not there once ($1)"
  [ "$(lamp-ca list --state issued --json | grep -c '"serial"')" -eq 2 ] || die "not two certificates ($1)"
  openssl verify -x509_strict -CAfile export/root.pem ca/device/cert.pem >run.log 2>&1 || die "openssl does not agree ($1)"
  [ "$(lamp-audit show | grep -c 'hsm.ceremony.step ')" -eq 7 ] || die "the log does not tell of each step once ($1)"
  lamp-audit verify >run.log 2>&1 || die "the log is not whole ($1)"
}

for how in sync rename socket; do
  step=$stride
  [ "$how" != socket ] || step=$((16 * stride))
  [ "$how" != rename ] || step=$(((stride + 3) / 4))
  before=$kills
  for ((at = 1; ; at += step)); do
    served_copy "$place/fresh"
    ceremony_killed_at "$how" "$at" || break
    kills=$((kills + 1))
    check_site "$how $at"
  done
  [ "$kills" -gt "$before" ] || die "not once killed at a $how: nothing is being tested"
  printf '%-8s %d kills\n' "$how" $((kills - before))
done
