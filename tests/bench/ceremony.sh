#!/usr/bin/env bash
# ceremony.sh BIN-FOLDER SITES-FOLDER [TIMES]: what request, approve and seal cost. Printed, never judged. The tokens are SoftHSM's,
# whose work is done in the same process: so the processor's time is an upper bound of what the ceremony adds to cards and token.
set -euo pipefail
readonly bin=$1 sites=$2 times=${3:-5}
export PATH=$bin:$PATH LC_ALL=C.UTF-8
unset LAMP_SITE
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cp -a "$sites/founded" "$place/site"
cd "$place/site"
sed -i "s#^directories.tokendir.*#directories.tokendir = $PWD/tokens/store#" tokens/softhsm2.conf

measured() {
  local verb=$1
  shift
  { TIMEFORMAT='%R %U %S'; time lamp-sign "$verb" "$@" >run.log 2>&1; } 2>>"times.$verb" || { cat run.log >&2; exit 1; }
}
median() { sort -n | awk '{ v[NR] = $1 } END { print int(v[int((NR + 1) / 2)] + 0.5) }'; }

for ((n = 1; n <= times; n++)); do
  measured request sample/firmware.bin --model smart-lamp --version "1.$n.0" --epoch 2
  measured approve "smart-lamp/1.$n.0" --as officer-1
  measured approve "smart-lamp/1.$n.0" --as officer-2
  measured seal "smart-lamp/1.$n.0"
done
printf '%-8s %15s %22s\n' verb "ms by the clock" "ms of the processor"
for verb in request approve seal; do
  printf '%-8s %15s %22s\n' "$verb" "$(awk '{ print $1 * 1000 }' "times.$verb" | median)" \
    "$(awk '{ print ($2 + $3) * 1000 }' "times.$verb" | median)"
done
