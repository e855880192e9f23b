#!/bin/sh
# Notes its job id in "started", works for a moment, ends.
# SPDX-License-Identifier: MPL-2.0
echo "$EMS_JOB_ID" >> started
sleep 0.03
echo done
