"""Keys that were there before: a reader that finds its last key gone begins again, and meets old ones."""

import struct

from xdpctl.core.chunk import Chunk

BUCKETS = 1 << 16


class Seen:
    """Remembers a million keys of any size in 20 MB, as 8 bytes each of what Python hashes them to."""

    def __init__(self) -> None:
        self._buckets = [b""] * BUCKETS

    def only_new(self, chunk: Chunk) -> Chunk:
        """The elements that no chunk before had."""
        keys = [key for (key,) in struct.iter_unpack(f"{chunk.key_size}s", chunk.keys)]
        new = list(map(self._is_new, keys))
        if all(new):
            return chunk
        size = chunk.stride * chunk.cpus
        places = [place for place, is_new in enumerate(new) if is_new]
        return Chunk(
            b"".join(keys[i] for i in places),
            b"".join(chunk.values[i * size : (i + 1) * size] for i in places),
            chunk.key_size,
            chunk.stride,
            chunk.cpus,
        )

    def _is_new(self, key: bytes) -> bool:
        mark = hash(key)
        bucket, sign = mark % BUCKETS, mark.to_bytes(8, "little", signed=True)
        known = self._buckets[bucket]
        if sign in known:
            return False
        self._buckets[bucket] = known + sign
        return True
