# SPDX-License-Identifier: MPL-2.0
"""Messages that nobody should send, for each of the sockets: wrong, mutated, and well-formed lies.

Each is a list of frames. The same seed makes the same messages.
"""
import random

import msgpack

MAGIC = b"EMS1"
REQUEST_ID = "0123456789abcdef0123456789abcdef"
CLAIMS = [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\x81\xa1a\xc6\xff\xff\xff\xff",
          b"\x81\xa1a\xdb\xff\xff\xff\xff", b"\x81\xa1a" * 100 + b"\xc0", b"\x91" * 3000, b"\xc1",
          b"\x84\xa1x\xd4\x01\x00", b"", b"\xc0"]
TYPES = ["run", "cancel", "status", "list", "logs", "results", "profiles", "workers", "ping", "sync",
         "find", "prune", "pause", "files", "file", "nosuch", "", "x" * 300]
ODD = [None, 0, -1, 2**63 - 1, -2**63, 1.5, "", "x" * 70, "../../etc/passwd", "last", b"\0", [], {},
       [[[[[[[[1]]]]]]]], {"a": {"b": {}}}, True, "\x1b[2J", "a\nb", "\u202e"]


class Hostile:
    def __init__(self, seed):
        self.chance = random.Random(seed)

    def noise(self):
        return self.chance.randbytes(self.chance.choice([0, 1, 2, 5, 33, 200, 3000]))

    def odd(self):
        return self.chance.choice(ODD)

    def mutated(self, data):
        data = bytearray(data)
        for _ in range(self.chance.randint(1, 4)):
            at = self.chance.randrange(len(data) + 1)
            how = self.chance.randrange(4)
            if how == 0:
                data[at:at] = self.noise()[:20]
            elif how == 1:
                del data[at:at + self.chance.randint(1, 9)]
            elif how == 2:
                data[at:] = data[at:at + 5] * self.chance.randint(1, 5)
            elif at < len(data):
                data[at] = self.chance.randrange(256)
        return bytes(data)

    def packed(self, value):
        """Now and then broken on the way, or something else altogether."""
        how = self.chance.randrange(8)
        if how == 0:
            return self.chance.choice(CLAIMS)
        data = msgpack.packb(value)
        return self.mutated(data) if how < 4 else data

    def framed(self, frames):
        """Now and then with frames too many, too few, or in another order."""
        how = self.chance.randrange(12)
        if how == 0:
            frames = frames + [self.noise() for _ in range(self.chance.choice([1, 2, 40]))]
        elif how == 1:
            frames = frames[:self.chance.randrange(len(frames)) + 1]
        elif how == 2:
            frames = [self.chance.choice(frames) for _ in frames]
        elif how == 3:
            frames = [self.noise()] + frames[1:]
        elif how == 4:
            frames = [b""] + frames
        return frames

    def body(self):
        keys = ["job_id", "profile", "params", "offset", "max_bytes", "tail_lines", "limit", "before",
                "status", "nonce", "grace_ms", "notes", "labels", "if_busy", "priority", "nosuch"]
        return {key: self.odd() for key in self.chance.sample(keys, self.chance.randrange(5))}

    def request(self):
        """What a client sends. The type `run` names no profile that there is."""
        wish = {"id": REQUEST_ID, "type": self.chance.choice(TYPES), "body": self.body()}
        if self.chance.randrange(3) == 0:
            wish[self.chance.choice(["id", "type", "body", "worker", "not_after_ms", "again"])] = \
                self.odd()
        return self.framed([MAGIC, self.packed(wish)])

    def from_worker(self):
        """What a worker sends."""
        kind = self.chance.choice(["hello", "state", "reply", "bye", "beat", "nosuch"])
        head = {"type": kind, "name": f"rogue-{self.chance.randrange(3)}",
                "profiles": self.chance.choice([[], ["say"], ["x"] * 64, 5]), "state": "idle",
                "queued": 0, "job_id": None, "ref": self.chance.choice([0, 1, -1, 2**40])}
        if self.chance.randrange(2):
            head[self.chance.choice(list(head))] = self.odd()
        frames = [MAGIC, self.packed(head)]
        if kind == "reply":
            frames.append(self.packed({"re": REQUEST_ID, "status": 200, "body": self.body()}))
        return self.framed(frames)

    def to_worker(self):
        """What a broker sends."""
        kind = self.chance.choice(["request", "request", "request", "who", "beat", "welcome",
                                   "nosuch"])
        head = {"type": kind, "ref": self.chance.randrange(100), "user": "root"}
        if self.chance.randrange(3) == 0:
            head[self.chance.choice(list(head))] = self.odd()
        frames = [MAGIC, self.packed(head)]
        return self.framed(frames + self.request()[1:] if kind == "request" else frames)

    def event(self, job_id):
        """What a publisher sends. About the running job it tells nothing that could be true: no
        monitor can know better, as long as everybody is allowed to publish."""
        own = self.chance.randrange(2)
        event = {"worker": "bench-1", "job_id": job_id, "offset": self.chance.randrange(10**6),
                 "line": 1, "count": 1, "seq": 5, "job": {"status": "completed"}, "eof": False}
        if own:
            event |= {"offset": self.chance.choice(["5", -1, 1.5, None, [], {}]), "job": self.odd()}
        job = job_id if own else f"{self.chance.randrange(16**12):012x}"
        topic = f"{self.chance.choice(['log', 'status', 'sync', 'worker', 'x'])}/{job}/".encode()
        frames = [topic, msgpack.packb(event) if own else self.packed(event), self.noise()]
        return frames if own else self.framed(frames)

    def subscription(self):
        """What a monitor sends: topics, and whatever else."""
        prefix = self.chance.choice([b"\0", b"\1", b"\2", b"", b"\1log/", b"\1status/"])
        return self.framed([prefix + self.noise()[:200]])
