#!/usr/bin/env bash
# quorum_kills.sh BIN-FOLDER SITES-FOLDER SHIM STRIDE: kills (-9) `lamp-hsm quorum rotate`, `replace` (without an SO PIN, and with
# one that is dealt anew) and `recover`, which officers have approved, at every sync, before and after every rename and removal,
# and at every STRIDE-th request to a token (of the longer replace at every third sync, unless STRIDE is 1), each time on a
# fresh copy of a site whose guarded token lives in a `p11-kit server` that is not killed. (The others do not, because it
# cannot forward an agreement of keys; no kill is in the midst of what SoftHSM writes.) The same command then finishes; the
# PIN was renewed exactly once; other officers open the token, and the ML-DSA key beside it, and reset its PIN by the SO
# PIN; nothing of the renewal is left over. `quorum rehearse` is killed at some syncs and renames: nothing of the site has changed, and the next one tidies
# up.
set -euo pipefail
readonly bin=$1 sites=$2 shim=$3 stride=$4
source "$(dirname "$0")/common.sh"

rotate=(lamp-hsm quorum rotate release)
recover=(lamp-hsm quorum recover vault)
replace=(lamp-hsm quorum replace release --threshold 2 --officer officer-1 --officer officer-2 --officer operator-1)
succeed=(lamp-hsm quorum replace vault --threshold 2 --officer officer-1 --officer officer-2 --officer operator-1 --officer installer-1)

# The quorum that an act is about, and the act's kind. Only a quorum of four officers and two has dealt out its SO PIN.
quorum_of() { case $1 in recover | succeed) echo vault ;; *) echo release ;; esac; }
kind_of() { if [ "$1" = succeed ]; then echo replace; else echo "$1"; fi; }
# Two who can open the token afterwards.
pair_of() {
  case $1 in
    rotate) echo officer-2 officer-3 ;;
    succeed) echo officer-2 installer-1 ;;
    *) echo officer-2 operator-1 ;;
  esac
}
act_of() { echo "$(quorum_of "$1").$(kind_of "$1").$(quorum_of "$1")"; }
# make_vault --hybrid|--without-release-key
make_vault() {
  sed -i "s#^tokens:#tokens:\n  vault:\n    module: $provider\n    uri: pkcs11:token=vault#" site.yaml
  lamp-hsm quorum create vault "$1" --threshold 2 --officer officer-1 --officer officer-2 --officer officer-3 --officer operator-1
}

# A site in which an act waits, approved by enough: prepared NAME COMMAND...
prepared() {
  local name=$1 officer officers='officer-1 officer-3'
  shift
  cp -a "$sites/founded" "$place/$name"
  (
    set -e
    cd "$place/$name"
    sed -i "s#^directories.tokendir.*#directories.tokendir = $PWD/tokens/store#" tokens/softhsm2.conf
    case $name in
      recover) make_vault --hybrid; officers+=' operator-1' ;;
      succeed) make_vault --without-release-key; officers+=' operator-1' ;;
    esac
    "$@"
    for officer in $officers; do lamp-hsm quorum approve "$(act_of "$name")" --as "$officer"; done
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

# by_others KIND QUORUM WHERE OFFICER...: another act, by these.
by_others() {
  local kind=$1 quorum=$2 where=$3 officer
  shift 3
  lamp-hsm quorum "$kind" "$quorum" >run.log 2>&1 || die "$kind cannot be asked for ($where)"
  for officer in "$@"; do
    lamp-hsm quorum approve "$quorum.$kind.$quorum" --as "$officer" >run.log 2>&1 || die "$officer cannot approve ($where)"
  done
  lamp-hsm quorum "$kind" "$quorum" >run.log 2>&1 || die "$* cannot $kind ($where)"
}

# After a kill: NAME WHERE COMMAND...
check() {
  local name=$1 where=$2 quorum
  shift 2
  quorum=$(quorum_of "$name")
  "$@" >run.log 2>&1 || die "could not be finished after a kill ($where)"
  # Killed when all was done but the last word to the log: the command then asked for the next act.
  ! grep -q '^Next: ' run.log || rm -r "acts/$(act_of "$name")"
  [ "$(dealing "$quorum")" = 2 ] || die "the PIN was renewed not once, dealing $(dealing "$quorum") ($where)"
  ! ls quorum/*pending* quorum/*next* >/dev/null 2>&1 || die "files of the renewal are left over ($where)"
  [ -z "$(ls acts)" ] || [ "$(ls acts)" = "done" ] || die "the act is left over ($where)"
  by_others rotate "$quorum" "$where" $(pair_of "$name")
  [ "$(dealing "$quorum")" = 3 ] || die "the PIN was not renewed again ($where)"
  # All but one have an ML-DSA key, which the others just opened: sealed once, for them.
  [ "$name" = succeed ] || [ "$(ls quorum/"$quorum".hybrid.*.cbor | wc -l)" = 1 ] || die "a sealed ML-DSA key is left over ($where)"
  [ "$name" != succeed ] || by_others recover "$quorum" "$where" officer-1 operator-1 installer-1
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

# Kills at every STEP-th act of a kind: ON STEP
rehearsals() {
  local on=$1 step=$2 before=$kills at
  for ((at = 1; ; at += step)); do
    fresh_copy "$sites/founded"
    mkdir "$place/site-$round-before"
    cp -r quorum log "$place/site-$round-before/"
    killed_at "$on" "$at" lamp-hsm quorum rehearse release || break
    kills=$((kills + 1))
    diff -r quorum "$place/site-$round-before/quorum" >run.log || die "a rehearsal changed the quorum ($on $at)"
    diff -r log "$place/site-$round-before/log" >run.log || die "a rehearsal is in the log ($on $at)"
    lamp-hsm quorum rehearse release >run.log 2>&1 || die "the next rehearsal does not go ($on $at)"
    ! ls -d .rehearsal-* >/dev/null 2>&1 || die "a rehearsal was left behind ($on $at)"
    by_others rotate release "rehearse, $on $at" officer-1 officer-2
    lamp-audit verify >run.log 2>&1 || die "the log is not whole ($on $at)"
    ! ls core* >/dev/null 2>&1 || die "a core file"
  done
  [ "$kills" -gt "$before" ] || die "rehearse was not once killed at a $on: nothing is being tested"
  printf '%-8s %-7s %-8s %d kills\n' rehearse before "$on" $((kills - before))
}

for name in rotate replace succeed recover; do
  command="$name[@]"
  prepared "$name" "${!command}"
  for when in before after; do
    ring "$name" rename 1 "$when" "${!command}"
    ring "$name" socket "$stride" "$when" "${!command}"
  done
  ring "$name" removal 1 before "${!command}"
  every=1
  if [ "$name" = succeed ] && [ "$stride" -gt 1 ]; then every=3; fi  # replace's own syncs are all covered without
  ring "$name" sync "$every" before "${!command}"
done
rehearsals rename $(((stride + 3) / 4))
rehearsals sync $(((stride + 3) / 4))
printf '%-25s %d\n%-25s %s\n' "kills" "$kills" "PINs lost, shared by half" "0, 0"
