#!/usr/bin/env bash
# run.sh BUILD-FOLDER [SECONDS]: searches with every fuzz target, as many at once as there are cores, beginning from the seeds.
# For SECONDS in all; without, for the same 30,000 inputs a target each time, as a gate wants. What is found stays in
# BUILD-FOLDER/fuzz/TARGET/: a file crash-* or timeout-* there is a finding, to be mended and kept as a seed.
set -euo pipefail
build=$1
seeds=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/seeds
mapfile -t targets < <(cd "$seeds" && printf '%s\n' *)
cores=$(nproc)
if [ -n "${2:-}" ]; then bound=-max_total_time=$(($2 * cores / ${#targets[@]} + 1)); else bound='-runs=30000 -seed=1'; fi
export build seeds bound

search() {
  local folder=$build/fuzz/$1
  local log=$folder/log
  rm -rf "$folder"
  mkdir -p "$folder/corpus"
  # shellcheck disable=SC2086  # two options in one
  if "$build/bin/fuzz_$1" $bound -timeout=20 -rss_limit_mb=2048 -max_len=8192 -artifact_prefix="$folder/" \
    "$folder/corpus" "$seeds/$1" >"$log" 2>&1; then
    printf '  %-18s %s inputs, %s edges\n' "$1" "$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log")" \
      "$(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1)"
  else
    printf '  %-18s FOUND, see %s\n' "$1" "$log"
    tail -n 25 "$log"
    return 1
  fi
}
export -f search

printf '%s\n' "${targets[@]}" | xargs -P "$cores" -I TARGET bash -c 'search TARGET'
