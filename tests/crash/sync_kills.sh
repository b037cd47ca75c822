#!/usr/bin/env bash
# sync_kills.sh BIN-FOLDER SITES-FOLDER SHIM STEP: lamp-factory sync is killed at every STEP-th sync, rename and message to the
# token server, before it and after it, and lamp-cloud serve later and later, over a journal of a thousand units. In the end
# every unit came in exactly once, none is parked, every box is with the service and none with the station.
set -euo pipefail
readonly bin=$1 sites=$2 shim=$3 step=$4
source "$(dirname "$0")/common.sh"
readonly units=1000
cloud=''

die_if_left() { [ -z "$cloud" ] || kill -9 "$cloud" 2>/dev/null || true; }
trap 'die_if_left; at_end' EXIT

serve() {
  rm -f run/ready
  lamp-cloud serve --ready-file run/ready >cloud.log 2>&1 &
  cloud=$!
  local tries
  for ((tries = 0; tries < 300; tries++)); do [ -e run/ready ] && return 0; sleep 0.05; done
  die "the service does not start: $(tail -n 3 cloud.log)"
}

# sql DATABASE QUERY
sql() { python3 -c 'import sqlite3, sys; print(sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True).execute(sys.argv[2]).fetchone()[0])' "$1" "$2"; }

expect() { [ "$2" = "$3" ] || die "$1: $2, not $3"; }

# check WHAT: nothing was lost, nothing came twice.
check() {
  lamp-factory sync >run.log 2>&1 || die "the last sync did not end well"
  expect "devices in the registry" "$(sql cloud/registry.db 'select count(*) from device')" "$units"
  expect "escrow boxes in the registry" "$(sql cloud/registry.db 'select count(*) from escrow_box')" "$units"
  expect "parked records" "$(sql cloud/registry.db 'select count(*) from parked_record')" 0
  expect "accepted on the station" "$(sql state.db 'select count(*) from unit_sync where state = 1')" "$units"
  expect "boxes left on the station" "$(sql state.db 'select count(*) from unit where length(escrow) > 0')" 0
  printf '%-44s %4d kills so far, %d of %d units came in once\n' "$1" "$kills" "$units" "$units"
}

served_copy "$sites/founded"
port=$((20000 + RANDOM % 20000))
sed -i "s/localhost:28443/localhost:$port/; s/28443/$port/" site.yaml
lamp-factory order create --model smart-lamp=$units --station line1 --mac-range 02:00:00:00:00:00-02:00:00:00:ff:ff -o order.yaml >run.log 2>&1 || die "order create"
lamp-factory order approve order.yaml --as officer-1 >>run.log 2>&1 || die "order approve"
fill_journal order.yaml || die "fill_journal"
cp state.db full.db

# Everything is to be handed over once more, into an empty registry.
begin_again() {
  [ -z "$cloud" ] || { kill -TERM "$cloud"; wait "$cloud" || true; }
  cloud=''
  rm -rf cloud
  lamp-cloud init >run.log 2>&1 || die "cloud init"
  python3 - <<'P'
import sqlite3
d = sqlite3.connect("state.db")
d.execute("attach 'full.db' as full")
d.execute("delete from unit_sync")
d.execute("update unit set escrow = (select escrow from full.unit as f where f.serial = unit.serial)")
d.commit()
P
}

for when in before after; do
  if [ "$when" = after ]; then export LAMP_KILL_AFTER=1; fi
  for kind in sync rename socket; do
    begin_again
    serve
    for ((at = 1; ; at += step)); do killed_at "$kind" "$at" lamp-factory sync || break; kills=$((kills + 1)); done
    check "lamp-factory killed $when each $kind"
  done
done
unset LAMP_KILL_AFTER

# The service dies in between, so that answers are lost.
begin_again
served=0
for ((n = 0; n < 200; n++)); do
  serve
  lamp-factory sync >run.log 2>&1 &
  sending=$!
  later=$((n * step * 15))  # milliseconds, until the service lives long enough
  sleep "$((later / 1000)).$(printf '%03d' $((later % 1000)))"
  if kill -0 "$sending" 2>/dev/null; then kill -9 "$cloud"; kills=$((kills + 1)); served=$((served + 1)); else kill -TERM "$cloud"; fi
  status=0
  { wait "$sending" || status=$?; wait "$cloud" || true; } 2>/dev/null  # the shell's own "Killed"
  [ "$status" -eq 0 ] || [ "$status" -eq 3 ] || die "sync ended with $status when the service died"
  [ "$status" -ne 0 ] || break
done
[ "$served" -gt 0 ] || die "the service was never killed while records came in"
serve
check "lamp-cloud killed in between"
kill -TERM "$cloud"; wait "$cloud" || true
cloud=''
lamp-audit verify >run.log 2>&1 || die "the log is not whole"
printf '\n%-44s %d\n%-44s %s\n' "kills" "$kills" "records lost, duplicated, parked" "0, 0, 0"
