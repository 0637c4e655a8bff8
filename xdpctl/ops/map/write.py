"""Set, delete and clear elements of a map."""

from collections.abc import Sequence

from msgspec import Struct

from xdpctl.core.encode.words import Words, parse_input, split
from xdpctl.core.machine.model import Map
from xdpctl.core.maps import elements as core
from xdpctl.core.maps import refusals
from xdpctl.core.maps.elements import Change, Element, How
from xdpctl.core.values.value import Value
from xdpctl.errors import BadRequest
from xdpctl.tools import host
from xdpctl.tools.maps import content, elements
from xdpctl.tools.target import Writing, all_indexes, keys_of, to_write, zeros


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


def prepare_set(name: str, directory: str, words: Words, as_: str, cpu: int | None, how: How) -> Prepared:
    target = to_write(name, directory, as_)
    refusals.check_writable(target.map)
    of_key, of_value = split(words, target.key_names)
    if not of_value:
        raise BadRequest("a value is missing", f"xdpctl map set {name} {' '.join(of_key)} VALUE")
    key = target.key_bytes(parse_input(of_key))
    old = target.held(key)
    if old and how is How.NEW:
        raise target.refusal(elements.EXISTS, key)
    if not old and how is How.EXISTING:
        raise target.no_such_key(key)
    cpus = host.possible_cpus()
    values = core.written(target.value, parse_input(of_value), old, cpu, target.map, cpus)
    change = Change(target.map, (Element(key, values),), how)
    return Prepared(Writing(target, change), target.words(key), target.merged(old), target.merged(values))


def prepare_delete(name: str, directory: str, words: Words, as_: str) -> Prepared:
    target = to_write(name, directory, as_, lenient=True)
    refusals.check_deletable(target.map, target.name)
    key = target.key_bytes(parse_input(words))
    old = target.held(key)
    if not old:
        raise target.no_such_key(key)
    return Prepared(
        Writing(target, Change(target.map, (Element(key),))), target.words(key), target.merged(old)
    )


def prepare_clear(name: str, directory: str) -> Prepared:
    """Elements that can be deleted are; those of an array become zero."""
    target = to_write(name, directory)
    if refusals.is_fixed(target.map):
        refusals.check_writable(target.map)
        nothing = zeros(target.map)
        emptied: Sequence[Element] = [Element(key, nothing) for key in all_indexes(target.map)]
    else:
        refusals.check_deletable(target.map, target.name)
        found = content.start(target.map)
        emptied = [Element(key) for chunk in found for key in keys_of(chunk) if chunk.values]
    return Prepared(Writing(target, Change(target.map, emptied, gone_is_fine=True)))
