# The story: five devices from blank to bound and updated. Sourced by quickstart.sh and by the test of the whole site, which
# give `chapter` and `die`; runs in the site's folder with the tools in PATH.
background=()

bold() { if [ -t 1 ]; then printf '\033[1m%s\033[0m\n' "$*"; else printf '%s\n' "$*"; fi; }

stop_background() {
  local pid
  for pid in "${background[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${background[@]}"; do wait "$pid" 2>/dev/null || true; done
  background=()
}

# Prints a command as a user would type it, then its result.
say() {
  printf '\n'
  bold "\$ $*"
}
run() {
  say "$*"
  "$@" || die "the command above ended with exit status $?"
}

in_background() {
  local log=$1
  shift
  say "$* &"
  "$@" >"$log" 2>&1 &
  background+=($!)
}

wait_for_file() {
  local file=$1 pid=$2 log=$3 tries
  for ((tries = 0; tries < 300; tries++)); do
    [ -e "$file" ] && return 0
    kill -0 "$pid" 2>/dev/null || { cat "$log" >&2; die "the service ended before it was ready"; }
    sleep 0.1
  done
  die "the service was not ready within 30 s; see $log"
}

first_of() { ls -1 "$1" | grep -m1 "$2" || die "no $2 in $1"; }

authorities() {
  chapter "Authorities, certificates, and the officers' quorum"
  run lamp-ca create root --profile root-ca
  run lamp-ca create device --profile device-ca --issuer root
  run lamp-ca create server --profile server-ca --issuer root
  run lamp-ca create client --profile client-ca --issuer root
  run lamp-ca issue server --profile tls-server --name localhost
  run lamp-ca issue client --profile operator --name operator-1
  run lamp-ca issue client --profile installer --name installer-1
  run lamp-ca issue client --profile station --name line1
  local n
  for n in 1 2 3; do run lamp-ca issue client --profile officer --name "officer-$n"; done
  run lamp-hsm quorum create release --threshold 2 --officer officer-1 --officer officer-2 --officer officer-3
}

factory() {
  chapter "The factory: an approved order, then five devices over USB"
  run lamp-factory order create --model smart-lamp=4 --model gateway=1 --station line1 -o order.yaml
  run lamp-factory order approve order.yaml --as officer-1
  run lamp-sim usb --model smart-lamp=4 --model gateway=1 -- lamp-factory run --order order.yaml --until-done
}

cloud() {
  chapter "The service, a project, and what the factory made"
  run lamp-cloud init
  in_background run/cloud.log lamp-cloud serve --ready-file run/ready
  wait_for_file run/ready "${background[-1]}" run/cloud.log
  run lamp-cloud project create hq --timezone Europe/Berlin --member installer-1 --member operator-1
  run lamp-factory sync
}

binding() {
  chapter "The installer: the gateway into its project, the lamps into its network"
  local devices=factory/line1/devices gateway mac
  gateway=$(first_of "$devices" '^GW-')
  mac=$(sed -n 's/^B:\([0-9A-Fa-f]*\).*/\1/p' "$devices/$gateway/label.txt")
  run lamp-bind claim "$devices/$gateway/label.txt" --project hq
  run lamp-bind network create floor-1 --gateway "$mac"
  mapfile -t lamps < <(ls -1 "$devices" | grep '^SL-')
  run lamp-bind network add floor-1 "${lamps[@]}"
}

release() {
  chapter "A release: two officers approve, the token signs"
  run lamp-sign request sample/firmware.bin --model smart-lamp --version 1.1.0 --epoch 2
  run lamp-sign approve smart-lamp/1.1.0 --as officer-1
  run lamp-sign approve smart-lamp/1.1.0 --as officer-2
  run lamp-sign seal smart-lamp/1.1.0
  run lamp-sign verify releases/smart-lamp/1.1.0/release.suit
}

rollout() {
  chapter "The rollout: a canary, a gate, the rest"
  run lamp-ota plan --release smart-lamp/1.1.0 --project hq --policy canary -o plan.yaml
  run lamp-ota approve plan.yaml --as operator-1
  run lamp-ota start plan.yaml
  in_background run/fleet.log lamp-sim fleet --until-done
  run lamp-ota status --follow
  wait "${background[-1]}" || { cat run/fleet.log >&2; die "the fleet ended with exit status $?"; }
  unset 'background[-1]'
  cat run/fleet.log
}

whole_story() {
  authorities
  factory
  cloud
  binding
  release
  rollout
  stop_background
  chapter "Everything above is in the log, and the log is whole"
  run lamp-audit verify
}
