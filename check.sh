#!/usr/bin/env bash
# Installs what the tests need, builds, and passes every test. Under 45 minutes on 2 cores from a clean clone.
#
#   ./check.sh           format, two builds (sanitized; as delivered), all rings, fuzzing, clang-tidy on what the last commits changed
#   ./check.sh --long    also an hour of fuzzing, clang-tidy on every file and the long crash ring
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly top=$PWD
readonly sanitized=$top/build/sanitized
readonly delivered=$top/build/delivered
long=''
[ "${1:-}" = --long ] && long=yes
started=$SECONDS
# Clones in different folders share what was compiled before.
export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=1

say() { printf 'check: %4d s  %s\n' "$((SECONDS - started))" "$*"; }
die() { printf 'check: error: %s\n' "$*" >&2; exit 1; }

sources() { git ls-files -- 'lib/*.?pp' 'hsm/*.?pp' 'manufacturing/*.?pp' 'cli/*.?pp' 'tests/*.?pp'; }

check_format() {
  say "format"
  sources | xargs clang-format-19 --dry-run --Werror || die "run clang-format-19 -i on the files named above"
  bash -n quickstart.sh check.sh deps.sh
  local page
  for page in man/*.[157]; do mandoc -T lint -W error "$page" || die "$page is not clean mdoc"; done
}

configure() {
  local folder=$1
  shift
  cmake -S . -B "$folder" -G Ninja -DLAMP_WERROR=ON -DCMAKE_PREFIX_PATH="$prefix" "$@" >"$folder.log" 2>&1 ||
    { tail -n 20 "$folder.log" >&2; die "cmake failed"; }
}

build() {
  local folder=$1
  ninja -C "$folder" >"$folder.log" 2>&1 || { grep -E -A 12 'FAILED|error:' "$folder.log" | head -n 60 >&2; die "the build failed; all of it is in $folder.log"; }
}

# Runs one build's tests; a skip is a failure where CI installs what it needs, and is always shown.
run_tests() {
  local folder=$1
  shift
  local log=$folder/ctest.log
  LAMP_REQUIRE_HSM=1 ctest --test-dir "$folder" -j"$(nproc)" --output-on-failure "$@" | tee "$log" | grep -vE '^ *(Start|[0-9]+/[0-9]+ .*Passed)' ||
    true
  grep -q '100% tests passed' "$log" || die "tests failed; see $log"
  if grep -q 'Skipped' "$log"; then
    grep 'Skipped' "$log" | sed 's/^/check: skipped: /'
    # The conformance checks skip what a kind of token cannot do; a token that is absent fails them where CI is set.
    if [ -n "${CI:-}" ] && grep 'Skipped' "$log" | grep -qv 'Conformance\.'; then
      die "a test was skipped where nothing may be missing"
    fi
  fi
  local n
  n=$(sed -n 's/.*tests passed, 0 tests failed out of \([0-9]*\).*/\1/p' "$log")
  passed=$((passed + n))
}

tidy() {
  local base files
  if [ -n "$long" ] || ! base=$(git rev-parse -q --verify "${LAMP_TIDY_BASE:-HEAD~1}"); then
    mapfile -t files < <(sources | grep '\.cpp$')
  else
    mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- '*.cpp')
  fi
  say "clang-tidy on ${#files[@]} files"
  [ "${#files[@]}" -eq 0 ] && return 0
  printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-19 --quiet -p "$sanitized" --warnings-as-errors='*' 2>/dev/null ||
    die "clang-tidy objects to the above"
}

main() {
  passed=0
  ./deps.sh --tests
  local prefix
  prefix=$(./deps.sh --prefix)
  mkdir -p build
  check_format
  say "building as delivered, by GCC"
  configure "$delivered" -DCMAKE_BUILD_TYPE=Release -DLAMP_UNITY=ON -DLAMP_RINGS="hsm;interop;e2e;crash;bench${long:+;long}"
  build "$delivered"
  say "tests: tokens, peers, whole site, crashes"
  run_tests "$delivered" -L '^(hsm|interop|e2e|crash)$'
  say "building with ASan, UBSan and libFuzzer, by clang"
  configure "$sanitized" -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_BUILD_TYPE=Debug -DLAMP_FUZZ=ON \
    -DLAMP_SANITIZE=address,undefined -DLAMP_RINGS="unit;vectors;script;fuzz"
  build "$sanitized"
  say "tests: unit, vectors, scripts"
  local rings='unit|vectors|script'
  if [ ! -d ../shared/vectors ]; then
    say "no published vectors in ../shared/vectors: their tests are left out"
    rings='unit|script'
  fi
  run_tests "$sanitized" -L "^($rings)\$"
  say "fuzzing"
  tests/fuzz/run.sh "$sanitized" ${long:+3600} || die "a fuzz target found something"
  tidy
  if [ -n "$long" ]; then
    say "long crash ring"
    run_tests "$delivered" -L '^long$'
  fi
  say "everything passed"
  printf '%d passed, 0 failed\n' "$passed"
}

main "$@"
