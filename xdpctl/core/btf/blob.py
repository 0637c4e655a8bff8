"""Types as BTF, in the bytes that the kernel takes with a map that is made."""

import struct
from collections.abc import Sequence

from xdpctl.core.btf.types import ANONYMOUS, BtfType

_MAGIC, _VERSION, _HEADER = 0xEB9F, 1, 24
_KINDS = {"INT": 1, "ARRAY": 3, "STRUCT": 4, "TYPEDEF": 8}
_ENCODINGS = {"": 0, "SIGNED": 1, "CHAR": 2, "BOOL": 4}


def blob(types: Sequence[BtfType]) -> bytes:
    """Of types whose ids count from 1 on."""
    strings = _Strings()
    index = len(types) + 1  # the type of arrays' indexes
    counting = BtfType(index, "INT", "u32", 4)
    body = b"".join(_type(type_, strings, index) for type_ in (*types, counting))
    header = struct.pack(
        "=HBBIIIII", _MAGIC, _VERSION, 0, _HEADER, 0, len(body), len(body), len(strings.text)
    )
    return header + body + bytes(strings.text)


class _Strings:
    def __init__(self) -> None:
        self.text = bytearray(1)
        self._known = {"": 0}

    def place(self, name: str) -> int:
        name = "" if name in ANONYMOUS else name
        if name not in self._known:
            self._known[name] = len(self.text)
            self.text += name.encode() + b"\0"
        return self._known[name]


def _type(type_: BtfType, strings: _Strings, index: int) -> bytes:
    info = _KINDS[type_.kind] << 24 | len(type_.members)
    size_or_type = type_.type_id if type_.kind == "TYPEDEF" else type_.size
    begin = struct.pack("=III", strings.place(type_.name), info, size_or_type)
    match type_.kind:
        case "INT":
            return begin + struct.pack("=I", _ENCODINGS[type_.encoding] << 24 | 8 * type_.size)
        case "ARRAY":
            return begin + struct.pack("=III", type_.type_id, index, type_.nr_elems)
    members = (struct.pack("=III", strings.place(m.name), m.type_id, m.bits_offset) for m in type_.members)
    return begin + b"".join(members)
