#!/usr/bin/env bash
# quorum_kills.sh BIN-FOLDER SITES-FOLDER SHIM STRIDE: kills (-9) `lamp-hsm quorum rotate`, `replace` and `recover`, which
# officers have approved, at every sync, before and after every rename and removal, and at every STRIDE-th request to a token, each
# time on a fresh copy of a site whose guarded token lives in a `p11-kit server` that is not killed. (The others do not, because
# it cannot forward an agreement of keys; no kill is in the midst of what SoftHSM writes.) The same command then finishes;
# the PIN was renewed exactly once; another pair of officers opens the token; nothing of the renewal is left over.
set -euo pipefail
readonly bin=$1 sites=$2 shim=$3 stride=$4
source "$(dirname "$0")/common.sh"

rotate=(lamp-hsm quorum rotate release)
recover=(lamp-hsm quorum recover vault)
replace=(lamp-hsm quorum replace release --threshold 2 --officer officer-1 --officer officer-2 --officer operator-1)

# The quorum that an act is about. Only one of four officers and two has dealt out its SO PIN.
quorum_of() { if [ "$1" = recover ]; then echo vault; else echo release; fi; }
make_vault() {
  sed -i "s#^tokens:#tokens:\n  vault:\n    module: $provider\n    uri: pkcs11:token=vault#" site.yaml
  lamp-hsm quorum create vault --without-release-key --threshold 2 --officer officer-1 --officer officer-2 --officer officer-3 --officer operator-1
}

# A site in which an act waits, approved by enough: prepared NAME COMMAND...
prepared() {
  local name=$1 quorum officer officers='officer-1 officer-3'
  shift
  quorum=$(quorum_of "$name")
  cp -a "$sites/founded" "$place/$name"
  (
    set -e
    cd "$place/$name"
    sed -i "s#^directories.tokendir.*#directories.tokendir = $PWD/tokens/store#" tokens/softhsm2.conf
    if [ "$quorum" = vault ]; then make_vault; officers+=' operator-1'; fi
    "$@"
    for officer in $officers; do lamp-hsm quorum approve "$quorum.$name.$quorum" --as "$officer"; done
  ) >"$place/prepare.log" 2>&1 || die "$name: $(tail -n 3 "$place/prepare.log")"
}

# guarded_copy NAME: goes into a fresh copy of its site, whose guarded token, and no other, is reached through a server.
guarded_copy() {
  local quorum serial folder
  quorum=$(quorum_of "$1")
  fresh_copy "$place/$1"
  serial=$(sed -n 's/^ *serial: *"*\([0-9a-f]*\).*/\1/p' "quorum/$quorum.yaml")
  folder=$(ls tokens/store | grep -e "${serial:0:4}-${serial:4}\$") || die "no folder of token $serial"
  mkdir -p tokens/guarded/store
  mv "tokens/store/$folder" tokens/guarded/store/
  configure_softhsm tokens/guarded
  sed -i "/^  $quorum:/,/module:/ s#$provider#$client#" site.yaml
  grep -q "$client" site.yaml || die "the guarded token's module could not be set"
  start_server tokens/guarded
}

dealing() { lamp-hsm quorum show "$1" 2>>run.log | sed -n 's/^dealing \([0-9]*\) .*/\1/p'; }

# After a kill: NAME WHERE COMMAND...
check() {
  local name=$1 where=$2 pair quorum
  shift 2
  quorum=$(quorum_of "$name")
  "$@" >run.log 2>&1 || die "could not be finished after a kill ($where)"
  # Killed when all was done but the last word to the log: the command then asked for the next act.
  ! grep -q '^Next: ' run.log || rm -r "acts/$quorum.$name.$quorum"
  [ "$(dealing "$quorum")" = 2 ] || die "the PIN was renewed not once, dealing $(dealing "$quorum") ($where)"
  ! ls quorum/*pending* quorum/*next* >/dev/null 2>&1 || die "files of the renewal are left over ($where)"
  [ -z "$(ls acts)" ] || [ "$(ls acts)" = "done" ] || die "the act is left over ($where)"
  pair='officer-2 officer-3'
  [ "$name" = rotate ] || pair='officer-2 operator-1'
  lamp-hsm quorum rotate "$quorum" >run.log 2>&1 || die "the next act cannot be asked for ($where)"
  for officer in $pair; do
    lamp-hsm quorum approve "$quorum.rotate.$quorum" --as "$officer" >run.log 2>&1 || die "$officer cannot approve ($where)"
  done
  lamp-hsm quorum rotate "$quorum" >run.log 2>&1 || die "$pair cannot open the token ($where)"
  [ "$(dealing "$quorum")" = 3 ] || die "the PIN was not renewed again ($where)"
  [ -z "$(lamp-hsm key list host | grep '^act\.' || true)" ] || die "a session key is left over ($where)"
  lamp-audit verify >run.log 2>&1 || die "the log is not whole ($where)"
  ! ls core* >/dev/null 2>&1 || die "a core file"
}

# NAME KILL-ON STEP WHEN COMMAND...
ring() {
  local name=$1 on=$2 step=$3 when=$4 before=$kills at
  shift 4
  if [ "$when" = after ]; then export LAMP_KILL_AFTER=1; else unset LAMP_KILL_AFTER; fi
  for ((at = 1; ; at += step)); do
    guarded_copy "$name"
    killed_at "$on" "$at" "$@" || break
    kills=$((kills + 1))
    LAMP_KILL_AFTER='' check "$name" "$name, $when $on $at" "$@"
  done
  unset LAMP_KILL_AFTER
  [ "$kills" -gt "$before" ] || die "$name was not once killed at a $on: nothing is being tested"
  printf '%-8s %-7s %-8s %d kills\n' "$name" "$when" "$on" $((kills - before))
}

prepared rotate "${rotate[@]}"
prepared replace "${replace[@]}"
prepared recover "${recover[@]}"
for name in rotate replace recover; do
  command="$name[@]"
  for when in before after; do
    ring "$name" rename 1 "$when" "${!command}"
    ring "$name" socket "$stride" "$when" "${!command}"
  done
  ring "$name" removal 1 before "${!command}"
  ring "$name" sync 1 before "${!command}"
done
printf '%-25s %d\n%-25s %s\n' "kills" "$kills" "PINs lost, shared by half" "0, 0"
