#!/usr/bin/env bash
# line_kills.sh BIN-FOLDER SITES-FOLDER SHIM POWER-SHIM [STEP [KINDS]]: lamp-factory run on four ports at once, its tokens in a server
# outside, is killed at every write, sync, rename, request to the token and USB transfer, one after the other (every STEP-th with
# STEP; closer where there are few), and the power is cut at every one of them, so that whatever was not synced is lost. Each time on an order of its own,
# which the next run must finish.
# Nothing that was said to be durable may be lost, no identity given twice, no device stranded, and the count is never wrong.
set -euo pipefail
readonly bin=$1 sites=$2 shim=$3 power=$4 step=${5:-1} kinds=${6:-usb sync rename socket write power}
source "$(dirname "$0")/common.sh"
readonly orders=20 devices=4
order=$orders acknowledged=0

readonly prepared=$place/prepared
prepare() {
  fresh_copy "$sites/founded"
  local i
  for ((i = 1; i <= orders; i++)); do
    lamp-factory order create --model smart-lamp=3 --model gateway=1 --station line1 -o "order-$i.yaml" >run.log 2>&1 || die "order create"
    lamp-factory order approve "order-$i.yaml" --as officer-1 >run.log 2>&1 || die "order approve"
  done
  cp -a . "$prepared"
}

next_order() {
  if [ "$order" -ge "$orders" ]; then
    [ "$round" -le 1 ] || check_round
    served_copy "$prepared"
    order=0
  fi
  order=$((order + 1))
  rm -rf sim
}

# on_line PREFIX...: the line on this order; what it says is durable goes to a file that no power cut reaches.
on_line() {
  lamp-sim usb --model smart-lamp=3 --model gateway=1 --restart-time 10 -- \
    sh -c "$* exec lamp-factory run --order order-$order.yaml --until-done --wait 5 --json" >"$place/said.jsonl" 2>run.log
}

# What was said of each serial number, against the journal.
check_said() {
  lamp-factory status >"$place/status.txt" 2>run.log || die "$1: status"
  awk -v FS='"' '
    BEGIN { split("reserve key issue prepare prove done", said); for (i in said) rank[said[i]] = i
            split("reserved keyed certified prepared proven done", kept); for (i in kept) state[kept[i]] = i }
    NR == FNR { if (/"event":"step"/) { match($0, /"serial":"[^"]*"/); s = substr($0, RSTART + 10, RLENGTH - 11)
                  match($0, /"step":"[^"]*"/); t = substr($0, RSTART + 8, RLENGTH - 9)
                  if (rank[t] > best[s]) best[s] = rank[t] }; next }
    { split($0, word, " +"); has[word[1]] = state[word[4]] }
    END { for (s in best) { n++; if (has[s] < best[s]) { print s ": was said to be " kept[best[s]] ", is " has[s]; lost = 1 } }
          print n + 0 > "/dev/stderr"; exit lost }' "$place/said.jsonl" "$place/status.txt" >"$place/lost.txt" 2>"$place/count.txt" ||
    { cat "$place/lost.txt" >&2; die "$1: an acknowledged record is lost"; }
  acknowledged=$((acknowledged + $(cat "$place/count.txt")))
}

check_order() {
  local id made
  on_line "" || die "$1: the next run did not finish the order"
  id=$(sed -n 's/^order: *//p' "order-$order.yaml" | tr -d "'\"")
  lamp-factory status >"$place/status.txt" 2>run.log || die "$1: status"
  made=$(grep -c " done .* locked .*$id" "$place/status.txt" || true)
  [ "$made" -eq $devices ] || { cat "$place/status.txt" >&2; die "$1: $made of $devices devices are done: one is stranded"; }
  [ "$(grep -c "$id" "$place/status.txt")" -eq $devices ] || die "$1: the count is wrong"
  [ "$(lamp-sim list | grep -c locked)" -eq $devices ] || die "$1: a device is not locked"
}

check_round() {
  local units files
  lamp-factory status >"$place/status.txt"
  units=$(wc -l <"$place/status.txt")
  [ "$units" -eq $((order * devices)) ] || die "$units units of $((order * devices)): the count is wrong"
  [ "$(lamp-ca list --profile idevid --state issued --csv | grep -c ,issued,)" -eq "$units" ] || die "not one certificate for each device"
  [ -z "$(lamp-ca list --state reserved --csv | grep ,reserved, || true)" ] || die "a reservation was left behind"
  files=$(for d in factory/line1/devices/*/; do openssl x509 -in "$d/idevid.pem" -noout -serial; openssl x509 -in "$d/idevid.pem" -noout -pubkey | openssl dgst -sha256; done | sort -u | wc -l)
  [ "$files" -eq $((2 * units)) ] || die "certificates or keys are not distinct"
  [ "$(awk '{ print $3 }' "$place/status.txt" | sort | uniq -d | wc -l)" -eq 0 ] || die "an address was given twice"
  cat factory/line1/devices/*/label.txt | lamp-factory scan --from - >run.log 2>&1 || die "a label is not its device's"
  lamp-audit verify >run.log 2>&1 || die "the log is not whole"
  ! ls core* >/dev/null 2>&1 || die "a core file"
}

# point KIND AT: false when the run ended by itself before that.
point() {
  local kind=$1 at=$2 killed=yes how
  next_order
  how=$(kill_at "$kind" "$at")
  [ "$kind" != power ] || how="LAMP_POWER_ROOT='$PWD' LAMP_CUT_AT=$at LD_PRELOAD='$power':\$LD_PRELOAD"
  is_killed "$kind" "$at" "$how" || killed=''
  check_said "$kind $at"
  check_order "$kind $at"
  [ -n "$killed" ] && count_point "$kind"
}

# How manieth act of a kind is killed at.
stride() {
  local divisor=1
  case $1 in usb | sync) divisor=8 ;; rename) divisor=20 ;; esac
  printf '%d' $((step > divisor ? step / divisor : 1))
}

prepare
for kind in $kinds; do
  every=$(stride "$kind")
  for ((n = (every + 1) / 2; ; n += every)); do point "$kind" "$n" || break; done
  printf '%-52s %d\n' "killed at $kind, every $every." "${of_kind[$kind]:-0}"
done
check_round
printf '\n%-52s %d\n' "kill points, four ports at once" "$points"
printf '%-52s %d\n' "devices whose acknowledged step was looked for" "$acknowledged"
printf '%-52s %s\n' "duplicate identities" 0 "stranded units" 0 "lost acknowledged records" 0 "count wrong" 0
