#!/bin/sh
# Prints "step N" whenever the file "step.N" appears, and ends after step 5.
# SPDX-License-Identifier: MPL-2.0
echo $$ > pids
step=1
while [ "$step" -le 5 ]; do
    while [ ! -e "step.$step" ]; do sleep 0.01; done
    echo "step $step"
    step=$((step + 1))
done
mkdir "$EMS_RESULTS_DIR/steps"
