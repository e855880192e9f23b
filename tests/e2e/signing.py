# SPDX-License-Identifier: MPL-2.0
"""Signatures under requests, written from proto/PROTOCOL.md, section 11. Needs libsodium."""
import ctypes

import msgpack

SODIUM = ctypes.CDLL("libsodium.so.23")
assert SODIUM.sodium_init() >= 0


class Signer:
    """A pair of keys."""

    def __init__(self, seed):
        self.secret = ctypes.create_string_buffer(64)
        public = ctypes.create_string_buffer(32)
        SODIUM.crypto_sign_seed_keypair(public, self.secret, seed)
        self.public = public.raw.hex()

    def sign(self, request):
        """The same request map with a signature."""
        plain = {key: value for key, value in request.items() if key not in ("sig", "again")}
        data = b"EMS1-sig\0" + msgpack.packb(in_order(plain))
        sig = ctypes.create_string_buffer(64)
        SODIUM.crypto_sign_detached(sig, None, data, ctypes.c_ulonglong(len(data)), self.secret)
        return request | {"sig": sig.raw}


def in_order(value):
    if isinstance(value, dict):
        return {key: in_order(value[key]) for key in sorted(value, key=str.encode)}
    return [in_order(item) for item in value] if isinstance(value, list) else value
