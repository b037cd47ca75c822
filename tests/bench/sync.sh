#!/usr/bin/env bash
# sync.sh BIN-FOLDER SITE [COUNT]: how many records a second lamp-factory sync hands over to a real lamp-cloud serve on loopback,
# the whole command from start to end, beside what the database and TLS alone allow. SITE is one that the script ring founded.
set -euo pipefail
bin=$(cd "$1" && pwd)
site=$(cd "$2" && pwd)
readonly bin site count=${3:-20000}
export PATH=$bin:$PATH LC_ALL=C
unset LAMP_SITE SOFTHSM2_CONF
place=$(mktemp -d)
readonly place
cloud=''
at_end() {
  [ -z "$cloud" ] || kill "$cloud" 2>/dev/null || true
  rm -rf "$place"
}
trap at_end EXIT
die() { printf 'sync: %s\n' "$*" >&2; exit 1; }

cp -a "$site" "$place/site" && cd "$place/site"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens/store" >tokens/softhsm2.conf
port=$((20000 + RANDOM % 20000))
sed -i "s/localhost:28443/localhost:$port/; s/28443/$port/" site.yaml
lamp-factory order create --model smart-lamp="$count" --station line1 --mac-range 02:00:00:00:00:00-02:00:00:0f:ff:ff -o order.yaml >bench.log 2>&1
lamp-factory order approve order.yaml --as officer-1 >>bench.log 2>&1
fill_journal order.yaml
lamp-cloud init >>bench.log 2>&1
lamp-cloud serve --ready-file run/ready >cloud.log 2>&1 &
cloud=$!
for ((tries = 0; tries < 200; tries++)); do [ -e run/ready ] && break; sleep 0.05; done

cpu() { awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo; }
printf '%s, %s processors, load %s\n\n' "$(cpu)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"
printf '%-58s %8s %12s %12s\n' "" "" "a second" "processor"
TIMEFORMAT='%R %U %S'
times=$( { time lamp-factory sync >sync.log 2>&1; } 2>&1 ) || die "$(tail -n 1 sync.log)"
grep -q "^$count records accepted" sync.log || die "$(cat sync.log)"
served=$(awk -v tick="$(getconf CLK_TCK)" '{ print ($14 + $15) / tick }' "/proc/$cloud/stat")
awk -v n="$count" -v served="$served" '{ printf "%-58s %8d %9.0f /s %9.1f us\n", "lamp-factory sync to lamp-cloud serve", n, n / $1, ($2 + $3 + served) / n * 1e6 }' <<<"$times"
sync_bench database "$count"
sync_bench tls "$count"
