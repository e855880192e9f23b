#!/bin/sh
# Says something, leaves a result, exits 0.
# SPDX-License-Identifier: MPL-2.0
echo "hello from $EMS_RUN_ID"
mkdir "$EMS_RESULTS_DIR/say"
echo done > "$EMS_RESULTS_DIR/say/summary.md"
