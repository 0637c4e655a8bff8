"""The members of a struct or a union, each written by itself, put together."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from xdpctl.core.btf.columns import Padding
from xdpctl.core.encode.numbers import native
from xdpctl.core.encode.paths import gathered
from xdpctl.core.encode.text import CannotEncode, Input, as_bytes, at, members, shown, split_head, unknown
from xdpctl.core.values.formats import hexadecimal, unsigned

Writer = Callable[[Input, bytes | None], bytes]
"""What is said, and the bytes that were there before: a member that isn't spoken of keeps its own."""

FEW = 6
"""Of more members not all are named."""


class Part(Struct, frozen=True, eq=False):
    """A member: where it stands, and how to write it."""

    name: str
    names: tuple[str, ...]
    """By which it is spoken of: those of its members, if it has none itself."""
    shift: int
    width: int
    solid: int
    """Its bits that aren't padding."""
    write: Writer
    is_said: bool = True
    """Whether people say what it is."""


def of_the_kernel(name: str, type_name: str) -> Part:
    def refuse(_said: Input, _old: bytes | None) -> bytes:
        raise CannotEncode(f"is a {type_name}, which only the kernel writes", "leave it out")

    return Part(name=name, names=(name,), shift=0, width=0, solid=0, write=refuse, is_said=False)


def of_padding(padding: Padding) -> Part:
    """The bits that no member has, which nobody has to say."""
    size, bits = len(padding.mask), unsigned(padding.mask)

    def write(said: Input, _old: bytes | None) -> bytes:
        data = as_bytes(said, size)
        if padding.of(data) != data:
            raise CannotEncode(
                f"can't be {shown(said)}: members have some of these bits",
                f"the bits of the padding are {hexadecimal(padding.mask)}",
            )
        return data

    return Part(
        name=padding.name,
        names=(padding.name,),
        shift=0,
        width=8 * size,
        solid=bits,
        write=write,
        is_said=False,
    )


def writer(parts: Sequence[Part], size: int, is_union: bool) -> Writer:
    owners = {name: part for part in parts for name in part.names}
    said_in_order = tuple(name for name, part in owners.items() if part.is_said)
    together = _shared if is_union else _all

    def write(said: Input, old: bytes | None) -> bytes:
        given = _given(members(said, said_in_order), owners)
        was = None if old is None else unsigned(old)
        written = {part: _written(part, words, was) for part, words in given.items()}
        return native(together(parts, written, was), size)

    return write


def _given(said: Mapping[str, Input], owners: Mapping[str, Part]) -> dict[Part, Input]:
    """What is said of each part: `a.b` and `a[1]` are said of `a`."""

    def cut(name: str) -> tuple[Part, str]:
        outer, rest = (name, "") if name in owners else split_head(name)
        if outer not in owners:
            raise unknown(outer, [known for known, part in owners.items() if part.is_said])
        part = owners[outer]
        return part, rest if part.name else name

    return gathered(said, cut)


def _written(part: Part, said: Input, was: int | None) -> int:
    ones = (1 << part.width) - 1
    old = None if was is None else native(was >> part.shift & ones, (part.width + 7) // 8)
    path = f".{part.name}" if part.name else ""
    return unsigned(at(path, lambda: part.write(said, old))) & ones


def _all(parts: Sequence[Part], written: Mapping[Part, int], was: int | None) -> int:
    """A struct's bytes; what isn't given stays as it was."""
    missing = [part for part in parts if part.is_said and part not in written]
    if missing and was is None:
        raise CannotEncode(
            f"lacks {_names(missing)}", "give every member, as NAME=VALUE or all in their order"
        )
    value = 0
    for part in parts:
        bits = written.get(part)
        value |= ((was or 0) >> part.shift & part.solid if bits is None else bits) << part.shift
    return value


def _shared(parts: Sequence[Part], written: Mapping[Part, int], _was: int | None) -> int:
    """A union's bytes; members that share them and are given together have to agree."""
    if not written:
        raise CannotEncode("is a union, of which one member is needed", f"its members: {_names(parts)}")
    value = known = 0
    for part, bits in written.items():
        if (value ^ bits << part.shift) & part.solid << part.shift & known:
            differing = _names(list(written))
            raise CannotEncode(
                f"has members that share bytes and say different things: {differing}", "give one of them"
            )
        value, known = value | bits << part.shift, known | part.solid << part.shift
    return value


def _names(parts: Sequence[Part]) -> str:
    names = [part.name or "/".join(part.names) for part in parts]
    more = f" and {len(names) - FEW} more" if len(names) > FEW + 1 else ""
    return ", ".join(names[:FEW] if more else names) + more
