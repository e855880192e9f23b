#!/bin/sh
# Install what is missing, build, run every test.
# usage: tests/run.sh [--quick | --lint]
#
# In this order: gcc with AddressSanitizer and UndefinedBehaviorSanitizer: everything; clang with the same:
# unit tests; fuzz targets, a few seconds each; release build: everything.
# --quick: only the first build. --lint: clang-format and clang-tidy over every source file, no tests.
# SPDX-License-Identifier: MPL-2.0
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"
jobs=$(nproc)
mode=${1:-all}
case $mode in
all | --quick | --lint) ;;
*) echo "usage: tests/run.sh [--quick | --lint]" >&2; exit 64 ;;
esac

say () { printf '\n== %s\n' "$*"; }

# configure PRESET, then build PRESET [TARGET]; what they print is shown only if they fail.
quietly () {
    log=$(mktemp)
    "$@" >"$log" 2>&1 || { cat "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
}

sources () { find proto broker worker client deploy tests -name '*.[ch]'; }

say "Packages"
deploy/install-packages.sh test

if [ "$mode" = --lint ]; then
    quietly cmake --preset release
    say "clang-format"
    sources | xargs clang-format --dry-run -Werror
    say "clang-tidy"
    # One file at a time: with several, version 14 reports va_lists that are in order.
    find proto broker worker client deploy -name '*.c' | xargs -P "$jobs" -n 1 clang-tidy -p build --quiet
    exit 0
fi

say "gcc, AddressSanitizer and UndefinedBehaviorSanitizer: every test"
quietly cmake --preset asan
quietly cmake --build --preset asan
ctest --preset asan -j "$jobs" --no-tests=error
[ "$mode" = --quick ] && exit 0

say "clang, AddressSanitizer and UndefinedBehaviorSanitizer: unit tests"
quietly cmake --preset clang
quietly cmake --build --preset clang
ctest --preset clang -j "$jobs" -L unit --no-tests=error

say "Fuzz targets"
quietly cmake --preset fuzz
quietly cmake --build --preset fuzz --target fuzzers
ctest --preset fuzz -j "$jobs" -L fuzz --no-tests=error

say "Release: every test"
quietly cmake --preset release
quietly cmake --build --preset release
ctest --preset release -j "$jobs" --no-tests=error
