#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Writes a numbered line every few milliseconds until the file "enough" appears."""
import os
import time

number = 0
while not os.path.exists("enough"):
    number += 1
    os.write(1, b"tick %d\n" % number)
    time.sleep(0.005)
