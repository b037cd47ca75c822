#!/usr/bin/env bash
# ca_kills.sh BIN-FOLDER SITES-FOLDER SHIM [STEP]: lamp-ca issue, revoke, crl and batch are killed at every write, sync, rename
# and request to the token, one after the other (every STEP-th with STEP), and run again.
# Nothing that was handed out may be unknown to the register, nothing is issued twice, every list is whole, the log verifies.
set -euo pipefail
readonly bin=$1 sites=$2 shim=$3 step=${4:-1}
source "$(dirname "$0")/common.sh"
acts=0
served_copy "$sites/founded"

# Runs a command that is killed at act $1 (before it, or after it for odd ones); 1 when it ended by itself before that.
killed_at_act() {
  local at=$1 status=0
  shift
  if [ $((at % 2)) = 1 ]; then export LAMP_KILL_AFTER=1; else unset LAMP_KILL_AFTER; fi
  { LAMP_KILL_AT=$at LD_PRELOAD=$shim "$@" >run.log 2>&1 || status=$?; } 2>/dev/null  # the shell's own "Killed"
  unset LAMP_KILL_AFTER
  case $status in
    137) kills=$((kills + 1)); acts=$at; return 0 ;;
    0) return 1 ;;
    *) die "'$*', to be killed at act $at, ended with $status" ;;
  esac
}

state_of() { lamp-ca show "$1" --json | sed -n 's/.*"state": "\(.*\)".*/\1/p'; }
serial_of() { openssl x509 -in "$1" -noout -serial | cut -d= -f2 | tr 'A-F' 'a-f'; }

openssl ecparam -name prime256v1 -genkey -noout -out any.key
made=0
issue_one() {
  lamp-ca issue device --profile idevid --csr "k$1.csr" --value "serial=K-$1" --value model=lamp -o "k$1.pem"
}
check_issued() {
  made=$((made + 1))
  [ ! -e "k$1.pem" ] || { [ "$(state_of "$(serial_of "k$1.pem")")" = issued ] || die "k$1.pem is not in the register"; cp "k$1.pem" before.pem; }
  issue_one "$1" >run.log 2>&1 || die "issue did not go on after a kill at act $1"
  [ ! -e before.pem ] || { cmp -s before.pem "k$1.pem" || die "k$1.pem is another one now"; rm before.pem; }
  openssl verify -x509_strict -CAfile ca/root/cert.pem -untrusted ca/device/cert.pem "k$1.pem" >run.log 2>&1 || die "k$1.pem"
}
for ((n = 1; ; n += step)); do
  openssl req -new -newkey ec:<(openssl ecparam -name prime256v1) -nodes -keyout any.key -subj /CN=any -out "k$n.csr" 2>/dev/null
  if killed_at_act "$n" lamp-ca issue device --profile idevid --csr "k$n.csr" --value "serial=K-$n" --value model=lamp -o "k$n.pem"; then
    check_issued "$n"
  else
    made=$((made + 1))
    break
  fi
done
printf '%-44s %d acts\n' "issue" "$acts"
[ "$(lamp-ca list --profile idevid --state issued --csv | grep -c ,issued,)" -eq "$made" ] || die "not every certificate is issued once"
[ -z "$(lamp-ca list --state reserved --csv | grep ,reserved, || true)" ] || die "a reservation was left behind"

for ((n = 1; ; n += step)); do
  victim=victim.pem
  openssl ecparam -name prime256v1 -genkey -noout | openssl pkey -pubout -out any.pub
  lamp-ca issue device --profile idevid --public-key any.pub --value "serial=V-$n" --value model=lamp -o "$victim" >run.log 2>&1 ||
    die "no certificate to revoke"
  serial=$(serial_of "$victim")
  again=0
  killed_at_act "$n" lamp-ca revoke --serial "$serial" --reason superseded || again=1
  ! grep -q ' revoked: superseded' run.log || [ "$(state_of "$serial")" = revoked ] || die "an acknowledged revocation is lost"
  openssl crl -inform der -in ca/device/crl.der -noout 2>/dev/null || die "the list is not whole"
  lamp-ca revoke --serial "$serial" --reason superseded >run.log 2>&1 || die "revoke did not go on after a kill at act $n"
  openssl crl -inform der -in ca/device/crl.der -noout -text | grep -qi "$serial" || die "$serial is not on the list"
  [ "$again" = 0 ] || break
done
printf '%-44s %d acts\n' "revoke, and its list" "$acts"

number() { openssl crl -inform der -in ca/device/crl.der -noout -crlnumber | cut -d= -f2; }
for ((n = 1; ; n += step)); do
  before=$((16#$(number | sed 's/^0x//')))
  killed_at_act "$n" lamp-ca crl device || break
  [ $((16#$(number | sed 's/^0x//'))) -ge "$before" ] || die "the list's number went back"
  lamp-ca crl device >run.log 2>&1 || die "crl did not go on after a kill at act $n"
  [ $((16#$(number | sed 's/^0x//'))) -gt "$before" ] || die "the list's number did not rise"
done
printf '%-44s %d acts\n' "crl" "$acts"

printf 'csr,serial,model\r\n' >rows.csv
for ((i = 1; i <= 40; i++)); do
  openssl req -new -newkey ec:<(openssl ecparam -name prime256v1) -nodes -keyout any.key -subj /CN=any -outform DER -out one.der 2>/dev/null
  printf '%s,B-%d,lamp\r\n' "$(base64 -w0 one.der)" "$i" >>rows.csv
done
for ((n = 1; ; n += step)); do
  killed_at_act "$n" lamp-ca batch device rows.csv --profile idevid -o rows.jsonl || break
  lamp-ca batch device rows.csv --profile idevid -o rows.jsonl >run.log 2>&1 || die "batch did not go on after a kill at act $n"
  [ "$(wc -l <rows.jsonl)" -eq 40 ] || die "the batch's output has other rows"
  [ ! -e first.jsonl ] || cmp -s first.jsonl rows.jsonl || die "the batch gave other bytes"
  mv rows.jsonl first.jsonl
done
printf '%-44s %d acts\n' "batch, most of it again" "$acts"
lamp-audit verify >run.log 2>&1 || die "the log is not whole"
! ls core* >/dev/null 2>&1 || die "a core file"
printf '%-44s %d\n%-44s %s\n' "kills" "$kills" "lost, unknown, issued twice" "0, 0, 0"
