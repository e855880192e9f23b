#!/bin/sh
# Install the Debian or Ubuntu packages that EMS needs, when they are missing.
# usage: install-packages.sh build|test
#
# build: what compiling and running needs; test: that and what the tests need.
# SPDX-License-Identifier: MPL-2.0
set -eu

build="gcc cmake ninja-build pkg-config libc6-dev libzmq3-dev libczmq-dev libcjson-dev liberfa-dev libnova-dev libcurl4-gnutls-dev libsodium-dev libsmartcols-dev libncurses-dev scdoc ca-certificates"
test="clang clang-format clang-tidy libclang-rt-dev libcmocka-dev python3 python3-pytest python3-zmq python3-msgpack git procps tmux iproute2 util-linux valgrind spin openssl zsh fish mandoc nodejs npm"

installed () {
    dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'
}

# msgpack-c is called libmsgpack-dev in Debian 12 and libmsgpack-c-dev in newer ones;
# clang's runtimes carry clang's version in their name.
resolve () {
    case $1 in
    libclang-rt-dev)
        version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9]*\)$/\1/p' | head -n 1)
        echo "libclang-rt-${version:-14}-dev" ;;
    npm) command -v npm >/dev/null || echo npm ;; # some packages of nodejs bring it
    *) echo "$1" ;;
    esac
}

case ${1:-} in
build) wanted=$build ;;
test) wanted="$build $test" ;;
*) echo "usage: $0 build|test" >&2; exit 64 ;;
esac

find_missing () {
    missing=""
    for package in $wanted; do
        package=$(resolve "$package")
        [ -z "$package" ] || installed "$package" || missing="$missing $package"
    done
    installed libmsgpack-dev || installed libmsgpack-c-dev || missing="$missing msgpack"
}

find_missing
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -eq 0 ]; then sudo=""; else sudo="sudo"; fi
echo "Installing what is missing:$missing"
$sudo apt-get update -qq
find_missing # names that depend on the package lists are known only now
if apt-cache show libmsgpack-c-dev >/dev/null 2>&1; then msgpack=libmsgpack-c-dev; else msgpack=libmsgpack-dev; fi
missing=$(echo "$missing" | sed "s/ msgpack\$/ $msgpack/")
# shellcheck disable=SC2086 # a list of names
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
