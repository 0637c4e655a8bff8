"""Some elements of a map, as their bytes; and the text of `bpftool -j map dump` as such chunks."""

import re
from collections.abc import Iterable, Iterator

from msgspec import Raw, Struct

from xdpctl.core.machine import answers
from xdpctl.errors import Refused

START = b'{"key":['
ELEMENT = START + b'"0x'
"""Keys that are lists stand so in what bpftool makes of them too, but not with bytes."""
BYTE = len('"0x00",')
"""How much text a byte is."""
_DIGITS = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_MISSING = b"No such file or directory"


class Element(Struct, frozen=True):
    key: bytes
    values: tuple[bytes, ...] = ()
    """One, or one for each CPU; none where it is to be deleted."""

    @property
    def same_on_all(self) -> bool:
        """bpftool gives all CPUs the same value."""
        return len(set(self.values)) < 2


class Chunk(Struct, frozen=True):
    keys: bytes
    """One key after the other."""
    values: bytes
    """One value after the other, or those of all CPUs; empty where there is none."""
    key_size: int
    stride: int
    """From one value to the next."""
    cpus: int = 1

    def __len__(self) -> int:
        return len(self.keys) // self.key_size

    def each_key(self) -> Iterator[bytes]:
        size = self.key_size
        return (self.keys[place : place + size] for place in range(0, len(self.keys), size))

    def elements(self, value_size: int) -> Iterator[Element]:
        """None, where no element has a value any more."""
        starts = range(0, len(self.values), self.stride)
        values = [self.values[start : start + value_size] for start in starts]
        for place, key in enumerate(self.each_key() if values else ()):
            yield Element(key, tuple(values[place * self.cpus : (place + 1) * self.cpus]))


class Untold(Refused):
    """The kernel has a value, and doesn't give it away."""


def slot(size: int) -> int:
    """How far apart the kernel gives the values of all CPUs: as multiples of 8 bytes."""
    return -(-size // 8) * 8


class Shape(Struct, frozen=True):
    """How many bytes there are to keys and values."""

    key_size: int
    value_size: int
    per_cpu: bool
    keys_alone: bool = False
    """Where the kernel keeps values to itself, keys will do."""


def chunks(pieces: Iterable[bytes], shape: Shape) -> Iterator[Chunk]:
    """The elements of a list in JSON, a text that comes in pieces; what is cut off is no list."""
    text = b""
    for piece in pieces:
        text += piece
        end = text.rfind(ELEMENT)
        if end > 1:
            yield from _read(text[: end - 1] + b"]", shape)
            text = b"[" + text[end:]
    yield from _read(text, shape)


def _read(text: bytes, shape: Shape) -> Iterator[Chunk]:
    """All that is JSON, and has as many elements as are found: so none is passed over."""
    count = len(answers.decoded(text, list[Raw], "bpftool"))
    if not count:
        return
    cpus = _cpus(text) if shape.per_cpu else 1
    found = re.findall(_element(shape, cpus), text)
    if len(found) == count:
        yield _chunk(found, shape, cpus)
    else:
        yield from _with_gaps(text, shape, cpus, count)


def _cpus(text: bytes) -> int:
    """How many values the first element has; what bpftool makes of them comes after."""
    first = text.partition(b'"values":[')[2].split(ELEMENT, 1)[0]
    return first.split(b'"formatted":', 1)[0].count(b'{"cpu":')


def _with_gaps(text: bytes, shape: Shape, cpus: int, count: int) -> Iterator[Chunk]:
    """Some elements have no value: places of a devmap, and what has just gone."""
    gap = re.escape(START) + _bytes(shape.key_size) + rb'\],"value":\{"error":"([^"]*)"'
    pattern = re.compile(_element(shape, cpus) + b"|" + gap)
    found = list(pattern.finditer(text))
    if len(found) != count:
        raise answers.unreadable("bpftool", "no elements with keys and values of the sizes of this map")
    for match in found:
        *given, lacking, why = match.groups()
        if lacking is None:
            yield _chunk([tuple(given)], shape, cpus)
        elif why == _MISSING or shape.keys_alone:
            yield _of(_from_hex([lacking]), b"", shape, cpus)
        else:
            raise Untold(why.decode(errors="backslashreplace"))


def _element(shape: Shape, cpus: int) -> bytes:
    """A pattern with a group for the key and one for each value."""
    value = rb"\[" + _bytes(shape.value_size) + rb"\]"
    start = re.escape(START) + _bytes(shape.key_size) + rb"\],"
    if not shape.per_cpu:
        return start + b'"value":' + value
    if not cpus:
        return b"(?!)"
    return start + rb'"values":\[' + b",".join(rb'\{"cpu":\d+,"value":' + value + rb"\}" for _ in range(cpus))


def _bytes(size: int) -> bytes:
    return b"(.{%d})" % (size * BYTE - 1)


def _chunk(found: list[tuple[bytes, ...]], shape: Shape, cpus: int) -> Chunk:
    keys = _from_hex([key for key, *_ in found])
    values = _from_hex([value for _, *values in found for value in values])
    return _of(keys, values, shape, cpus)


def _of(keys: bytes, values: bytes, shape: Shape, cpus: int) -> Chunk:
    return Chunk(keys=keys, values=values, key_size=shape.key_size, stride=shape.value_size, cpus=cpus)


def _from_hex(texts: list[bytes]) -> bytes:
    """The bytes that such texts tell: `"0x0a","0x00"`."""
    joined = b",".join(texts) + b","
    count = len(joined) // BYTE
    if joined.translate(_DIGITS) != b'"0x00",' * count:
        raise answers.unreadable("bpftool", "bytes that are none")
    digits = bytearray(2 * count)
    digits[0::2], digits[1::2] = joined[3::BYTE], joined[4::BYTE]
    return bytes.fromhex(digits.decode())
