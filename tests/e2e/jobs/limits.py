#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Prints on what terms it runs."""
import os
import resource

print("nice", os.nice(0), "cpus", sorted(os.sched_getaffinity(0)),
      "nofile", resource.getrlimit(resource.RLIMIT_NOFILE)[0],
      "core", resource.getrlimit(resource.RLIMIT_CORE)[0], flush=True)
