"""`key:u32 value:{packets:u64,bytes:u64}`: types told by words, for maps that have no BTF.

They become what BTF would say of C structs with these members, laid out with the alignment and the
padding that C gives them, so that keys and values are read and written as any others.
"""

import re
from typing import NamedTuple, NoReturn

import msgspec

from xdpctl.core.btf.known_types import OF_TIMES, OF_TYPEDEFS, SIZES
from xdpctl.core.btf.types import BtfDump, BtfType, Member
from xdpctl.core.values.numerals import short
from xdpctl.core.wording import did_you_mean, pointed
from xdpctl.errors import BadRequest

INTEGERS = {
    **{f"u{8 * size}": ("", size) for size in (1, 2, 4, 8)},
    **{f"s{8 * size}": ("SIGNED", size) for size in (1, 2, 4, 8)},
    "char": ("", 1),
    "bool": ("BOOL", 1),
}
ALIASES = {
    "be16": "__be16",
    "be32": "__be32",
    "be64": "__be64",
    "ipv4": "ipv4_t",
    "ipv6": "in6_addr",
    "verdict": "xdp_action_t",
    "device": "ifindex_t",
}
NAMING = {"ipv4_t": "__be32"}
"""What says by its name what is in the other."""
TYPEDEFS = {name: SIZES[name][-1] for name in (*OF_TYPEDEFS, *OF_TIMES)} | {"xdp_action_t": 4, "ifindex_t": 4}
STRUCTS = {
    "in6_addr": "parts:u32[4]",
    "mac": "octets:u8[6]",
    "mac_addr": "octets:u8[6] zero:u16",
    "ip_addr": "version:u32 addr:in6_addr",
    "ip_prefix": "prefixlen:u32 ip:ip_addr",
    "flow_kind": "ip_proto:u16 ip_version:u8 has_ports:u8",
    "flow": "src_ip:be32 dst_ip:be32 src_port:be16 dst_port:be16 kind:flow_kind",
    "flow6": "src_ip:ipv6 dst_ip:ipv6 src_port:be16 dst_port:be16 kind:flow_kind",
}
WORDS = (*INTEGERS, *ALIASES, *(name for name in (*TYPEDEFS, *STRUCTS) if name not in ALIASES.values()))
DEEPEST = 16
LARGEST = 1 << 24
"""In bytes."""


class _Placed(NamedTuple):
    """A type, and what C makes of it."""

    id: int
    size: int
    align: int


class _Named(NamedTuple):
    name: str
    type: _Placed
    place: int


def as_types(text: str, complaint: str = "--as") -> tuple[BtfDump, BtfDump]:
    """All types, and those of the key and the value: what bpftool prints of a map that has BTF.

    `complaint` is what a message about the text begins with.
    """
    parser = _Parser(text, [], complaint=complaint)
    found = {named.name: named for named in parser.members()}
    for name, named in found.items():
        if name not in ("key", "value"):
            parser.fail(f"there is no {short(name)}, there are a key and a value", named.place)
    for name in ("key", "value"):
        if name not in found:
            parser.fail(f"the type of the {name} is missing", len(text))
    types = {type_.id: type_ for type_ in parser.types}
    ends = tuple(types[found[name].type.id] for name in ("key", "value"))
    return BtfDump(tuple(parser.types)), BtfDump(ends)


class _Parser:
    def __init__(self, text: str, types: list[BtfType], depth: int = 0, complaint: str = "") -> None:
        self.text = text
        self.types = types
        self.depth = depth
        self.complaint = complaint
        self.place = 0

    def fail(self, message: str, place: int | None = None, *hints: str) -> NoReturn:
        at = self.place if place is None else place
        usual = "write it like 'key:u32 value:{packets:u64,bytes:u64}'"
        raise BadRequest(f"{self.complaint}: {message}", pointed(self.text, at), *(hints or (usual,)))

    def members(self) -> list[_Named]:
        """NAME:TYPE with blanks or commas between, to the end or a closing brace."""
        found: dict[str, _Named] = {}
        self._take(r"[\s,]*")
        while self.place < len(self.text) and self.text[self.place] != "}":
            place = self.place
            name = self._take(r"[A-Za-z_]\w*") or self.fail("here a name is missing")
            if name in found:
                self.fail(f"{short(name)} is there twice", place)
            if not self._take(r"\s*:\s*"):
                self.fail(f"after {short(name)} a colon and a type are missing")
            found[name] = _Named(name, self._type(), place)
            if not self._take(r"[\s,]+") and self.text[self.place : self.place + 1] not in ("", "}"):
                self.fail("here a blank or a comma is missing")
        if not self.depth and self.place < len(self.text):
            self.fail("this brace was never opened")
        return list(found.values())

    def _type(self) -> _Placed:
        place = self.place
        if self._take(r"\{"):
            found = self._braces(place)
        else:
            word = self._take(r"\w+") or self.fail("here a type is missing")
            found = self._of_word(word, place)
        lengths: list[int] = []
        while self._take(r"\["):
            if self.depth + len(lengths) == DEEPEST:
                self.fail(f"arrays and braces go deeper than {DEEPEST}", place)
            lengths.append(self._length())
        for length in reversed(lengths):
            found = self._array(found, length, place)
        return found

    def _length(self) -> int:
        place = self.place
        number = self._take(r"[1-9][0-9]*(?=\])") or self.fail("here a number of elements is missing")
        self._take(r"\]")
        if len(number) > len(str(LARGEST)):
            self.fail("there can't be so many elements", place, f"write a number from 1 to {LARGEST}")
        return int(number)

    def _braces(self, place: int) -> _Placed:
        if self.depth == DEEPEST:
            self.fail(f"arrays and braces go deeper than {DEEPEST}", place)
        self.depth += 1
        members = self.members()
        self.depth -= 1
        if not members:
            self.fail("a struct has at least one member")
        if not self._take(r"\}"):
            self.fail("this brace isn't closed", place)
        return self._struct("(anon)", members, place)

    def _of_word(self, word: str, place: int) -> _Placed:
        name = ALIASES.get(word, word if word in (*INTEGERS, *TYPEDEFS, *STRUCTS) else f"{word}_t")
        if name in INTEGERS:
            encoding, size = INTEGERS[name]
            called = {"u8": "unsigned char"}.get(name, name)
            return self._add(BtfType(id=0, kind="INT", name=called, size=size, encoding=encoding), size, size)
        if name in NAMING:
            inner = self._of_word(NAMING[name], place)
            return self._add(BtfType(0, "TYPEDEF", name, type_id=inner.id), inner.size, inner.align)
        if name in TYPEDEFS:
            size = TYPEDEFS[name]
            base = self._add(BtfType(0, "INT", f"u{8 * size}", size), size, size)
            return self._add(BtfType(0, "TYPEDEF", name, type_id=base.id), size, size)
        if name in STRUCTS:
            return self._struct(name, _Parser(STRUCTS[name], self.types).members(), place)
        return self.fail(f"there is no type {short(word)}", place, *did_you_mean(word, WORDS))

    def _array(self, of: _Placed, length: int, place: int) -> _Placed:
        size = length * of.size
        self._check(size, place)
        return self._add(BtfType(0, "ARRAY", type_id=of.id, nr_elems=length), size, of.align)

    def _struct(self, name: str, named: list[_Named], place: int) -> _Placed:
        members, end, align = [], 0, 1
        for member in named:
            start = _up(end, member.type.align)
            members.append(Member(member.name, member.type.id, 8 * start))
            end, align = start + member.type.size, max(align, member.type.align)
        self._check(end, place)
        size = _up(end, align)
        return self._add(
            BtfType(id=0, kind="STRUCT", name=name, size=size, members=tuple(members)), size, align
        )

    def _check(self, size: int, place: int) -> None:
        if size > LARGEST:
            self.fail(f"this has {size} bytes, at most {LARGEST} will do", place)

    def _add(self, type_: BtfType, size: int, align: int) -> _Placed:
        id_ = len(self.types) + 1
        self.types.append(msgspec.structs.replace(type_, id=id_))
        return _Placed(id_, size, align)

    def _take(self, pattern: str) -> str:
        found = re.compile(pattern).match(self.text, self.place)
        self.place = found.end() if found else self.place
        return found[0] if found else ""


def _up(place: int, align: int) -> int:
    return -(-place // align) * align
