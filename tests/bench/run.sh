#!/usr/bin/env bash
# run.sh BIN-FOLDER [COUNT [BEFORE]]: how many P-256 device certificates a second, ours and others', in one run on this machine.
# COUNT certificates for what is fast (half from keys, half from requests), BEFORE already in the register for the last lines.
# Installs nothing; a peer that is absent is a line that says so. Peers have software keys and keep no audit record; each is
# given the best way of use that we know. The last column is processor time for each certificate, of all processes that worked.
set -euo pipefail
bench=$(cd "$1" && pwd)/ca_bench
readonly bench count=${2:-20000} before=${3:-1000000}
place=$(mktemp -d)
readonly place
server=''
at_end() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$place"
}
trap at_end EXIT
cd "$place"
export LC_ALL=C

absent() { printf '%-58s %8s   absent here (package %s)\n' "$1" - "$2"; }

# measured NAME COUNT COMMAND...: one line from the time that the shell saw.
measured() {
  local name=$1 n=$2 times
  shift 2
  TIMEFORMAT='%R %U %S'
  times=$( { time "$@" >work.out 2>work.err; } 2>&1 ) || { printf '%-58s failed: %s\n' "$name" "$(tail -n 1 work.err)"; return 0; }
  awk -v name="$name" -v n="$n" '{ printf "%-58s %8d %9.0f /s %9.1f us\n", name, n, n / $1, ($2 + $3) / n * 1e6 }' <<<"$times"
}

cpu() { awk -F': *' '/^model name/ { print $2; exit }' /proc/cpuinfo; }
printf '%s, %s processors, load %s\n\n' "$(cpu)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"
printf '%-58s %8s %12s %12s\n' "" "" "a second" "processor"

"$bench" ours "$count" "$before"
"$bench" botan 4000

few=2000
"$bench" requests "$few" csr
openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -subj "/O=Bench/CN=Bench CA" -days 3650 -out ca.pem
cat >ca.cnf <<'X'
[ca]
default_ca = bench
[bench]
new_certs_dir = new
database = index.txt
serial = serial
certificate = ca.pem
private_key = ca.key
default_days = 365
default_md = sha256
policy = any
x509_extensions = device
unique_subject = no
[any]
commonName = supplied
[device]
keyUsage = critical,digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
X
mkdir new
: >index.txt
echo 1000 >serial
measured "openssl ca -infiles, software key, one process" "$few" \
  openssl ca -batch -config ca.cnf -notext -infiles $(seq -f csr/%.0f.csr 1 "$few")

if command -v certtool >/dev/null; then
  printf 'expiration_days = 365\nsigning_key\n' >certtool.cfg
  certtools() {
    local i
    for ((i = 1; i <= 200; i++)); do
      certtool --generate-certificate --load-request "csr/$i.csr" --load-ca-certificate ca.pem --load-ca-privkey ca.key \
        --template certtool.cfg --outfile "new/g$i.pem" || return 1
    done
  }
  measured "certtool, software key, a process each" 200 certtools
else
  absent "certtool" gnutls-bin
fi

if command -v cfssl >/dev/null; then
  cat >cfssl.json <<'X'
{"signing": {"default": {"expiry": "8760h", "usages": ["digital signature", "client auth"]}}}
X
  # A free port, as the kernel gives it to somebody who asks.
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  cfssl serve -address 127.0.0.1 -port "$port" -ca ca.pem -ca-key ca.key -config cfssl.json -loglevel 5 >cfssl.log 2>&1 &
  server=$!
  for ((i = 0; i < 100; i++)); do
    (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.05
  done
  ticks() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }
  start=$(ticks)
  "$bench" cfssl 6000 "$port" | sed 's/ us$/ us (client alone)/'
  printf '%-58s %8d %12s %9.1f us\n' "  the server's own" 6000 "" \
    "$(awk -v t="$(($(ticks) - start))" -v hz="$(getconf CLK_TCK)" 'BEGIN { print t / hz / 6000 * 1e6 }')"
  kill "$server"
  wait "$server" 2>/dev/null || true
  server=''
else
  absent "cfssl serve" golang-cfssl
fi

if [ -x /usr/share/easy-rsa/easyrsa ]; then
  export EASYRSA_BATCH=1 EASYRSA_ALGO=ec EASYRSA_CURVE=prime256v1 EASYRSA_PKI=$place/pki
  /usr/share/easy-rsa/easyrsa init-pki >easyrsa.log 2>&1
  EASYRSA_REQ_CN=Bench /usr/share/easy-rsa/easyrsa build-ca nopass >>easyrsa.log 2>&1
  for ((i = 1; i <= 20; i++)); do cp "csr/$i.csr" "pki/reqs/d$i.req"; done
  easyrsas() {
    local i
    for ((i = 1; i <= 20; i++)); do /usr/share/easy-rsa/easyrsa sign-req client "d$i" || return 1; done
  }
  measured "easy-rsa sign-req, software key, a process each" 20 easyrsas
else
  absent "easy-rsa" easy-rsa
fi
