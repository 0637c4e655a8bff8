"""SEC("?xdp"): libbpf leaves programs of such sections out, unless it is asked for them, which bpftool can't.

A copy of the object has the section without the question mark. Debug information, by which types are found
too, speaks of sections by name: it follows. Where another section bears that name, the two change names.
"""

import struct
from collections.abc import Iterable, Iterator

from msgspec import Struct

from xdpctl.core.objects.map_definitions import Patch

MARK = "?"
_INFOS = 3
"""In .BTF.ext: functions, lines, and types that are found when the program is loaded."""


class SectionName(Struct, frozen=True):
    """A place in a file that names a section."""

    name: str
    at: int
    string: int
    """What stands there: where in the strings the name is."""


def enabling(tables: Iterable[list[SectionName]], section: str, order: str) -> Iterator[Patch]:
    """What is otherwise in a copy where libbpf loads this section; each table has strings of its own."""
    for table in tables:
        marked = {one.string for one in table if one.name == section}
        for one in table:
            if one.name == section:
                yield Patch(one.at, struct.pack(order + "I", one.string + len(MARK)))
            elif marked and MARK + one.name == section:
                yield Patch(one.at, struct.pack(order + "I", min(marked)))


def in_debug_information(ext: bytes, order: str) -> Iterator[tuple[int, int]]:
    """Where .BTF.ext names sections, and where in the strings of .BTF the name is."""
    header = struct.unpack_from(order + "I", ext, 4)[0]
    for i in range(min(_INFOS, (header - 8) // 8)):
        offset, size = struct.unpack_from(order + "II", ext, 8 + 8 * i)
        at, end = header + offset + 4, header + offset + size
        while at < end:
            string, count = struct.unpack_from(order + "II", ext, at)
            yield at, string
            at += 8 + count * struct.unpack_from(order + "I", ext, header + offset)[0]
