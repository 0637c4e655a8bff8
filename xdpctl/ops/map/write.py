"""Set, delete and clear elements of a map."""

from msgspec import Struct

from xdpctl.core.encode.words import Words, parse_input, split
from xdpctl.core.machine.model import Map
from xdpctl.core.maps import refusals
from xdpctl.core.maps.change import Change, How
from xdpctl.core.maps.chunk import Element
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest
from xdpctl.ops.map._opened import held, is_there, to_write
from xdpctl.ops.map._writing import Writing
from xdpctl.tools import host
from xdpctl.tools.maps import content
from xdpctl.tools.maps.stored import emptied, stored


class Prepared(Struct, frozen=True):
    writing: Writing
    key: str = ""
    before: tuple[Value, ...] = ()
    """What the element holds, for each CPU if it differs; nothing where it isn't there."""
    after: tuple[Value, ...] = ()

    @property
    def map(self) -> Map:
        return self.writing.change.map

    @property
    def zeroes(self) -> bool:
        """Whether elements stay, and hold nothing."""
        return refusals.is_fixed(self.map)


def prepare_set(
    name: str, directory: str, words: Words, as_: str, cpu: int | None, how: How, netns: str
) -> Prepared:
    target = to_write(name, directory, as_, netns=netns)
    map_, codec = target.map, target.codec
    refusals.check_writable(map_)
    said_key, said_value = split(words, codec.key_names)
    if said_value is None:
        raise BadRequest("a value is missing", f"xdpctl map set {name} {' '.join(words)} VALUE")
    key = codec.encode_key(said_key)
    old, key_words = held(target, key), codec.key_in_words(key)
    if old and how is How.NEW:
        raise refusals.already_there(map_, key_words)
    if not old and how is How.EXISTING:
        raise target.no_such_key(key)
    new = codec.encode_values(said_value, old, cpu, host.possible_cpus())
    writing = Writing(target, Change(map_, (Element(key, new),), how))
    return Prepared(writing, key_words, codec.in_words(old), codec.in_words(new))


def prepare_delete(name: str, directory: str, words: Words, as_: str) -> Prepared:
    target = to_write(name, directory, as_, lenient=True)
    map_, codec = target.map, target.codec
    refusals.check_deletable(map_, name)
    key = codec.encode_key(parse_input(words))
    key_words = codec.key_in_words(key)
    if not is_there(target, key):
        raise target.no_such_key(key)
    old = () if refusals.keeps_values(map_) else held(target, key)
    return Prepared(Writing(target, Change(map_, (Element(key),))), key_words, codec.decode_values(old))


def prepare_clear(name: str, directory: str) -> Prepared:
    """Elements that can be deleted are; those of an array become zero."""
    target = to_write(name, directory)
    map_ = target.map
    if refusals.is_fixed(map_):
        refusals.check_writable(map_)
        elements = emptied(map_, host.possible_cpus())
    else:
        refusals.check_deletable(map_, name)
        elements = stored(map_, 0, content.start(map_))
    return Prepared(Writing(target, Change(map_, elements, gone_is_fine=True)))
