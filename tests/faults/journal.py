# SPDX-License-Identifier: MPL-2.0
"""The journal that libpowerlog.so fills, read back: see journal.h."""
import collections
import struct

import msgpack

START = 4096
HEADER = struct.Struct("=IIIIQQQqqQ")
OPS = ("", "create", "write", "truncate", "rename", "unlink", "link", "sync", "sync all", "send",
       "mark")
(CREATE, WRITE, TRUNCATE, RENAME, UNLINK, LINK, SYNC, SYNC_ALL, SEND, MARK) = range(1, len(OPS))
FILE, FOLDER, SYMLINK, SOCKET = range(4)

Entry = collections.namedtuple("Entry", "op pid folder object other a b name data")


def read(path):
    """All entries in their order."""
    entries = []
    with open(path, "rb") as file:
        end = struct.unpack("=Q", file.read(8))[0]
        file.seek(START)
        blob = file.read(max(0, end - START))
    at = 0
    while at < len(blob):
        size, op, pid, name_bytes, folder, inode, other, a, b, data_bytes = HEADER.unpack_from(blob, at)
        name = at + HEADER.size
        data = name + name_bytes
        entries.append(Entry(op, pid, folder, inode, other, a, b, blob[name:data],
                             blob[data:data + data_bytes]))
        at += size
    return entries


Told = collections.namedtuple("Told", "index kind what")  # kind: "reply", "status"


def told(entries):
    """What the worker said to others, in order: replies and status events as maps."""
    said, frames = [], []
    for index, entry in enumerate(entries):
        if entry.op != SEND:
            continue
        frames.append(entry)
        if entry.a:
            continue
        texts = [frame.data for frame in frames]
        # From the first frame on somebody may act on it; it is complete with the last.
        if len(texts) == 3 and texts[0] == b"EMS1":
            said.append(Told(index, "reply", msgpack.unpackb(texts[2])))
        elif texts[0].startswith(b"status/"):
            said.append(Told(index, "status", msgpack.unpackb(texts[1])["job"]))
        frames = []
    return said


def executions(entries):
    """[(index, job, attempt)] of the main processes that ran."""
    found = []
    for index, entry in enumerate(entries):
        if entry.op == MARK and entry.name == b"exec":
            job, attempt = entry.data.decode().split()
            found.append((index, job, int(attempt)))
    return found
