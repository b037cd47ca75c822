#!/usr/bin/env bash
# enrolment.sh BIN-FOLDER FOUNDED-SITE: enrols and renews with curl and openssl alone; holds the table of who may what against
# the running service; asks for revocation with openssl, GnuTLS and curl.
set -euo pipefail
readonly bin=$1 founded=$2
place=$(mktemp -d)
readonly place
export PATH=$bin:$PATH LC_ALL=C.UTF-8
unset LAMP_SITE SOFTHSM2_CONF
service=''

say() { printf '%s\n' "$*"; }
die() {
  printf 'enrolment: FAILED: %s\n--- service\n' "$*" >&2
  cat "$place/service.log" >&2 || true
  exit 1
}

stop_service() {
  [ -n "$service" ] || return 0
  kill -TERM "$service"
  local status=0
  wait "$service" || status=$?
  service=''
  [ "$status" -eq 0 ] || die "the service ended with $status"
}
at_end() {
  [ -z "$service" ] || kill -TERM "$service" 2>/dev/null || true
  rm -rf "$place"
}
trap at_end EXIT

[ -e "$founded/site.yaml" ] || { say 'the test that makes the site did not pass'; exit 1; }
cp -r "$founded" "$place/site"
cd "$place/site"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens/store" >tokens/softhsm2.conf
sed -i 's|^people:|people:\n  line2: {token: line1, key: station, certificate: line2.pem}|' site.yaml
https=$(sed -n 's/^  https: *"\{0,1\}127\.0\.0\.1:\([0-9]*\).*/\1/p' site.yaml)
http=$(sed -n 's/^  http: *"\{0,1\}127\.0\.0\.1:\([0-9]*\).*/\1/p' site.yaml)
readonly https http
[ -n "$https" ] && [ -n "$http" ] || die 'site.yaml names no ports'

identity() { issue_to_file "$PWD" "$@" >/dev/null || die "no certificate $3"; }
identity_for() { identity device idevid "$place/$1" "serial=$2" model=smart-lamp; }

# Who asks METHOD PATH [FILE] [curl options]: the status; the body is in $place/body, the head in $place/head.
ask() {
  local who=$1 method=$2 path=$3 file=${4:-}
  shift 3
  [ "$#" -eq 0 ] || shift
  local options=(-sS --max-time 30 --cacert ca/root/cert.pem -D "$place/head" -o "$place/body" -w '%{http_code}' -X "$method")
  [ "$who" = nobody ] || options+=(--cert "$place/$who.pem" --key "$place/$who.key")
  [ -z "$file" ] || options+=(-H 'Content-Type: application/pkcs10' --data-binary "@$file")
  curl "${options[@]}" "$@" "https://localhost:$https/.well-known/est/$path"
}
expect() {
  local wanted=$1 got
  shift
  got=$(ask "$@") || die "curl as $*"
  [ "$got" = "$wanted" ] || die "$*: status $got, not $wanted: $(head -c 200 "$place/body")"
}
header_has() { tr -d '\r' <"$place/head" | grep -qi -- "$1" || die "no header '$1' in: $(cat "$place/head")"; }
no_certificate() { ! grep -q 'MII' "$place/body" || die "a certificate came with a refusal"; }

# csr NAME SUBJECT [openssl options]: a fresh key and its request, as base64 with line breaks.
csr() {
  local name=$1 subject=$2
  shift 2
  openssl ecparam -name prime256v1 -genkey -noout -out "$place/$name.key"
  openssl req -new -key "$place/$name.key" -subj "$subject" -outform DER "$@" | openssl base64 >"$place/$name.csr"
}
# The certificate in the body, as $place/NAME.pem together with its issuer.
take() {
  openssl base64 -d -in "$place/body" | openssl pkcs7 -inform DER -print_certs >"$place/$1.pem"
  grep -q 'BEGIN CERTIFICATE' "$place/$1.pem" || die "no certificate in the answer for $1"
  cat ca/operational/cert.pem >>"$place/$1.pem"
}
verify() { openssl verify -x509_strict -CAfile ca/root/cert.pem -untrusted "$1" "$2" >/dev/null || die "openssl refuses $2"; }

start_service() {
  lamp-ca serve --ready-file "$place/ready" >>"$place/service.log" 2>&1 &
  service=$!
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    [ -e "$place/ready" ] && return 0
    kill -0 "$service" 2>/dev/null || { service=''; die 'the service ended before it was ready'; }
    sleep 0.1
  done
  die 'the service was not ready within 30 s'
}

say '== a site with a service for operational identities, an order for a second station'
lamp-ca create operational --profile ldevid-ca --issuer root >/dev/null
identity_for lamp1 SL-26-900001
identity_for lamp2 SL-26-900002
identity_for lamp3 SL-26-900003
identity_for lamp4 SL-26-900004
identity client station "$place/line2" name=line2
identity client operator "$place/operator" name=operator-2
cp "$place/line2.pem" line2.pem
lamp-factory order create --model smart-lamp=2 --station line2 -o order.yaml >/dev/null
serial=$(sed -n 's/^ *serial-prefix: *//p' order.yaml | tr -d '"')000001
lamp-factory order approve order.yaml --as officer-1 >/dev/null
lamp-ca revoke --device SL-26-900002 --reason keyCompromise >/dev/null
lamp-ca issue operational --profile ocsp-signer --name responder-1 >/dev/null
sed -i 's|^  http: .*|&\n  ocsp: [{authority: operational, signer: responder-1}]|' site.yaml
start_service

say '== cacerts: for everybody, also for old clients'
expect 200 nobody GET cacerts
header_has '^content-type: application/pkcs7-mime; smime-type=certs-only'
header_has '^content-transfer-encoding: base64'
openssl base64 -d -in "$place/body" | openssl pkcs7 -inform DER -print_certs >"$place/anchors.pem"
[ "$(grep -c 'BEGIN CERTIFICATE' "$place/anchors.pem")" -eq 3 ] || die 'not root, device and operational authority'
expect 200 nobody GET ldevid/cacerts
[ "$(openssl base64 -d -in "$place/body" | openssl pkcs7 -inform DER -print_certs | grep -c BEGIN)" -eq 2 ] || die 'label ldevid'
expect 404 nobody GET other/cacerts
expect 200 nobody GET cacerts '' -0
head -1 "$place/head" | grep -q '^HTTP/1.0 200' || die 'an old client is not answered in kind'
expect 200 lamp1 GET cacerts '' --tls-max 1.2
expect 200 nobody GET cacerts '' --tls-max 1.2

say '== csrattrs'
expect 200 lamp1 GET csrattrs
openssl base64 -d -in "$place/body" | openssl asn1parse -inform DER | grep -q prime256v1 || die 'csrattrs'
expect 403 nobody GET csrattrs

say '== a device enrols, twice the same, and renews'
csr one '/serialNumber=SL-26-900001'
expect 200 lamp1 POST simpleenroll "$place/one.csr"
header_has '^content-type: application/pkcs7-mime; smime-type=certs-only'
cp "$place/body" "$place/first"
take one
verify ca/operational/cert.pem "$place/one.pem"
openssl x509 -in "$place/one.pem" -noout -subject | grep -q 'SL-26-900001' || die 'the subject is not the device'
expect 200 lamp1 POST simpleenroll "$place/one.csr"
cmp "$place/body" "$place/first" || die 'the same request got other bytes'
expect 200 lamp1 POST ldevid/simpleenroll "$place/one.csr" -0
cmp "$place/body" "$place/first" || die 'an old client got other bytes'
tr -d '\n' <"$place/one.csr" >"$place/flat.csr"
expect 200 lamp1 POST simpleenroll "$place/flat.csr" -H 'Content-Transfer-Encoding: quoted-printable'
cmp "$place/body" "$place/first" || die 'a request without line breaks got other bytes'

subject='/O=Example Lighting/CN=smart-lamp SL-26-900001/serialNumber=SL-26-900001'
cat >"$place/names.cnf" <<'END'
[req]
distinguished_name = dn
[dn]
[names]
subjectAltName = otherName:1.3.6.1.5.5.7.8.4;SEQUENCE:module
[module]
type = OID:1.3.6.1.4.1.32473.1
serial = FORMAT:ASCII,OCT:SL-26-900001
END
csr two "$subject" -config "$place/names.cnf" -reqexts names
expect 200 one POST simplereenroll "$place/two.csr"
cp "$place/body" "$place/second"
take two
verify ca/operational/cert.pem "$place/two.pem"
expect 200 one POST simplereenroll "$place/two.csr"
cmp "$place/body" "$place/second" || die 'a renewal that was lost got other bytes'
csr three "$subject" -config "$place/names.cnf" -reqexts names

say '== who may what'
expect 403 one POST simplereenroll "$place/three.csr"    # renewed already: only the newest counts
no_certificate
csr plain '/serialNumber=SL-26-900001'
expect 403 two POST simplereenroll "$place/plain.csr"    # another subject
expect 403 two POST simpleenroll "$place/three.csr"      # an operational identity is no initial one
expect 403 lamp1 POST simplereenroll "$place/three.csr"  # an initial identity is not renewed
expect 403 lamp3 POST simpleenroll "$place/one.csr"      # for another device
no_certificate
csr boss '/CN=operator'
expect 403 lamp3 POST simpleenroll "$place/boss.csr"     # an invented name
expect 403 lamp3 POST idevid/simpleenroll "$place/boss.csr"
expect 403 operator POST simpleenroll "$place/one.csr"
expect 403 nobody POST simpleenroll "$place/one.csr"
no_certificate
expect 403 nobody POST simplereenroll "$place/one.csr"
expect 400 lamp3 POST simpleenroll "$place/names.cnf"    # no request
expect 415 lamp3 POST simpleenroll "$place/one.csr" -H 'Content-Type: text/plain'
head -c 20000 /dev/zero | base64 >"$place/long.csr"
expect 413 lamp3 POST simpleenroll "$place/long.csr"
ask lamp2 POST simpleenroll "$place/one.csr" >/dev/null 2>&1 && die 'a revoked device got through TLS'
# The client has its alert before the service has written its line.
for ((i = 0; i < 100; i++)); do
  grep -q 'is revoked' "$place/service.log" && break
  sleep 0.05
done
grep -q 'is revoked' "$place/service.log" || die 'nothing about the revoked device'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=smart-lamp SL-26-900001/serialNumber=SL-26-900001' \
  -keyout "$place/false.key" -out "$place/false.pem" 2>/dev/null
ask false POST simpleenroll "$place/one.csr" >/dev/null 2>&1 && die 'a self-made certificate got through TLS'
[ "$(grep -c 'refused simple' "$place/service.log")" -eq 10 ] || die 'not one line for each refusal'

say '== a station, for what was ordered'
csr unit1 "/serialNumber=$serial"
expect 403 line2 POST simpleenroll "$place/unit1.csr"    # no approved order lies there
mkdir -p factory/line2/orders factory/line1/orders
cp order.yaml factory/line2/orders/
expect 200 line2 POST simpleenroll "$place/unit1.csr"
cp "$place/body" "$place/first"
openssl base64 -d -in "$place/body" | openssl pkcs7 -inform DER -print_certs >"$place/unit1.pem"
verify ca/device/cert.pem "$place/unit1.pem"
expect 200 line2 POST idevid/simpleenroll "$place/unit1.csr"
cmp "$place/body" "$place/first" || die 'the same request of a station got other bytes'
csr other "/serialNumber=$serial"
expect 403 line2 POST simpleenroll "$place/other.csr"    # counted already, for another key
csr unit3 "/serialNumber=${serial%1}3"
expect 403 line2 POST simpleenroll "$place/unit3.csr"    # beyond the order's range
csr unit2 "/serialNumber=${serial%1}2"
expect 200 line2 POST simpleenroll "$place/unit2.csr"
lamp-ca list --order "$(sed -n 's/^order: *//p' order.yaml | tr -d '"')" --json | grep -c '"serial"' | grep -qx 2 || die 'not two of the order'
lamp-factory order close order.yaml >/dev/null
expect 403 line2 POST simpleenroll "$place/unit2.csr"    # the order was closed

say '== a lost key comes back through the initial identity; what it had is revoked'
csr four '/serialNumber=SL-26-900001'
expect 200 lamp1 POST simpleenroll "$place/four.csr"
take four
lamp-ca show "$(openssl x509 -in "$place/two.pem" -noout -serial | cut -d= -f2 | tr A-F a-f)" | grep -q 'superseded' || die 'the lost one is not revoked'
lost=$(openssl x509 -in "$place/two.pem" -noout -serial | cut -d= -f2)
listed() { curl -sS --max-time 30 "http://127.0.0.1:$http/crl/operational/crl.der" | openssl crl -inform DER -noout -text | grep -q "$lost"; }
for ((tries = 0; tries < 300; tries++)); do listed && break; sleep 0.1; done
listed || die 'the service does not publish a list with the lost one'

say '== OCSP and lists'
lamp-ca crl operational >/dev/null
lamp-ca crl device >/dev/null
ocsp() {
  openssl ocsp -issuer ca/operational/cert.pem -verify_other ca/operational/cert.pem -CAfile ca/root/cert.pem \
    -url "http://127.0.0.1:$http/ocsp" "$@" 2>&1
}
ocsp -cert "$place/four.pem" | grep -q ': good' || die 'openssl ocsp: not good'
ocsp -cert "$place/two.pem" -no_nonce | grep -q ': revoked' || die 'openssl ocsp: not revoked'
ocsp -serial 0x4242424242 | grep -q ': unknown' || die 'openssl ocsp: not unknown'
ocsp -cert "$place/four.pem" | grep -q 'verify OK' || die 'openssl ocsp: not verified'
ocsp -cert "$place/four.pem" -resp_text | grep -q 'CN *= *responder-1 OCSP responder' || die 'OCSP is not signed by the delegate'
if command -v ocsptool >/dev/null; then
  gnutls() { ocsptool --ask="http://127.0.0.1:$http/ocsp" --load-cert="$place/$1.pem" --load-issuer=ca/operational/cert.pem </dev/null 2>&1; }
  gnutls four | grep -qi 'certificate status: good' || die 'ocsptool: not good'
  gnutls two | grep -qi 'certificate status: revoked' || die 'ocsptool: not revoked'
fi
openssl ocsp -issuer ca/operational/cert.pem -cert "$place/four.pem" -no_nonce -reqout "$place/ocsp.der" >/dev/null 2>&1
get() { curl -sS --max-time 30 -D "$place/head" -o "$place/body" -w '%{http_code}' "$@"; }
path=$(openssl base64 -A -in "$place/ocsp.der" | sed 's|+|%2B|g; s|/|%2F|g; s|=|%3D|g')
[ "$(get "http://127.0.0.1:$http/ocsp/$path")" = 200 ] || die 'OCSP by GET'
header_has '^content-type: application/ocsp-response'
header_has '^cache-control: public, max-age='
openssl ocsp -respin "$place/body" -issuer ca/operational/cert.pem -cert "$place/four.pem" -verify_other ca/operational/cert.pem \
  -CAfile ca/root/cert.pem -no_nonce 2>&1 | grep -q ': good' || die 'OCSP by GET is not good'
[ "$(get "http://127.0.0.1:$http/ocsp/rubbish")" = 200 ] || die 'OCSP answers rubbish too'
{ openssl ocsp -respin "$place/body" -resp_text 2>&1 || true; } | grep -q 'malformedrequest' || die 'rubbish is not malformed'
header_has '^cache-control: no-store'

lists=http://127.0.0.1:$http/crl/operational/crl.der
[ "$(get "$lists")" = 200 ] || die 'no list'
header_has '^content-type: application/pkix-crl'
cmp "$place/body" ca/operational/crl.der || die 'another list'
tag=$(tr -d '\r' <"$place/head" | sed -n 's/^etag: *//Ip')
[ "$(get -H "If-None-Match: $tag" "$lists")" = 304 ] || die 'the list is sent again'
[ "$(get -I "$lists")" = 200 ] || die 'no head of a list'
header_has "^content-length: $(stat -c %s ca/operational/crl.der)"
lamp-ca crl operational >/dev/null
[ "$(get -H "If-None-Match: $tag" "$lists")" = 200 ] || die 'a new list is not sent'
[ "$(get -0 "$lists")" = 200 ] || die 'a list for an old client'
[ "$(get "http://127.0.0.1:$http/crl/operational/chain.pem")" = 404 ] || die 'another file of the authority'
[ "$(get --path-as-is "http://127.0.0.1:$http/crl/../site.yaml")" = 400 ] || die 'a path that climbs'
[ "$(get "http://127.0.0.1:$http/.well-known/est/cacerts")" = 404 ] || die 'enrolment without TLS'
[ "$(get "http://127.0.0.1:$http/ca/operational/cert.der")" = 200 ] || die 'no certificate of the authority'
openssl x509 -inform DER -in "$place/body" -noout || die 'no certificate of the authority'

say '== whoever asks too often waits'
limited=''
for ((i = 0; i < 40; i++)); do
  [ "$(ask lamp4 GET csrattrs)" != 429 ] || { limited=yes; break; }
done
[ -n "$limited" ] || die 'forty requests at once'
header_has '^retry-after: [0-9]'
expect 200 lamp3 GET csrattrs

say '== a port in use; the end'
lamp-ca serve >"$place/second.log" 2>&1 && die 'a second service on the same port'
grep -q "port $https on 127.0.0.1 is in use" "$place/second.log" || die "the second service says: $(cat "$place/second.log")"
[ "$(wc -l <"$place/second.log")" -eq 1 ] || die 'more than one line about the port'
stop_service
[ ! -e "$place/ready" ] || die 'the ready file stays'
lamp-audit verify >/dev/null || die 'the log does not verify'
! grep -q "$(cat pins/issuing)" "$place/service.log" || die 'a PIN in the log'
say 'enrolment: passed'
