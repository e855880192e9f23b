# SPDX-License-Identifier: MPL-2.0
"""usage: flooder.py ENDPOINT PUBLIC SECRET SERVER SEED BYTES - subscribe to topics of so many bytes, each another
one, without a pause, until killed."""
import random
import sys

import zmq


def main():
    endpoint, public, secret, server, seed, size = sys.argv[1:]
    chance = random.Random(int(seed))
    socket = zmq.Context().socket(zmq.XSUB)
    socket.linger = socket.sndhwm = 0
    socket.curve_publickey, socket.curve_secretkey = public.encode(), secret.encode()
    socket.curve_serverkey = server.encode()
    socket.connect(endpoint)
    while True:
        socket.send(b"\1" + chance.randbytes(4) + b"x" * (int(size) - 4))


if __name__ == "__main__":
    main()
