#!/usr/bin/env bash
# Installs what Lamplighter needs to build (and, with --tests, what its tests need) on Debian 12 or 13.
# Idempotent and quiet: a second run takes about a second. Asks nothing.
#
#   ./deps.sh            what ./quickstart.sh needs
#   ./deps.sh --tests    also what ./check.sh needs
#   ./deps.sh --prefix   prints the CMAKE_PREFIX_PATH for the Botan that is built here
#   ./deps.sh --guest    prints the folder of the kernel that --tests unpacks for the test of the real USB stack
set -euo pipefail

readonly botan_major=3
readonly build_packages=(
  build-essential ca-certificates cmake ninja-build pkg-config ccache
  libp11-kit-dev p11-kit p11-kit-modules softhsm2 libcli11-dev libyaml-cpp-dev libusb-1.0-0-dev
  nlohmann-json3-dev libboost-dev libsqlite3-dev libssl-dev libfmt-dev libseccomp-dev libqrencode-dev
  umockdev libumockdev-dev openssl curl tzdata)
readonly test_packages=(
  libgtest-dev libgmock-dev libcbor-dev clang-19 clang-tidy-19 clang-format-19 libclang-rt-19-dev
  # a reader of our QR codes, and who renders our SVG and PDF for it
  zbar-tools librsvg2-bin poppler-utils
  mandoc dfu-util tcpdump procps git gnutls-bin swupdate cpio python3-cbor2
  # a machine of its own for the test of the real USB stack; its kernel is fetched below
  qemu-system-x86 busybox-static udev xz-utils zstd
  # tokens: NSS softokn, openCryptoki's soft token, tpm2-pkcs11 on swtpm, OpenSC on virtual cards
  libnss3 libnss3-tools opencryptoki pcscd vsmartcard-vpcd opensc opensc-pkcs11 libtpm2-pkcs11-1 libtpm2-pkcs11-tools swtpm tpm2-abrmd libtss2-tcti-tabrmd0 tpm2-tools dbus)
# Espressif's tools, for chips behind espefuse: Debian 12's has no virtual chip that the tests could burn.
chip_packages() { [ "$(. /etc/os-release && printf '%s' "${VERSION_ID:-}")" = 12 ] || printf 'esptool\n'; }
readonly cache="${LAMP_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/lamplighter}"

say() { printf 'deps: %s\n' "$*"; }
die() { printf 'deps: error: %s\n' "$*" >&2; exit 3; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo -n "$@" || die "'$*' needs root, and sudo asks for a password: run ./deps.sh as root once"
  else die "'$*' needs root: run ./deps.sh as root once"
  fi
}

missing_packages() {
  local p
  for p in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || printf '%s\n' "$p"
  done
}

install_packages() {
  local missing log
  mapfile -t missing < <(missing_packages "$@")
  [ "${#missing[@]}" -eq 0 ] && return 0
  say "installing ${#missing[@]} packages (about a minute): ${missing[*]}"
  mkdir -p "$cache"
  log="$cache/apt.log"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >"$log" 2>&1 || die "apt-get update failed; see $log"
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    mapfile -t missing < <(missing_packages "${missing[@]}")
    die "could not install: ${missing[*]} ($(grep -m1 '^E: ' "$log" || echo "see $log"))"
  fi
}

# Every module that the code uses and nothing else; those of other processors drop out.
botan_modules() {
  local common=aes,ccm,gcm,ctr,cbc,sha2_32,sha2_64,sha1,md5,ecdsa,ecdh,pcurves_secp256r1,pcurves_secp384r1,pcurves_secp224r1
  common+=,rsa,eme_oaep,emsa_pssr,emsa_pkcs1,emsa_raw,x509,tls12,tls13,auto_rng,system_rng,hmac,hkdf,pbkdf2,pbes2,argon2
  common+=,tss,rfc3394,ml_dsa,hss_lms,xmss,ed25519,x25519,sp800_56a,hmac_drbg,uuid,base64,hex,locking_allocator
  case "$(uname -m)" in
    x86_64) common+=,aes_ni,aes_vaes,sha2_32_x86,sha2_64_bmi2,sha1_x86,processor_rng,ghash_cpu,ghash_vperm ;;
    aarch64) common+=,aes_armv8,sha2_32_armv8,sha1_armv8,ghash_cpu ;;
  esac
  printf '%s' "$common"
}

# The Debian mirror that this system already uses, so that no address is written down here.
debian_mirror() {
  apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 2>/dev/null |
    grep -v -e security -e backports | head -n 1
}

# Debian 12 has only Botan 2, and Debian 13's Botan 3 refuses certificates beyond the year 3100, while a device's
# identity ends in 9999 (IEEE 802.1AR). So Debian 13's own source package is built, with that limit moved. It is fetched
# with a private apt configuration: the archive's signature is checked as for any package, and the system's sources stay
# as they are.
fetch_botan_source() {
  local into="$1" mirror
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || die "no Debian mirror in this system's apt sources; add one and run again"
  mkdir -p "$into"/{lists/partial,cache/archives/partial,src}
  printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s trixie main\n' "$mirror" >"$into/sources.list"
  local apt=(-o "Dir::Etc::SourceList=$into/sources.list" -o Dir::Etc::SourceParts=/dev/null
             -o "Dir::State::Lists=$into/lists" -o "Dir::Cache=$into/cache" -o APT::Sandbox::User=root)
  apt-get "${apt[@]}" update -q >"$into/log" 2>&1 || die "could not read Debian 13's source index; see $into/log"
  (cd "$into/src" && apt-get "${apt[@]}" source --download-only -q "botan$botan_major" >>"$into/log" 2>&1) ||
    die "could not fetch the source package botan$botan_major; see $into/log"
  (cd "$into/src" && dpkg-source --no-check -x ./*.dsc tree >>"$into/log" 2>&1) ||
    die "could not unpack the source package botan$botan_major; see $into/log"
}

move_year_limit() {
  local file=$1/src/lib/asn1/asn1_time.cpp
  grep -q 'm_year > 3100' "$file" || die "Botan's limit on years is not where it was: look at $file"
  sed -i 's/m_year > 3100/m_year > 9999/' "$file"
}

# A change of modules or of how they are built gets a folder of its own.
botan_prefix() { printf '%s/botan-%s' "$cache" "$(declare -f botan_modules move_year_limit build_botan | sha256sum | cut -c1-12)"; }

build_botan() {
  local prefix work
  prefix=$(botan_prefix)
  [ -e "$prefix/complete" ] && return 0
  install_packages dpkg-dev debian-archive-keyring python3
  work="$prefix.work"
  rm -rf "$work" "$prefix"
  say "building Botan from Debian 13's source package (about 3 minutes, once, into $prefix)"
  fetch_botan_source "$work"
  move_year_limit "$work/src/tree"
  (cd "$work/src/tree" &&
    python3 configure.py --prefix="$prefix" --minimized-build --enable-modules="$(botan_modules)" --amalgamation \
      --build-targets=static --extra-cxxflags=-fPIC --without-documentation >>"$work/log" 2>&1) ||
    die "could not configure Botan; see $work/log"
  make -C "$work/src/tree" -j"$(nproc)" >>"$work/log" 2>&1 || die "could not compile Botan; see $work/log"
  make -C "$work/src/tree" install >>"$work/log" 2>&1 || die "could not install Botan into $prefix; see $work/log"
  touch "$prefix/complete"
  rm -rf "$work"
}

# Debian's stock kernel for a guest that has USB, which this machine's own kernel may lack: unpacked, not installed. Only
# the uncompressed kernel and the modules of the virtual host controller are kept, in load order.
guest_kernel() { printf '%s/guest-kernel' "$cache"; }

# unpack_kernel VMLINUZ INTO: the ELF file inside, whichever way it is compressed.
unpack_kernel() {
  local vmlinuz=$1 into=$2 magic unpack offset
  while read -r magic unpack; do
    for offset in $(LC_ALL=C grep -abo -P "$magic" "$vmlinuz" | cut -d: -f1); do
      # What follows the compressed part makes the program complain; the ELF file's magic tells whether it was one.
      tail -c "+$((offset + 1))" "$vmlinuz" | $unpack 2>/dev/null >"$into" || true
      [ "$(head -c 4 "$into" | tail -c 3)" = ELF ] && return 0
    done
  done <<'END'
\x28\xb5\x2f\xfd zstd -dcq
\xfd7zXZ\x00 xz -dcq
END
  return 1
}

# add_module TREE NAME INTO: the module, after those that it needs; one that is built in is passed over.
add_module() {
  local tree=$1 name=${2//-/_} into=$3 file needed
  [ -e "$into/$name.ko" ] && return 0
  file=$(find "$tree" -name "${name//_/[-_]}.ko*" | head -n 1)
  [ -n "$file" ] || return 0
  case "$file" in
    *.xz) xz -dc "$file" ;;
    *.zst) zstd -dcq "$file" ;;
    *) cat "$file" ;;
  esac >"$into/$name.ko"
  for needed in $(tr '\0' '\n' <"$into/$name.ko" | sed -n 's/^depends=//p' | tr , ' '); do add_module "$tree" "$needed" "$into"; done
  printf '%s\n' "$name" >>"$into/modules"
}

fetch_guest_kernel() {
  local kernel log package work
  local download=(apt-get -o APT::Sandbox::User=root download -q)
  kernel=$(guest_kernel)
  [ "$(uname -m)" = x86_64 ] || return 0
  [ -e "$kernel/complete" ] && return 0
  work="$kernel.work" log="$cache/guest-kernel.log"
  rm -rf "$kernel" "$work"
  mkdir -p "$kernel" "$work"
  package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
  [ -n "$package" ] || die "no package linux-image-amd64 in this system's apt sources"
  say "fetching Debian's kernel for the guest of the USB test, $package (about 20 s, once, into $kernel)"
  if ! (cd "$work" && "${download[@]}" "$package" >"$log" 2>&1); then
    die "could not fetch $package; 'apt-get update' may help; see $log"
  fi
  dpkg-deb -x "$work/$package"_*.deb "$work/tree"
  unpack_kernel "$(find "$work/tree/boot" -name 'vmlinuz-*')" "$kernel/vmlinux" || die "the kernel in $package is compressed in an unknown way"
  add_module "$work/tree" vhci-hcd "$kernel"
  [ -e "$kernel/vhci_hcd.ko" ] || die "$package has no vhci-hcd"
  rm -rf "$work"
  touch "$kernel/complete"
}

main() {
  case "${1:-}" in
    '' | --tests) ;;
    --prefix) botan_prefix; exit 0 ;;
    --guest) guest_kernel; exit 0 ;;
    *) printf 'usage: ./deps.sh [--tests | --prefix | --guest]\n' >&2; exit 2 ;;
  esac
  command -v apt-get >/dev/null || die "this script knows Debian 12 and 13 only; README.md lists what to install elsewhere"
  install_packages "${build_packages[@]}"
  [ "${1:-}" = --tests ] && { install_packages "${test_packages[@]}" $(chip_packages); fetch_guest_kernel; }
  build_botan
}

main "$@"
