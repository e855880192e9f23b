#!/bin/sh
# From a fresh clone to a finished benchmark: install what is missing, build, start broker and
# worker, run the bundled orchestrator's seven experiments through them, show where the results
# are, stop.
# usage: deploy/quickstart.sh
#
# The state folder is build/quickstart in the clone, whatever EMS_STATE says: an EMS that you use
# is not touched. In the environment, QUICKSTART_STATE changes the folder (a socket's path has 107
# bytes at most), N and ROUNDS the number of cases and of performance rounds.
# SPDX-License-Identifier: MPL-2.0
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$here/build
state=${QUICKSTART_STATE:-$build/quickstart}
ems=$build/bin/ems

say () { printf '\n== %s\n' "$*"; }

say "Packages"
"$here/deploy/install-packages.sh" build

say "Build"
cmake -S "$here" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DEMS_TESTS=OFF >"$here/.quickstart-build.log" 2>&1 &&
    cmake --build "$build" >>"$here/.quickstart-build.log" 2>&1 || {
    cat "$here/.quickstart-build.log" >&2
    exit 1
}
rm -f "$here/.quickstart-build.log"
ls "$build/bin"

say "Start broker and worker"
unset EMS_ENDPOINT EMS_EVENTS
export EMS_STATE="$state"
if "$ems" ping >/dev/null 2>&1; then
    echo "another quickstart runs in $state; let it end, or stop it: EMS_STATE=$state $ems down" >&2
    exit 75
fi
"$ems" up
# Whatever happens from here on, nothing is left running.
trap '"$ems" down --cancel >/dev/null 2>&1 || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

say "Run the seven experiments of lab-orchestrator"
"$ems" run lab --experiments all --n "${N:-1000}" --perf-rounds "${ROUNDS:-5}" --notes quickstart

say "What is on record"
"$ems" ps
"$ems" results

run_folder=$("$ems" --json show last | sed -n 's/.*"results_dir": *"\([^"]*\)".*/\1/p')
say "The results are in $run_folder"
ls "$run_folder"

say "Stop"
trap - EXIT
"$ems" down
cat <<END

To go on by yourself, with a state folder of your own (~/.local/state/ems):

    export PATH="$build/bin:\$PATH"
    ems up
    ems run --help
END
