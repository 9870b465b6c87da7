#!/usr/bin/env bash
# Runs each fuzz target for some seconds; a finding ends it with its input under fuzz/artifacts/.
# Usage: fuzz.sh [SECONDS] [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift $(($# > 0 ? 1 : 0))

cargo fuzz --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-fuzz@0.13.2

# The address sanitizer needs the nightly toolchain; coverage guidance and the debug assertions do not.
if cargo +nightly --version >/dev/null 2>&1; then
    fuzz=(cargo +nightly fuzz run --sanitizer address)
else
    echo "no nightly Rust toolchain: fuzzing without the address sanitizer (rustup toolchain install nightly adds it)"
    fuzz=(cargo fuzz run --sanitizer none)
fi

[ $# -gt 0 ] || mapfile -t targets < <(cargo fuzz list)
targets=("${@:-${targets[@]}}")

fuzz_one() {
    local target=$1 folders=("fuzz/corpus/$1")
    mkdir -p "fuzz/corpus/$target"
    [ -d "fuzz/seeds/$target" ] && folders+=("fuzz/seeds/$target")
    "${fuzz[@]}" "$target" "${folders[@]}" -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -verbosity=0 -print_final_stats=1
}

# One builds them all; then as many run at a time as there are processors, for each has one thread.
"${fuzz[@]/run/build}"
running=0
for target in "${targets[@]}"; do
    fuzz_one "$target" &
    running=$((running + 1))
    if [ "$running" -ge "$(nproc)" ]; then
        wait -n
        running=$((running - 1))
    fi
done
while [ "$running" -gt 0 ]; do
    wait -n
    running=$((running - 1))
done
