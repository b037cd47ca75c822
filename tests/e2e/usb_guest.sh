#!/usr/bin/env bash
# usb_guest.sh BIN-FOLDER SOURCE-FOLDER SITES-FOLDER: the tools as they were built, in a machine of their own (QEMU, emulated) with
# Debian's stock kernel: real hub driver, real enumeration, real usbfs; the devices are lamp-sim's behind the kernel's virtual host
# controller. usb_guest_init.sh is what happens inside. Ends with 77 where QEMU or the kernel is missing: ./deps.sh --tests brings both.
set -euo pipefail
readonly bin=$1 source=$2 sites=$3
here=$(dirname "$0")
readonly here
place=$(mktemp -d)
readonly place root=$place/root
trap 'rm -rf "$place"' EXIT
export PATH=$bin:$PATH LC_ALL=C.UTF-8 LAMP_TEMPLATES=$source/templates
unset LAMP_SITE SOFTHSM2_CONF

die() { printf 'usb_guest: FAILED: %s\n' "$*" >&2; exit 1; }
skip() { printf 'usb_guest: skipped: %s; ./deps.sh --tests brings it\n' "$*"; exit 77; }

kernel=$("$source/deps.sh" --guest)
readonly kernel
[ -e "$kernel/complete" ] || skip "no kernel for the guest in $kernel"
command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86_64 is not installed"
command -v cpio >/dev/null || skip "cpio is not installed"
busybox=$(command -v busybox) && [ -z "$(ldd "$busybox" 2>/dev/null | grep '=>')" ] || skip "no static busybox is installed"
readonly busybox

# An order of three lamps that an officer has approved; the devices themselves are made in the guest.
make_site() {
  cp -a "$sites/founded" "$root/site"
  cd "$root/site"
  printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$PWD/tokens/store" >tokens/softhsm2.conf
  lamp-factory order create --model smart-lamp=3 --station line1 -o order.yaml >/dev/null
  lamp-factory order approve order.yaml --as officer-1 >/dev/null
  sed -i 's#^directories.tokendir = .*#directories.tokendir = /site/tokens/store#' tokens/softhsm2.conf
  cd /
}

# add_program FILE [NAME]: the file and the libraries that it is linked with.
add_program() {
  local file=$1 name=${2:-$(basename "$1")} library
  cp -L "$file" "$root/bin/$name"
  for library in $(ldd "$file" | awk '/=> \//{print $3}'); do cp -Lu "$library" "$root/lib/x86_64-linux-gnu/"; done
}

make_root() {
  local module udevd
  mkdir -p "$root"/{bin,dev,proc,sys,tmp,run,etc,modules,lib64,lib/x86_64-linux-gnu,usr/share/lamp}
  cp "$busybox" "$root/bin/busybox"
  ln -s busybox "$root/bin/sh"
  cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
  udevd=$(find /lib/systemd/systemd-udevd /usr/lib/systemd/systemd-udevd 2>/dev/null | head -n 1) || true
  [ -n "$udevd" ] || skip "systemd-udevd is not installed"
  add_program "$udevd" systemd-udevd
  for module in lamp-factory lamp-sim lamp-audit device_secrets; do add_program "$bin/$module"; done
  # What is loaded by name, not linked: where site.yaml says it is.
  mkdir -p "$root/usr/lib/softhsm"
  cp -L /usr/lib/softhsm/libsofthsm2.so "$root/usr/lib/softhsm/"
  for module in $(ldd /usr/lib/softhsm/libsofthsm2.so | awk '/=> \//{print $3}'); do cp -Lu "$module" "$root/lib/x86_64-linux-gnu/"; done
  cp "$kernel"/*.ko "$kernel/modules" "$root/modules/"
  cp -a "$source/templates" "$root/usr/share/lamp/templates"
  printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
  printf 'root:x:0:\n' >"$root/etc/group"
  install -m 0755 "$here/usb_guest_init.sh" "$root/init"
}

# Emulated always: a kernel that runs on hardware and one that runs in a container's KVM are two things to go wrong.
boot() {
  timeout 280 qemu-system-x86_64 -M pc -accel tcg -cpu max -m 768 -nodefaults -no-user-config -display none -serial stdio -no-reboot \
    -kernel "$kernel/vmlinux" -initrd "$place/root.cpio" \
    -append "console=ttyS0 quiet panic=-1 reboot=t nokaslr mitigations=off random.trust_cpu=on" </dev/null
}

main() {
  mkdir -p "$root"
  make_root
  make_site
  (cd "$root" && find . -print0 | cpio -0 -o -H newc -R 0:0 --quiet) >"$place/root.cpio"
  printf 'usb_guest: %s of initial file system, kernel %s\n' "$(du -h "$place/root.cpio" | cut -f1)" \
    "$(strings -n 20 "$kernel/vmlinux" | grep -m1 '^Linux version' | cut -d' ' -f3 || true)"
  boot | tr -d '\r' | tee "$place/console" || true
  grep -q '^GUEST-EXIT 0$' "$place/console" || die "the guest did not say GUEST-EXIT 0: $(grep '^GUEST-EXIT' "$place/console" || echo 'nothing')"
}

main
