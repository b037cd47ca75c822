#!/usr/bin/env bash
# factory_kills.sh BIN-FOLDER SITES-FOLDER KILLS: kills lamp-factory (-9) KILLS times at random moments while it makes four lamps
# and a gateway, and runs it again each time. Whenever an order is complete, a new site goes on with the next kills.
# In the end: five distinct devices in each site, no serial twice, no device left half-made.
set -euo pipefail
readonly bin=$1 sites=$2 wanted=$3
source "$(dirname "$0")/common.sh"
idle=0 before=0

new_site() {
  served_copy "$sites/founded"
  lamp-factory order create --model smart-lamp=4 --model gateway=1 --station line1 -o order.yaml >run.log 2>&1 || die "order create"
  lamp-factory order approve order.yaml --as officer-1 >>run.log 2>&1 || die "order approve"
}

line() { lamp-sim usb --model smart-lamp=4 --model gateway=1 -- lamp-factory run --order order.yaml --until-done; }

# Kills lamp-factory after a random time; 0 when it had finished before that.
run_and_kill() {
  local milliseconds=$1 sim child waited=0
  # Not through line(): the shell of a function in the background would stand between us and lamp-sim.
  lamp-sim usb --model smart-lamp=4 --model gateway=1 -- lamp-factory run --order order.yaml --until-done >run.log 2>&1 &
  sim=$!
  while ! child=$(pgrep -P "$sim" -x lamp-factory) && kill -0 "$sim" 2>/dev/null && [ "$waited" -lt 200 ]; do
    sleep 0.01
    waited=$((waited + 1))
  done
  sleep "$(printf '0.%03d' "$milliseconds")"
  if kill -9 $child 2>/dev/null; then kills=$((kills + 1)); fi
  local status=0
  wait "$sim" || status=$?
  # 137: lamp-factory was killed, and lamp-sim ended as it did. Anything else fails.
  [ "$status" -eq 0 ] || [ "$status" -eq 137 ] || die "lamp-sim ended with $status"
  return "$status"
}

check_site() {
  local devices serials keys
  line >run.log 2>&1 || die "the last run did not finish the order"
  devices=$(ls factory/line1/devices | wc -l)
  [ "$devices" -eq 5 ] || die "$devices devices, not 5"
  serials=$(for d in factory/line1/devices/*/; do openssl x509 -in "$d/idevid.pem" -noout -serial -subject; done | sort -u | wc -l)
  [ "$serials" -eq 10 ] || die "certificates are not distinct"
  keys=$(for d in factory/line1/devices/*/; do openssl x509 -in "$d/idevid.pem" -noout -pubkey | openssl dgst -sha256; done | sort -u | wc -l)
  [ "$keys" -eq 5 ] || die "keys are not distinct"
  lamp-sim list >list.txt
  [ "$(grep -c locked list.txt)" -eq 5 ] || { cat list.txt; die "a device is not locked"; }
  lamp-audit verify >run.log 2>&1 || die "the log is not whole"
  ls core* >/dev/null 2>&1 && die "a core file"
  return 0
}

new_site
runs=0
while [ "$kills" -lt "$wanted" ]; do
  runs=$((runs + 1))
  if run_and_kill $((RANDOM % 600)); then
    check_site
    printf 'site %d: complete after %d runs; %d kills so far\n' "$round" "$runs" "$kills"
    if [ "$kills" -gt "$before" ]; then idle=0; else idle=$((idle + 1)); fi
    [ "$idle" -lt 20 ] || die "20 orders in a row were completed without a kill: nothing is being tested"
    runs=0
    before=$kills
    new_site
  fi
done
check_site
printf '\n%-28s %d\n%-28s %d\n%-28s %s\n' "kills" "$kills" "sites" "$round" "duplicates, stranded units" "0, 0"
