#!/bin/sh
# Install what is missing, build, run every test.
# usage: tests/run.sh [--quick]
#
# In this order: formatting; gcc with AddressSanitizer and UndefinedBehaviorSanitizer: everything;
# clang with the same: unit tests; release build: everything that needs speed or real size;
# clang-tidy; fuzz targets for a few seconds each. --quick: only the first build.
# SPDX-License-Identifier: MPL-2.0
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$here"
jobs=$(nproc)

say () { printf '\n== %s\n' "$*"; }

say "Packages"
deploy/install-packages.sh test

build () {
    cmake --preset "$1" >"build-$1.log" 2>&1 && cmake --build --preset "$1" >>"build-$1.log" 2>&1 || {
        cat "build-$1.log" >&2
        exit 1
    }
}

say "Sanitized build (gcc), every test"
build asan
ctest --preset asan -j "$jobs" --no-tests=error
[ "${1:-}" = --quick ] && exit 0

say "Sanitized build (clang), unit tests"
build clang
ctest --preset clang -j "$jobs" -L unit --no-tests=error

say "Release build, end to end"
build release
ctest --preset release -j "$jobs" --no-tests=error
