#!/usr/bin/env bash
# batch_kills.sh BIN-FOLDER SITES-FOLDER MAKE-ROWS KILLS [ROWS]: lamp-ca batch of ROWS rows is killed at random moments and run
# again, KILLS times; batch after batch. At the end of each: every row has one certificate or one refusal with its rule, the
# register has exactly these certificates, each with one audit record, and what was checkpointed has not changed since.
set -euo pipefail
readonly bin=$1 sites=$2 make_rows=$3 wanted=$4 rows=${5:-24000}
source "$(dirname "$0")/common.sh"
served_copy "$sites/founded"
readonly seed=${LAMP_KILL_SEED:-$(date +%s)}
RANDOM=$((seed % 32768))
printf 'seed %s\n' "$seed"

readonly batch=(lamp-ca batch device rows.csv --profile idevid -o)

# What a checkpoint says is in the output stays there, byte for byte.
keep_acknowledged() {
  [ -e "$1.jsonl.checkpoint" ] || return 0
  local size
  size=$(sed -n 's/.*"output-size": \([0-9]*\).*/\1/p' "$1.jsonl.checkpoint")
  head -c "$size" "$1.jsonl.partial" >now.part
  [ "$(stat -c %s now.part)" -eq "$size" ] || die "the output is shorter than its checkpoint"
  cmp -s -n "$(stat -c %s acknowledged)" acknowledged now.part || die "what was acknowledged has changed"
  mv now.part acknowledged
}

# killed_after SECONDS NAME [checkpoint]: counted from the start, or from the next checkpoint; false when the batch ended before.
killed_after() {
  local status=0 pid killer
  "${batch[@]}" "$2.jsonl" >run.log 2>&1 &  # no function: its shell would be killed in the place of lamp-ca
  pid=$!
  kill_later "$pid" "$@" 2>/dev/null &
  killer=$!
  { wait "$pid" || status=$?; } 2>/dev/null  # the shell's own "Killed"
  kill "$killer" 2>/dev/null || true
  wait "$killer" 2>/dev/null || true
  case $status in
    137) kills=$((kills + 1)); return 0 ;;
    1) return 1 ;;  # done, with refused rows
    *) die "the batch ended with $status" ;;
  esac
}
kill_later() {
  local before
  if [ "${4:-}" = checkpoint ]; then
    before=$(cat "$3.jsonl.checkpoint" || true)
    while [ "$(cat "$3.jsonl.checkpoint" || true)" = "$before" ]; do sleep 0.05; done
  fi
  sleep "$2"
  kill -KILL "$1"
}

fields() { sed -n 's/.*"row":\([0-9]*\).*"serial":"\([0-9a-f]*\)".*/\1 \2/p' "$1"; }
refusals() { sed -n 's/.*"row":\([0-9]*\).*"rule":"\([^"]*\)".*/\1 \2/p' "$1"; }
expected_refusals() {
  awk -v n="$rows" 'BEGIN { for (r = 1; r <= n; r++) if (r % 250 == 7) print r, "csr.signature"; else if (r % 250 == 8) print r, "batch.row.key" }'
}

check_whole() {
  local name=$1
  cmp -s -n "$(stat -c %s acknowledged)" acknowledged "$name.jsonl" || die "what was acknowledged is not in the output"
  fields "$name.jsonl" >issued.list
  refusals "$name.jsonl.refused.jsonl" >refused.list
  [ "$(wc -l <issued.list)" -eq "$(wc -l <"$name.jsonl")" ] || die "a line of the output has no row or serial number"
  expected_refusals | cmp -s - refused.list || die "the report has other refusals than the input has faults"
  cut -d' ' -f1 issued.list refused.list | sort -n | cmp -s - <(seq "$rows") || die "a row was lost, or is there twice"
  cut -d' ' -f2 issued.list | sort >serials.list
  [ -z "$(uniq -d serials.list)" ] || die "a serial number was given twice"
  lamp-ca list --profile idevid --state issued --csv | grep ",$name-" | cut -d, -f1 | sort >register.list
  cmp -s serials.list register.list || die "output and register differ: $(wc -l <serials.list), $(wc -l <register.list)"
  [ -z "$(lamp-ca list --state reserved --csv | grep ,reserved, || true)" ] || die "a reservation was left behind"
  lamp-audit show --action ca.issue --json | sed -n "s/.*\"subject\":\"\($name-[0-9]*\)\".*/\1/p" | sort >audited.list
  [ -z "$(uniq -d audited.list)" ] || die "a certificate has two audit records"
  [ "$(wc -l <audited.list)" -eq "$(wc -l <issued.list)" ] || die "$(wc -l <audited.list) audit records of $(wc -l <issued.list) certificates"
  ! ls "$name".jsonl.checkpoint "$name".jsonl*.partial >/dev/null 2>&1 || die "the finished batch left its working files"
}

# The register gives the output's bytes, and openssl takes them.
check_some() {
  local row serial
  mkdir -p some
  rm -f some/*
  for ((i = 0; i < 20; i++)); do
    read -r row serial < <(sed -n "$((RANDOM * RANDOM % $(wc -l <issued.list) + 1))p" issued.list)
    sed -n "s/.*\"certificate\":\"\([^\"]*\)\".*\"row\":$row,.*/\1/p" "$1.jsonl" | sed 's/\\n/\n/g' >some/one.pem
    lamp-ca show "$serial" | openssl x509 | cmp -s - <(openssl x509 -in some/one.pem) || die "the register has another $serial"
    mv some/one.pem "some/$row.pem"
  done
  openssl verify -x509_strict -CAfile ca/root/cert.pem -untrusted ca/device/cert.pem some/*.pem >run.log 2>&1 || die "openssl refuses a certificate"
}

[ "$rows" -gt 16384 ] || die "a batch of $rows rows has no checkpoint to be killed behind"
resumed=0 batches=0
while [ "$kills" -lt "$wanted" ]; do
  batches=$((batches + 1))
  [ "$batches" -le $((wanted * 2)) ] || die "$batches batches ended before they could be killed"
  name=B$batches
  "$make_rows" "$rows" "$name" >rows.csv
  : >acknowledged
  began=$(date +%s%N)
  while [ "$kills" -lt "$wanted" ]; do
    # Anywhere in the first seconds of work, and, every third time, soon after a checkpoint.
    if [ $((kills % 3)) = 2 ]; then
      killed_after "$(awk -v r="$RANDOM" 'BEGIN { print r / 32768 }')" "$name" checkpoint || break
    else
      killed_after "$(awk -v r="$RANDOM" 'BEGIN { print 0.05 + 6 * r / 32768 }')" "$name" || break
    fi
    keep_acknowledged "$name"
    [ ! -s acknowledged ] || resumed=$((resumed + 1))
  done
  if [ ! -e "$name.jsonl" ]; then
    "${batch[@]}" "$name.jsonl" >run.log 2>&1 && die "a batch with faults says it has none"
    [ -e "$name.jsonl" ] || die "the batch did not go on"
  fi
  check_whole "$name"
  check_some "$name"
  printf '%-44s %d rows, %d kills so far, %d s\n' "batch $name" "$rows" "$kills" "$((($(date +%s%N) - began) / 1000000000))"
done
[ "$wanted" -lt 6 ] || [ "$resumed" -gt 0 ] || die "no batch went on behind a checkpoint"
# A kill behind the last row leaves records for the next command to carry into the log.
lamp-ca crl device >run.log 2>&1 || die "the authority does not go on"
lamp-audit verify >run.log 2>&1 || die "the log is not whole"
! ls core* >/dev/null 2>&1 || die "a core file"
printf '%-44s %d\n%-44s %d\n%-44s %s\n' "kills" "$kills" "of them behind a checkpoint" "$resumed" "lost, twice, missing in a report" "0, 0, 0"
