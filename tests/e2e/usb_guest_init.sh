#!/bin/busybox sh
# First process of the guest of usb_guest.sh. Each step says what it does; the first that does not hold ends it all.
export PATH=/bin LC_ALL=C.UTF-8 HOME=/ LAMP_TEMPLATES=/usr/share/lamp/templates
/bin/busybox --install -s /bin

uptime_is() { cut -d' ' -f1 /proc/uptime; }
finish() {
  echo "guest: ended after $(uptime_is) s"
  echo "GUEST-EXIT $1"
  reboot -f
}
die() {
  echo "guest: FAILED: $*"
  dmesg | tail -n 15
  finish 1
}
step() { echo "guest: $(uptime_is) s: $*"; }

# expect STATUS COMMAND...: it ends with that; what it prints is in /tmp/out, what it complains of in /tmp/err.
expect() {
  wanted=$1
  shift
  status=0
  "$@" >/tmp/out 2>/tmp/err || status=$?
  sed 's/^/  /' /tmp/out /tmp/err
  [ "$status" = "$wanted" ] || die "'$*' ended with $status, not $wanted"
}
says() { grep -q -- "$1" /tmp/out /tmp/err || die "nothing says '$1'"; }
shows() { [ "$(echo "$1")" = "$2" ] || die "'$1' instead of '$2'"; }
count_done() { lamp-factory status --json | grep -c '"lock": "locked"'; }
# Away long enough for the hub of an emulated machine to notice, as silicon is that boots.
usb() { lamp-sim usb --vhci --restart-time 500 "$@"; }

mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
cd /site || die "no site"
step "kernel $(uname -r) is up"
# No module yet: one clear line.
expect 3 usb --model smart-lamp=1 -- true
says 'modprobe vhci-hcd'
while read -r module; do insmod "/modules/$module.ko" || die "insmod $module"; done </modules/modules
systemd-udevd --daemon 2>/dev/null || die "systemd-udevd does not start"

step "two of three lamps: enumerate, inject, verify, lock, prove locked"
expect 0 usb --capture /tmp/first.pcap --model smart-lamp=2 -- sh -c 'cat /sys/bus/usb/devices/*/product && exec lamp-factory run --order order.yaml'
says '^  *smart-lamp$\|^smart-lamp$'
says '2 of 3 done'
shows "$(count_done)" 2
[ "$(dmesg | grep -c 'new high-speed USB device.*vhci_hcd')" -ge 4 ] || die "the kernel did not enumerate two lamps and their restarts"
dmesg | grep -A 2 'Product: smart-lamp' | head -n 3

step "the cable of the third is pulled in the middle of its credential block; the first two are plugged in again and prove their locks"
expect 3 usb --fault smart-lamp-3=unplug@install --model smart-lamp=3 -- lamp-factory run --order order.yaml
says 'the device is gone'
shows "$(count_done)" 2
dmesg | grep -c 'USB disconnect' >/dev/null || die "the kernel saw no disconnect"

step "plugged in again, it is finished; nothing is made twice"
expect 0 usb --model smart-lamp=3 -- lamp-factory run --order order.yaml --until-done
says '3 of 3 done'
shows "$(count_done)" 3
expect 0 lamp-audit verify
expect 0 lamp-sim list
shows "$(grep -c ' locked ' /tmp/out)" 3

step "no secret of a lamp is in the capture, in a file or in a line above"
expect 0 device_secrets sim --not-in /tmp/first.pcap order.yaml state.db factory
# The search finds what is there.
expect 1 device_secrets sim --not-in sim
finish 0
