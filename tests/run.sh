#!/bin/sh
# Install what is missing, build, run every test.
# usage: tests/run.sh [--quick | --faults | --lint | --coverage]
#
# Without an option, in this order: gcc with AddressSanitizer and UndefinedBehaviorSanitizer: everything; clang
# with the same: unit tests; fuzz targets, a few seconds each; release build: everything, and the simulation.
# --quick: only the first build. --faults: the suites that inflict faults for long or need the machine for
# themselves (tests/README.md). --lint: clang-format and clang-tidy over every source file, no tests.
# --coverage: the branches that the unit tests reach.
# SPDX-License-Identifier: MPL-2.0
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"
jobs=$(nproc)
mode=${1:-all}
case $mode in
all | --quick | --faults | --lint | --coverage) ;;
*) echo "usage: tests/run.sh [--quick | --faults | --lint | --coverage]" >&2; exit 64 ;;
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
    quietly cmake --preset "$1"
    quietly cmake --build --preset "$1" ${2:+--target "$2"}
}

# check PRESET CTEST-ARGUMENTS: the tests, then the one line in which each suite says what it did.
check () {
    folder=$1
    preset=$2
    shift 2
    rc=0
    ctest --preset "$preset" -j "$jobs" --no-tests=error "$@" || rc=$?
    grep -hE '^(sim|planted|model|judge|crash|net|torture|hostile|power|syscalls|full disk|fuzz [a-z]+|soak): ' \
        "$folder/Testing/Temporary/LastTest.log" || true
    return $rc
}

sources () { find proto broker worker client deploy tests -name '*.[ch]'; }

lint () {
    build release
    say "clang-format"
    sources | xargs clang-format --dry-run -Werror
    say "clang-tidy"
    # One file at a time: with several, version 14 reports va_lists that are in order.
    find proto broker worker client deploy -name '*.c' | xargs -P "$jobs" -n 1 clang-tidy -p build --quiet
}

say "Packages"
deploy/install-packages.sh test

case $mode in
--lint) lint; exit 0 ;;
--coverage) exec tests/coverage.py ;;
esac

if [ "$mode" = --faults ]; then
    say "Release: loss of power, failing calls, model"
    build release
    check build release -L 'power|syscalls|model'
    say "gcc, AddressSanitizer and UndefinedBehaviorSanitizer: crashes, torture, hostile messages, network"
    build asan
    check build-asan asan -L 'crash|torture|hostile|net'
    exit 0
fi

say "gcc, AddressSanitizer and UndefinedBehaviorSanitizer: every test"
build asan
check build-asan asan -LE 'sim|soak|crash|torture|hostile|net|model'
[ "$mode" = --quick ] && exit 0

say "clang, AddressSanitizer and UndefinedBehaviorSanitizer: unit tests"
build clang
check build-clang clang -L unit

say "Fuzz targets"
build fuzz fuzzers
check build-fuzz fuzz -L fuzz

say "Release: every test, and the simulation"
build release
check build release -L 'unit|e2e|judge|sim' -LE 'torture|hostile'
