#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Prints its arguments, environment and working folder as one line of JSON."""
import json
import os
import sys

print(json.dumps({"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}))
