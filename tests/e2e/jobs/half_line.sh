#!/bin/sh
# Writes a line without its newline and goes on.
# SPDX-License-Identifier: MPL-2.0
printf 'no newline'
exec sleep 600
