#!/bin/sh
# Notes job, attempt and run in "started", and ends when the file "go.JOB" or "go" appears.
# SPDX-License-Identifier: MPL-2.0
echo "$EMS_JOB_ID $EMS_ATTEMPT $EMS_RUN_ID" >> started
echo $$ > pids
echo "half" > "$EMS_RESULTS_DIR/half"
echo ready
while [ ! -e go ] && [ ! -e "go.$EMS_JOB_ID" ]; do sleep 0.02; done
echo done
