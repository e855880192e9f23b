#!/bin/sh
# Ends while a grandchild in a session of its own still holds the pipe.
# SPDX-License-Identifier: MPL-2.0
setsid sh -c 'echo $$ > pids; exec sleep 600' &
while [ ! -s pids ]; do sleep 0.01; done
echo "the main process ends here"
