#!/bin/sh
# Three experiments, each kept in the results under its name when it is done. Goes on after the last
# one that is there, if it may; waits in each for the file "go" or "go.NUMBER".
# SPDX-License-Identifier: MPL-2.0
echo "$EMS_JOB_ID $EMS_ATTEMPT ${EMS_RESUME:-0} $EMS_RUN_ID" >> started
for number in 1 2 3; do
    if [ "$EMS_RESUME" = 1 ] && [ -d "$EMS_RESULTS_DIR/$number" ]; then
        echo "kept $number"
        continue
    fi
    echo "[PROGRESS] step=experiment_start current=$number total=3 | $number"
    while [ ! -e go ] && [ ! -e "go.$number" ]; do sleep 0.02; done
    mkdir "$EMS_RESULTS_DIR/.$number"
    echo "$EMS_JOB_ID" > "$EMS_RESULTS_DIR/.$number/by"
    mv "$EMS_RESULTS_DIR/.$number" "$EMS_RESULTS_DIR/$number"
    echo "did $number"
done
