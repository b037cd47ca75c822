#!/usr/bin/env bash
# ceremony.sh BIN-FOLDER SITES-FOLDER SHIM [TIMES]: what request, approve and seal cost beside the tokens: the processor's time of
# the whole command, and how much of it was spent within the tokens' module (SoftHSM, through SHIM, which meters each call).
# The rest is the start of a program, which is measured by itself, and the ceremony's own. Printed, never judged.
set -euo pipefail
bin=$(realpath "$1") sites=$(realpath "$2") shim=$(realpath "$3")
readonly bin sites shim times=${4:-5}
export PATH=$bin:$PATH LC_ALL=C.UTF-8
unset LAMP_SITE
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -a "$sites/founded" "$place/site"
cd "$place/site"
sed -i "s#^directories.tokendir.*#directories.tokendir = $PWD/tokens/store#" tokens/softhsm2.conf
LAMP_SHIM_MODULE=$(sed -n 's/^ *module: //p' site.yaml | head -n 1)
export LAMP_SHIM_MODULE
sed -i "s#$LAMP_SHIM_MODULE#$shim#" site.yaml

# By the clock, of the processor, of that within the module: milliseconds, a line for each run.
measured() {
  local name=$1
  shift
  rm -f meter
  { TIMEFORMAT='%R %U %S'; time LAMP_SHIM_METER=$PWD/meter "$@" >run.log 2>&1; } 2>time || { cat run.log >&2; exit 1; }
  awk -v token="$( (cat meter 2>/dev/null || true) | awk '{ sum += $1 } END { print sum + 0 }')" \
    '{ print $1 * 1000, ($2 + $3) * 1000, token / 1000 }' time >>"times.$name"
}
median() { cut -d' ' -f"$2" "times.$1" | sort -n | awk '{ v[NR] = $1 } END { print int(v[int((NR + 1) / 2)] + 0.5) }'; }
own() { awk '{ print $2 - $3 }' "times.$1" | sort -n | awk '{ v[NR] = $1 } END { print int(v[int((NR + 1) / 2)] + 0.5) }'; }

for ((n = 1; n <= times; n++)); do
  measured start lamp-sign --version
  measured request lamp-sign request sample/firmware.bin --model smart-lamp --version "1.$n.0" --epoch 2
  measured approve lamp-sign approve "smart-lamp/1.$n.0" --as officer-1
  measured approve lamp-sign approve "smart-lamp/1.$n.0" --as officer-2
  measured seal lamp-sign seal "smart-lamp/1.$n.0"
done
start=$(own start)
printf 'medians of %d, ms %20s %10s %12s %12s %14s\n' "$times" "by the clock" processor "the token's" "the rest" "less a start"
for name in start request approve seal; do
  printf '%-20s %17s %10s %12s %12s %14s\n' "$name" "$(median $name 1)" "$(median $name 2)" "$(median $name 3)" "$(own $name)" \
    $(($(own $name) - start))
done
