#!/bin/sh
# The experiments of the list $1; waits in each for the file "go" or "go.NUMBER".
# SPDX-License-Identifier: MPL-2.0
set -f
total=$(echo "$1" | tr , '\n' | wc -l)
number=0
for name in $(echo "$1" | tr , ' '); do
    number=$((number + 1))
    echo "[PROGRESS] step=experiment_start current=$number total=$total | $name"
    echo "[PROGRESS] experiment=$name step=work current=1 total=2 | $name"
    while [ ! -e go ] && [ ! -e "go.$number" ]; do sleep 0.02; done
    echo "[PROGRESS] experiment=$name step=done current=2 total=2 | $name"
done
mkdir "$EMS_RESULTS_DIR/timed"
