#!/bin/sh
# Leaves half a result and exits with the code in its argument.
# SPDX-License-Identifier: MPL-2.0
echo half > "$EMS_RESULTS_DIR/half"
echo "exiting with $1"
exit "$1"
