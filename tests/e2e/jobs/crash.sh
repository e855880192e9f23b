#!/bin/sh
# Dies of SIGSEGV.
# SPDX-License-Identifier: MPL-2.0
echo "about to crash"
ulimit -c 0
kill -s SEGV $$
