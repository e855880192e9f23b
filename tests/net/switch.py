#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""The wire between hosts: an Ethernet switch that loses, delays, reorders and doubles frames on request.

usage: switch.py SEED INTERFACE... - makes these TAP interfaces, which the caller moves into the hosts, and
prints "ready". The n-th host's address ends in n (from 1). Each line on standard input is a JSON map:
{"rules": [{"from": [hosts], "to": [hosts], "loss": 0..1, "delay_ms": N, "jitter_ms": N, "twice": 0..1}, ...]}
replaces all rules (hosts are numbers; a frame is subject to each rule that fits; jitter reorders);
{"forget": host} loses all frames of the TCP connections that the host had so far.

`tc netem` does the same where the kernel has it; many do not, and it cannot be seeded.
"""
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
FRAME_BYTES = 65536
SYN, ACK = 2, 16
MOST_UNDER_WAY = 20000


def make_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


def tcp_flow(frame):
    """The two ends of its connection, address and port each, and its flags; None if it is not TCP."""
    if frame[12:14] != b"\x08\x00" or frame[23] != 6:
        return None, 0
    tcp = 14 + 4 * (frame[14] & 15)
    ends = (frame[26:30] + frame[tcp:tcp + 2], frame[30:34] + frame[tcp + 2:tcp + 4])
    return frozenset(ends), frame[tcp + 13]


class Switch:
    def __init__(self, seed, names):
        self.chance = random.Random(seed)
        self.ports = {number: make_tap(name) for number, name in enumerate(names, 1)}
        self.rules = []
        self.flows, self.dead = set(), set()  # TCP connections: those seen, those that are lost
        self.typed = b""  # of an unfinished line
        self.under_way, self.order = [], itertools.count()  # (due, number, port, frame)

    def run(self):
        poll = select.poll()
        numbers = {fd: number for number, fd in self.ports.items()}
        for fd in (*numbers, 0):
            poll.register(fd, select.POLLIN)
        while True:
            wait_ms = None
            if self.under_way:
                wait_ms = max(0, (self.under_way[0][0] - time.monotonic()) * 1000)
            for fd, _ in poll.poll(wait_ms):
                if fd:
                    self.take(fd, numbers[fd])
                elif not self.obey():
                    return
            self.deliver()

    def obey(self):
        """False when the caller is gone."""
        data = os.read(0, 65536)
        *lines, self.typed = (self.typed + data).split(b"\n")
        for command in map(json.loads, lines):
            self.rules = command.get("rules", self.rules)
            if "forget" in command:
                self.dead |= {flow for flow in self.flows
                              if any(end[3] == command["forget"] for end in flow)}
        return bool(data)

    def take(self, fd, number):
        """All frames that a host has sent."""
        while True:
            try:
                frame = os.read(fd, FRAME_BYTES)
            except OSError:  # none, or the interface is down
                return
            if self.is_lost(frame):
                continue
            group = frame[0] & 1
            for port in [n for n in self.ports if n != number] if group else [frame[5]]:
                if port in self.ports:
                    self.send(number, port, frame)

    def is_lost(self, frame):
        """Does it belong to a connection that was forgotten? One between the same ports is new."""
        flow, flags = tcp_flow(frame)
        if flow:
            self.flows.add(flow)
            if flags & (SYN | ACK) == SYN:
                self.dead.discard(flow)
        return flow in self.dead

    def send(self, source, target, frame):
        delay_ms, copies = 0, 1
        for rule in self.rules:
            if source not in rule["from"] or target not in rule["to"]:
                continue
            if self.chance.random() < rule.get("loss", 0):
                return
            delay_ms += rule.get("delay_ms", 0) + self.chance.random() * rule.get("jitter_ms", 0)
            copies += self.chance.random() < rule.get("twice", 0)
        for _ in range(copies):
            if len(self.under_way) < MOST_UNDER_WAY:
                heapq.heappush(self.under_way, (time.monotonic() + delay_ms / 1000,
                                                next(self.order), target, frame))

    def deliver(self):
        while self.under_way and self.under_way[0][0] <= time.monotonic():
            _, _, target, frame = heapq.heappop(self.under_way)
            try:
                os.write(self.ports[target], frame)
            except OSError:  # the interface is down, or its queue full: a wire does not mind
                pass


if __name__ == "__main__":
    switch = Switch(sys.argv[1], sys.argv[2:])
    print("ready", flush=True)
    switch.run()
