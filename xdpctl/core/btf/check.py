"""Whether BTF can be what the kernel has checked: no type is in itself, none is larger than what it is in.

Reading and writing rely on that: types are gone through again and again, and members cut out of bytes.
"""

from collections.abc import Iterable

from xdpctl.core.btf.types import ANONYMOUS, MODIFIERS, BtfType, Types
from xdpctl.errors import Explained, UnreadableAnswer

DEEPEST = 64
"""Types in types; the kernel takes 32."""
LARGEST = 1 << 30
"""In bytes."""
_POINTER = 8


class Unsound(Explained):
    """Why no kernel can have taken such types."""

    code = UnreadableAnswer.code


def check(types: Iterable[BtfType]) -> None:
    checking = _Check(tuple(types))
    if 0 in checking.types.types:
        raise Unsound("a type where there is none")
    for type_ in checking.types.types.values():
        checking.size(type_.id, 0)


class _Check:
    def __init__(self, types: tuple[BtfType, ...]) -> None:
        self.types = Types(types)
        self._known: dict[int, tuple[int, int]] = {}
        """Sizes, and how deep types go."""
        self._height = 0
        """Of those parts of a type that have been looked at."""

    def size(self, type_id: int, depth: int) -> int:
        """Of a type whose parts have been checked."""
        type_ = self.types.types.get(type_id)
        if type_ is None:
            return 0
        if type_id not in self._known:
            others, self._height = self._height, 0
            size = self._size(type_, depth + 1) if depth < DEEPEST else 0
            if depth + self._height >= DEEPEST:
                raise Unsound("types in types without an end")
            if size > LARGEST:
                raise Unsound(f"a type of {size} bytes")
            self._known[type_id] = size, self._height + 1
            self._height = others
        size, height = self._known[type_id]
        self._height = max(self._height, height)
        return size

    def _size(self, type_: BtfType, depth: int) -> int:
        if type_.size and type_.type_id:
            raise Unsound(f"{type_.name or 'a type'} has a size of its own and that of another")
        match type_.kind:
            case "INT" | "ENUM" | "ENUM64" | "FLOAT" if not type_.size:
                raise Unsound(f"{type_.name or 'a number'} has no size")
            case "ARRAY":
                return type_.nr_elems * self.size(type_.type_id, depth)
            case "PTR":
                self._pointed_to(type_.type_id, depth)
                return _POINTER
            case "STRUCT" | "UNION" | "DATASEC":
                return self._parts(type_, depth)
        return type_.size or self.size(type_.type_id, depth)

    def _pointed_to(self, type_id: int, depth: int) -> None:
        """What has a name is only named there, and may well hold what points to it."""
        type_ = self.types.types.get(type_id)
        if depth > DEEPEST:
            raise Unsound("pointers to pointers without an end")
        if type_ and type_.kind in (*MODIFIERS, "PTR", "ARRAY"):
            self._pointed_to(type_.type_id, depth + 1)
        elif type_ and type_.kind in ("STRUCT", "UNION") and type_.name in ANONYMOUS:
            self.size(type_id, depth)

    def _parts(self, type_: BtfType, depth: int) -> int:
        for member in type_.members:
            whole = 8 * self.size(member.type_id, depth)
            bits = member.bitfield_size or whole
            if bits > whole or member.bits_offset + bits > 8 * type_.size:
                raise Unsound(f"{member.name or 'a member'} goes beyond its struct")
        for variable in type_.vars:
            if variable.type_id not in self.types.types:
                raise Unsound("a variable without a name")
            size = max(variable.size, self.size(variable.type_id, depth))
            if type_.size and variable.offset + size > type_.size:  # objects on disk don't tell it
                raise Unsound("a variable goes beyond its section")
        return type_.size
