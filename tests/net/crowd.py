# SPDX-License-Identifier: MPL-2.0
"""Many clients at once, each with a connection of its own that comes back by itself."""
import secrets
import time

import msgpack
import zmq
from ems1 import MAGIC, Client

AGAIN_S = 2


class Crowd:
    """Connected, and answered once, when it has been made."""

    def __init__(self, place, size):
        self.context = zmq.Context(io_threads=1)
        self.context.set(zmq.MAX_SOCKETS, size + 16)
        self.poller, self.sockets = zmq.Poller(), []
        for _ in range(size):
            socket = self.context.socket(zmq.DEALER)
            socket.reconnect_ivl, socket.reconnect_ivl_max = 100, 2000
            socket.connect(place.endpoint("clients"))
            self.sockets.append(socket)
            self.poller.register(socket, zmq.POLLIN)
        missing = self.answered(30)
        assert not missing, f"{missing} clients could not connect in the first place"

    def answered(self, deadline_s):
        """Everybody asks until it is answered; how many were not in time."""
        waiting = {socket: secrets.token_hex(16) for socket in self.sockets}
        until, again = time.monotonic() + deadline_s, 0
        while waiting and time.monotonic() < until:
            if time.monotonic() >= again:
                again = time.monotonic() + AGAIN_S
                for socket, id in waiting.items():
                    self.ask(socket, id)
            for socket, _ in self.poller.poll(100):
                reply = Client.unpack(socket.recv_multipart())
                if reply.get("re") == waiting.get(socket):
                    waiting.pop(socket)
        return len(waiting)

    @staticmethod
    def ask(socket, id):
        try:
            socket.send_multipart([MAGIC, msgpack.packb({"id": id, "type": "ping", "body": {}})],
                                  zmq.DONTWAIT)
        except zmq.Again:
            pass

    def close(self):
        for socket in self.sockets:
            socket.close(linger=0)
        self.context.term()
