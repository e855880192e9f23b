#!/bin/sh
# Install what is missing, build, run every test.
# usage: tests/run.sh [--quick | --long [HOURS] | --lint | --coverage]
#
# Without an option, in this order:
#   gcc with AddressSanitizer and UndefinedBehaviorSanitizer: unit tests, end to end, crashes, network
#   clang with the same, gcc with ThreadSanitizer: unit tests
#   clang with libFuzzer: the fuzz targets, 30 s each
#   release: unit tests under valgrind, memory, model, simulation, loss of power, failing calls, torture
# --quick: only the first build, without crashes and network. --long: all of the above, then the same suites as
# big as they should be once (it takes days), and a soak of 10 minutes, or of HOURS. --lint: clang-format and
# clang-tidy over every source file, no tests. --coverage: the branches that the unit tests reach.
# SPDX-License-Identifier: MPL-2.0
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"
cores=$(nproc)
python=/usr/bin/python3
mode=${1:-all}
minutes=10

usage () {
    echo "usage: tests/run.sh [--quick | --long [HOURS] | --lint | --coverage]" >&2
    exit 64
}

case "$mode $#" in
"all 0" | "--quick 1" | "--long 1" | "--lint 1" | "--coverage 1") ;;
"--long 2")
    case $2 in
    '' | *[!0-9]*) usage ;;
    esac
    minutes=$(($2 * 60))
    ;;
*) usage ;;
esac

say () { printf '\n== %s\n' "$*"; }

# What a command prints is shown only if it fails.
quietly () {
    log=$(mktemp)
    "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

# build PRESET [TARGET]
build () {
    quietly cmake --preset "$1" -DEMS_PLANT=
    quietly ${nice:-} cmake --build --preset "$1" ${2:+--target "$2"}
}

# While tests wait: what the later stages need.
build_ahead () {
    nice="nice -n 19"
    build clang
    build tsan unit_tests
    build fuzz fuzzers
    build release
}

# check FOLDER PRESET TESTS-AT-A-TIME CTEST-ARGUMENTS: the tests, then the one line in which each suite says what
# it did, and one for each planted bug.
check () {
    folder=$1
    preset=$2
    at_a_time=$3
    shift 3
    rc=0
    ctest --preset "$preset" -j "$at_a_time" --no-tests=error "$@" || rc=$?
    $python -B tests/summary.py "$folder" || rc=1
    return $rc
}

sources () { find proto broker worker client deploy tests -name '*.[ch]'; }

lint () {
    build release
    say "clang-format"
    sources | xargs clang-format --dry-run -Werror
    say "clang-tidy"
    # One file at a time: with several, version 14 reports va_lists that are in order.
    find proto broker worker client deploy -name '*.c' | xargs -P "$cores" -n 1 clang-tidy -p build --quiet
}

everything () {
    say "gcc, AddressSanitizer and UndefinedBehaviorSanitizer: unit tests, end to end, crashes, network"
    build asan
    build_ahead &
    ahead=$!
    # Most of them wait more than they compute.
    rc=0
    check build-asan asan $((2 * cores)) -LE 'sim|soak|torture|model' || rc=$?
    wait "$ahead" || rc=$?
    [ "$rc" -eq 0 ]

    say "clang, AddressSanitizer and UndefinedBehaviorSanitizer: unit tests"
    build clang
    check build-clang clang "$cores" -L unit

    say "gcc, ThreadSanitizer: unit tests"
    build tsan unit_tests
    check build-tsan tsan "$cores" -L unit

    say "Fuzz targets"
    build fuzz fuzzers
    check build-fuzz fuzz $((4 * cores)) -L fuzz

    say "Release: valgrind, size, model, simulation, loss of power, failing calls, torture"
    build release
    check build release $((cores + 1)) -L 'valgrind|size|model|sim|power|syscalls|soak|torture'
}

# Each of these can be repeated alone; tests/README.md says how.
as_big_as_they_should_be () {
    export EMS_BIN_DIR="$here/build/bin" PYTHONDONTWRITEBYTECODE=1
    say "Release: unit tests and end to end"
    check build release "$cores" -L 'unit|e2e|judge' -LE 'torture|hostile'
    say "A hundred times the simulation, every failing call, all losses of power"
    $python tests/sim/sim.py --bin build/bin/ems-sim --seeds 1..1000000
    $python tests/faults/power.py --bin build/bin --helpers build/tests/faults --long
    $python tests/faults/syscalls.py --bin build/bin --helpers build/tests/faults --long
    $python tests/faults/full_disk.py --bin build/bin --long
    say "5 000 crashes, 200 failures of the network, a million wrong messages"
    $python tests/e2e/rounds.py --rounds 5000
    $python tests/net/net.py --rounds 200
    EMS_FLOOD=1000000 $python -m pytest -q tests/e2e/test_hostile_flood.py
    say "Fuzz targets, an hour each"
    find build-fuzz/fuzz -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x |
        xargs -P "$cores" -n 1 $python tests/fuzz/run_fuzz.py --seconds 3600
    say "Soak"
    $python tests/soak/soak.py --minutes "$minutes"
}

say "Packages"
deploy/install-packages.sh test

case $mode in
--lint) lint ;;
--coverage) exec tests/coverage.py ;;
--quick)
    build asan
    check build-asan asan "$cores" -L 'unit|e2e|judge' -LE 'torture|hostile'
    ;;
all) everything ;;
--long)
    everything
    as_big_as_they_should_be
    ;;
esac
