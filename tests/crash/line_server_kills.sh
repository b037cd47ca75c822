#!/usr/bin/env bash
# line_server_kills.sh BIN-FOLDER SITES-FOLDER SHIM [STEP [KINDS]]: a station that has no authority has its devices certified by
# `lamp-ca serve` on another host. It is killed at every STEP-th request to its token or to the line server, sync and USB
# transfer, each time on an order of its own, which the next run must finish: one certificate for each device, at the server
# too. Then the server is away, has not the order, has it closed, and is asked by a station whose journal was put back.
set -euo pipefail
readonly bin=$1 sites=$2 shim=$3 step=${4:-1} kinds=${5:-socket sync usb}
source "$(dirname "$0")/common.sh"
readonly devices=2
service='' number=0 made=0

stop_service() {
  [ -n "$service" ] || return 0
  kill -TERM "$service" 2>/dev/null || true
  wait "$service" 2>/dev/null || true
  service=''
}
at_end() {
  stop_service
  end_server
  rm -rf "$place"
}

start_service() {
  local tries
  (cd "$place/ca-host" && exec lamp-ca serve --ready-file "$place/ready") >>"$place/service.log" 2>&1 &
  service=$!
  for ((tries = 0; tries < 300; tries++)); do
    [ ! -e "$place/ready" ] || return 0
    kill -0 "$service" 2>/dev/null || { cat "$place/service.log" >&2; die "the line server ended before it was ready"; }
    sleep 0.1
  done
  die "the line server was not ready within 30 s"
}

at_ca() { (cd "$place/ca-host" && "$@") >run.log 2>&1 || die "on the CA's host: $*"; }

# Two hosts from one site: what each of them has not is taken away.
prepare() {
  local port
  cp -a "$sites/founded" "$place/ca-host"
  (cd "$place/ca-host" && configure_softhsm tokens)
  served_copy "$sites/founded"
  port=$(sed -n 's/^  https: *"\{0,1\}127\.0\.0\.1:\([0-9]*\).*/\1/p' site.yaml)
  [ -n "$port" ] || die "site.yaml names no port"
  sed -i -e '/^ca-service:/,/^state:/{/^state:/!d}' -e '/^  device: /d' site.yaml
  printf 'line-server:\n  url: https://localhost:%s\n  label: idevid\n  authority: device\n' "$port" >>site.yaml
  at_ca lamp-ca create operational --profile ldevid-ca --issuer root
  mkdir -p "$place/ca-host/factory/line1/orders"
  start_service
}

# An approved order, on both hosts.
next_order() {
  number=$((number + 1))
  order=order-$number.yaml
  at_ca lamp-factory order create --model smart-lamp=$devices --station line1 \
    --mac-range 02:00:00:00:00:00-02:00:00:00:ff:ff -o "$order"
  at_ca lamp-factory order approve "$order" --as officer-1
  cp "$place/ca-host/$order" .
  cp "$place/ca-host/$order" "$place/ca-host/factory/line1/orders/"
  id=$(sed -n 's/^order: *//p' "$order" | tr -d "'\"")
  rm -rf sim
}

on_line() {
  lamp-sim usb --model smart-lamp=$devices --restart-time 10 -- \
    sh -c "$* exec lamp-factory run --order $order --until-done --wait 5" >run.log 2>&1
}
done_of_order() { lamp-factory status | grep -c " done .* locked .*$id" || true; }
certified_there() {
  (cd "$place/ca-host" && lamp-ca list --profile idevid --state issued --csv | grep -c ,issued,) || true
}
# Where it is, the order is finished: as many certificates as devices, here and there.
finish() {
  on_line "" || die "$1: the next run did not finish the order"
  [ "$(done_of_order)" -eq $devices ] || die "$1: not $devices devices are done"
  made=$((made + devices))
  [ "$(certified_there)" -eq "$made" ] || die "$1: $(certified_there) certificates at the line server for $made devices"
}

point() {
  local kind=$1 at=$2 killed=yes
  next_order
  is_killed "$kind" "$at" "$(kill_at "$kind" "$at")" || killed=''
  finish "$kind $at"
  [ -n "$killed" ] && count_point "$kind"
}

# refused TEXT: the run does not finish the order, and says why in a line of each device.
refused() {
  local status=0
  on_line "" || status=$?
  [ "$status" -eq 3 ] || die "ended with $status, not 3"
  grep -q "$1" run.log || die "does not say '$1'"
}

prepare
for kind in $kinds; do
  for ((n = (step + 1) / 2; ; n += step)); do point "$kind" "$n" || break; done
  printf '%-52s %d\n' "killed at $kind, every $step." "${of_kind[$kind]:-0}"
done

# The server is away: nothing is lost, and what was begun is finished when it is back.
next_order
stop_service
refused 'SL-[0-9-]*: the line server'
[ "$(done_of_order)" -eq 0 ] || die "a device was finished without a certificate"
lamp-factory status | grep -q " keyed .*$id" || die "no device waits for its certificate"
start_service
finish "the server was away"

# The order does not lie there; then it does.
next_order
rm "$place/ca-host/factory/line1/orders/$order"
refused 'refused: no order of station line1 has serial number'
cp "$order" "$place/ca-host/factory/line1/orders/"
finish "the order was not there"

# A station whose journal was put back makes other devices from the same order: the server has counted them.
next_order
cp -a . "$place/earlier"
finish "before the journal was put back"
(cd "$place/earlier" && refused 'SL-[0-9-]*: the line server .* refused: .* for another key')
[ "$(certified_there)" -eq "$made" ] || die "an order was exceeded"

# Closed there after the first device: the second one is refused, whatever the station's journal says.
next_order
lamp-sim usb --model smart-lamp=1 --restart-time 10 -- lamp-factory run --order "$order" >run.log 2>&1 || die "the first device"
at_ca lamp-factory order close "$order"
refused 'refused: order .* was closed at'
made=$((made + 1))
[ "$(done_of_order)" -eq 1 ] && [ "$(certified_there)" -eq "$made" ] || die "a closed order was gone on with"

for one in factory/line1/devices/*/idevid.pem; do
  openssl verify -x509_strict -CAfile ca/root/cert.pem -untrusted ca/device/cert.pem "$one" >run.log 2>&1 || die "openssl refuses $one"
done
lamp-audit verify >run.log 2>&1 || die "the station's log is not whole"
at_ca lamp-audit verify
printf '\n%-52s %d\n' "kill points" "$points"
printf '%-52s %d\n' "devices, each with one certificate on both hosts" "$made"
