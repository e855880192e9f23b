#!/bin/sh
# Reports three experiments, waiting in the second until the file "go" appears.
# SPDX-License-Identifier: MPL-2.0
echo "[PROGRESS] step=experiment_start current=1 total=3 | Experiment 1/3: first"
echo "[PROGRESS] experiment=first step=start current=0 total=2 | Starting"
echo "[PROGRESS] step=experiment_start current=2 total=3 | Experiment 2/3: second"
echo "[PROGRESS] experiment=second step=generate_inputs current=1 total=2 | Generating inputs..."
while [ ! -e go ]; do sleep 0.02; done
echo "[PROGRESS] step=experiment_start current=3 total=3 | Experiment 3/3: third"
