#!/usr/bin/python3 -IS
# SPDX-License-Identifier: MPL-2.0
"""Joins a unix socket of one host with one of another over TCP, as `ssh -L /a/sock:/b/sock` does.

usage: forward.py FROM=TO... - each of them unix:PATH or tcp:ADDRESS:PORT; listens on FROM, and for each
connection makes one to TO and passes bytes and ends of file in both directions. Prints "ready".
"""
import asyncio
import os
import sys

CHUNK_BYTES = 65536


async def pass_on(reader, writer):
    """Until the end of file, which is passed on as well."""
    while data := await reader.read(CHUNK_BYTES):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def connect(place):
    kind, _, where = place.partition(":")
    if kind == "unix":
        return await asyncio.open_unix_connection(where)
    address, port = where.rsplit(":", 1)
    return await asyncio.open_connection(address, int(port))


async def join(near, target):
    """One connection to its end; an end that is no end of file is one for both sides."""
    writers = [near[1]]
    try:
        far = await connect(target)
        writers.append(far[1])
        await asyncio.gather(pass_on(near[0], far[1]), pass_on(far[0], near[1]))
    except OSError:
        pass
    finally:
        for writer in writers:
            writer.transport.abort()


async def listen(place, target):
    async def accepted(reader, writer):
        await join((reader, writer), target)

    kind, _, where = place.partition(":")
    if kind == "unix":
        if os.path.exists(where):  # of one that was killed
            os.unlink(where)
        return await asyncio.start_unix_server(accepted, where, backlog=1024)
    address, port = where.rsplit(":", 1)
    return await asyncio.start_server(accepted, address, int(port), backlog=1024)


async def main():
    servers = [await listen(*pair.split("=")) for pair in sys.argv[1:]]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


asyncio.run(main())
