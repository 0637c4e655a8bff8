"""Maps as they are named, with what reads and writes their elements."""

from collections.abc import Iterator

from msgspec import Struct

from xdpctl.core.machine.model import Map
from xdpctl.core.machine.reach import Reach
from xdpctl.core.maps import refusals
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.codec import Codec, longest_prefix
from xdpctl.core.maps.decode import layout_of, notation
from xdpctl.errors import NoSuchKey, XdpctlError
from xdpctl.tools import host
from xdpctl.tools.maps import content, elements, types
from xdpctl.tools.maps.devices import device_names
from xdpctl.tools.maps.find import Found, find_map, find_map_to_write


class Opened(Struct, frozen=True):
    name: str
    """As it was named: its own name may be another map's too."""
    pin: str | None
    codec: Codec

    @property
    def map(self) -> Map:
        return self.codec.map

    def no_such_key(self, key: bytes) -> NoSuchKey:
        words = self.codec.key_in_words
        others = keys(self.map) if self.codec.layout.padding else ()
        alike = next((words(other) for other in others if self.codec.look_alike(key, other)), "")
        return refusals.no_such_key(self.map, self.name, words(key), alike)

    def unread(self, answer: elements.KernelAnswer, key: bytes) -> XdpctlError:
        return refusals.unread(self.map, self.name, answer.number, answer.said, self.codec.key_in_words(key))

    def refusal(self, answer: elements.KernelAnswer, key: bytes) -> XdpctlError:
        return refusals.refusal(self.map, self.name, answer.number, answer.said, self.codec.key_in_words(key))


def to_read(name: str, reach: Reach, as_: str = "", *, raw: bool = False, netns: str | None = None) -> Opened:
    """`netns` tells in which network namespace its devices are looked up, if they are."""
    host.require_privileges()
    opened = _opened(name, find_map(name, reach), as_, raw=raw, lenient=True, netns=netns)
    refusals.check_readable(opened.map)
    return opened


def to_write(
    name: str, directory: str, as_: str = "", *, lenient: bool = False, netns: str | None = None
) -> Opened:
    """Whether it can be written is yet to be checked."""
    host.require_privileges()
    return _opened(name, find_map_to_write(name, directory), as_, lenient=lenient, netns=netns)


def _opened(
    name: str, found: Found, as_: str, *, lenient: bool, netns: str | None, raw: bool = False
) -> Opened:
    map_ = found.map
    refusals.check_keys(map_)
    known, boot = types.from_notation(map_, as_) if as_ else types.of(map_), host.boot_time()
    layout = layout_of(map_, known, raw, boot)
    if layout.typed and not known.known and map_.bytes_key == 4:
        known = types.from_notation(map_, notation(layout.value, map_.holds_devices))
    devices = device_names(map_, netns)
    codec = Codec(map=map_, types=known, layout=layout, boot=boot, lenient=lenient, devices=devices)
    return Opened(name, found.pin, codec)


def lookup(opened: Opened, key: bytes) -> tuple[bytes, ...]:
    """What the kernel finds: in a trie, also by a key that lies in a prefix."""
    if refusals.keeps_values(opened.map):
        if is_there(opened, key):
            raise refusals.holds_socket(opened.map, opened.codec.key_in_words(key))
        return ()
    try:
        return elements.lookup(opened.map, key)
    except elements.Refusal as refusal:
        raise opened.unread(refusal.answer, key) from None


def is_there(opened: Opened, key: bytes) -> bool:
    """Exactly this key, also where only the kernel knows its value."""
    return key in keys(opened.map) if refusals.keeps_values(opened.map) else bool(held(opened, key))


def held(opened: Opened, key: bytes) -> tuple[bytes, ...]:
    """The value that exactly this key has, or those of all CPUs; none where there is no such key."""
    values = lookup(opened, key)
    return values if values and matching(opened.map, key) == key else ()


def matching(map_: Map, key: bytes) -> bytes:
    """The key that is found by a key: of a trie's, the longest prefix that it lies in."""
    return longest_prefix(keys(map_), key) if map_.type == "lpm_trie" else key


def keys(map_: Map) -> Iterator[bytes]:
    """Of elements that have a value, if only for the kernel."""
    if refusals.keeps_values(map_):
        return (key for chunk in content.keys_in_use(map_) for key in chunk.each_key())
    return (key for chunk in content.start(map_) if chunk.values for key in chunk.each_key())


def all_elements(map_: Map) -> Iterator[Element]:
    return (element for chunk in content.start(map_) for element in chunk.elements(map_.bytes_value))
