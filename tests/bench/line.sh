#!/usr/bin/env bash
# line.sh BIN-FOLDER SITE [UNITS [PORTS [STEP-MS [RESTART-MS [SWAP-MS]]]]]: lamp-factory run on PORTS ports at once until UNITS
# virtual lamps are made, the real libusb and a real token; where the station's time for each device goes, and the line's
# rate beside what the devices' own times allow, all from the same run. SITE is one that the script ring founded. The virtual
# devices and their bus share this machine's processors with the station.
set -euo pipefail
bin=$(cd "$1" && pwd)
site=$(cd "$2" && pwd)
readonly bin site units=${3:-200} ports=${4:-16} step=${5:-200} restart=${6:-1000} swap=${7:-500}
export PATH=$bin:$PATH LC_ALL=C
unset LAMP_SITE SOFTHSM2_CONF
place=$(mktemp -d)
readonly place
trap 'rm -rf "$place"' EXIT
die() { printf 'line: %s\n' "$*" >&2; exit 1; }

cp -a "$site" "$place/site" && cd "$place/site"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens/store" >tokens/softhsm2.conf
lamp-factory order create --model smart-lamp="$units" --station line1 --mac-range 02:00:00:00:00:00-02:00:00:0f:ff:ff -o order.yaml >bench.log 2>&1
lamp-factory order approve order.yaml --as officer-1 >>bench.log 2>&1

cpu() { awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo; }
printf '%s, %s processors, load %s\n' "$(cpu)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"
status=0
lamp-sim usb --model smart-lamp="$units" --ports "$ports" --step-time "$step" --restart-time "$restart" --swap-time "$swap" -- \
  lamp-factory run --order order.yaml --until-done --ports "$ports" --json >run.jsonl 2>run.err || status=$?
[ "$status" -eq 0 ] || { tail -n 5 run.err >&2; die "the run ended with $status"; }
sed -n 's/^lamp-sim: /devices: /p' run.err
python3 - "$ports" "$step" "$restart" "$swap" "$(sed -n 's/^lamp-sim: \([0-9]*\) steps.*/\1/p' run.err)" <<'X'
import json, sys
ports, step, restart, swap, steps = map(int, sys.argv[1:])
events = [json.loads(line) for line in open("run.jsonl")]
units = [e for e in events if e["event"] == "unit"]
total = next(e for e in events if e["event"] == "total")
good = [e["milliseconds"] for e in units if e["result"] == "good"]
print(f"\n{len(good)} devices through {ports} ports; failed {total['failed']}, refused {total['refused']}, done {total['done']} of {total['total']}")

def line(name, values):
    values = sorted(values)
    at = lambda q: values[min(len(values) - 1, int(q * len(values)))]
    print(f"{name:<58} {sum(values) / len(values):9.2f} {at(0.5):9.2f} {at(0.95):9.2f} {values[-1]:9.2f}")

print(f"\n{'for each device, milliseconds':<58} {'mean':>9} {'median':>9} {'95 %':>9} {'worst':>9}")
line("the device's own answers, flash and restart", [m["device"] for m in good])
line("the token's signatures, until they are checked", [m["token"] for m in good])
line("the station", [m["host"] for m in good])
line("  journal, until it is durable", [m["journal"] for m in good])
line("  certificate and label, until they are durable", [m["files"] for m in good])
line("  finding and opening it on the bus, twice", [m["opening"] for m in good])
line("  what it computes", [m["host"] - m["journal"] - m["files"] - m["opening"] for m in good])
host = sum(m["host"] for m in good) / len(good)
print(f"\n{'station, mean of each device':<58} {host:9.2f} ms   (target: below 50)")
turns = -(-len(good) // ports)
own = steps / len(good) * step + restart
allowed = (turns * own + (turns - 1) * swap) / 1000
print(f"{'rate that the devices and the hands allow':<58} {len(good) / allowed * 60:9.1f} a minute")
print(f"{'rate of the line':<58} {len(good) / total['seconds'] * 60:9.1f} a minute, {100 * allowed / total['seconds']:.1f} % of it   (target: 95)")
X
