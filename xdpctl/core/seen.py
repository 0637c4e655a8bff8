"""Keys that were there before: a reader that finds its last key gone begins again, and meets old ones."""

import struct

from xdpctl.core.chunk import Chunk

BUCKETS = 1 << 16


class Seen:
    """Remembers a million keys of any size in 20 MB, each as the 8 bytes of its hash."""

    def __init__(self) -> None:
        self._buckets = [b""] * BUCKETS

    def only_new(self, chunk: Chunk) -> Chunk:
        """The elements that no chunk before had."""
        new = self._places_of_new(chunk)
        if len(new) == len(chunk):
            return chunk
        keys, values = chunk.key_size, chunk.stride * chunk.cpus
        return Chunk(
            b"".join(chunk.keys[i * keys : (i + 1) * keys] for i in new),
            b"".join(chunk.values[i * values : (i + 1) * values] for i in new),
            chunk.key_size,
            chunk.stride,
            chunk.cpus,
        )

    def _places_of_new(self, chunk: Chunk) -> list[int]:
        """In one loop, since it is gone through for each element."""
        buckets, new = self._buckets, []
        hashes = [hash(key) for (key,) in struct.iter_unpack(f"{chunk.key_size}s", chunk.keys)]
        signs = struct.pack(f"{len(hashes)}q", *hashes)
        for place, (mark, sign) in enumerate(zip(hashes, struct.iter_unpack("8s", signs), strict=True)):
            known = buckets[mark % BUCKETS]
            if sign[0] not in known:
                buckets[mark % BUCKETS] = known + sign[0]
                new.append(place)
        return new
