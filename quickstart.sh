#!/usr/bin/env bash
# From a bare Debian 12 or 13 to four lamps and a gateway, made, bound to a project and updated: installs what is
# missing, builds, and runs the whole story into ./demo-site. Asks nothing. Run it again for a fresh demo site.
#
#   ./quickstart.sh            LAMP_DEMO_PORT=9443 ./quickstart.sh when port 8443 is taken
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly top=$PWD
readonly site=$top/demo-site
readonly marker=.made-by-quickstart
readonly port=${LAMP_DEMO_PORT:-8443}
readonly build=$top/build
started=$SECONDS
export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1

source templates/demo/story.sh

die() { printf 'quickstart: error: %s\n' "$*" >&2; exit 3; }

half_made=''
at_end() {
  stop_background
  [ -z "$half_made" ] || rm -rf "$half_made"
}
trap at_end EXIT

chapter() { printf '\n'; bold "== $*"; }

build_tools() {
  local prefix
  chapter "Building (the first time about 5 minutes; then only what changed)"
  prefix=$(./deps.sh --prefix)
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DLAMP_UNITY=ON -DLAMP_TESTS=OFF -DCMAKE_PREFIX_PATH="$prefix" \
    >"$build.log" 2>&1 || { tail -n 20 "$build.log" >&2; die "cmake failed; the whole output is in $build.log"; }
  ninja -C "$build" || die "the build failed; the first error above says why"
}

fresh_site_folder() {
  if [ -e "$site" ]; then
    [ -e "$site/$marker" ] || die "$site was not made by this script: move it away, it is not touched"
    rm -rf "$site"
  fi
}

row() { printf '  %-22s %s\n' "$1" "$2"; }

summary() {
  chapter "Made in $site, in $((SECONDS - started)) s"
  row "site.yaml" "names of everything; no secrets"
  row "ca/" "$(find ca -name cert.pem | wc -l) authorities, $(find ca -path '*/certs/*' -name '*.pem' | wc -l) certificates of people and servers"
  row "tokens/, pins/" "$(find pins -type f | wc -l) SoftHSM tokens with PIN files, and the release token whose PIN nobody knows"
  row "quorum/release.yaml" "the roster: 2 of 3 officers"
  row "factory/line1/devices/" "$(ls factory/line1/devices | wc -l) devices with certificate and label"
  row "sim/" "the same devices' own flash"
  row "releases/" "smart-lamp 1.1.0, signed"
  row "cloud/" "registry, artifacts, the service's log"
  row "log/" "the transparency log of this host"
  printf '\nTools are in %s/bin. Try next:\n' "$build"
  printf '  export PATH=%s/bin:$PATH && cd %s\n  lamp-audit show\n  lamp-sign inspect releases/smart-lamp/1.1.0/release.suit\n  man -l %s/man/lamp.7\n' \
    "$build" "$site" "$top"
}

main() {
  fresh_site_folder
  ./deps.sh
  build_tools
  export PATH=$build/bin:$PATH
  unset LAMP_SITE SOFTHSM2_CONF
  chapter "The story, into $site"
  half_made=$site
  run lamp init demo-site --demo --port "$port"
  touch "$site/$marker"
  half_made=''
  cd "$site"
  whole_story
  summary
}

main "$@"
