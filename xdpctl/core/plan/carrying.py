"""What of an earlier load goes on in a new one: maps and global variables whose definitions are unchanged."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from xdpctl.core.btf import layout
from xdpctl.core.btf.types import BtfDump, MapTypes, Types
from xdpctl.core.machine.identifiers import may_be_same
from xdpctl.core.machine.model import Argv, Map
from xdpctl.core.objects import sharing
from xdpctl.core.objects.elf import BpfObject
from xdpctl.core.objects.map_definitions import MapDefinition
from xdpctl.core.plan.loading import internal_maps
from xdpctl.core.wording import join
from xdpctl.errors import MapDiffers

VARIABLES = ".bss"
"""The global variables that begin as zero: what is counted there goes on counting."""
_OF_PROGRAMS = ("prog_array", "array_of_maps", "hash_of_maps")
_IN_WORDS = "global variables"


class Kept(Struct, frozen=True):
    """A map that is there, with what its BTF says of it."""

    map: Map
    types: MapTypes


class Carried(Struct, frozen=True):
    inherited: Mapping[str, Argv]
    """By the name that libbpf knows each by."""
    used: Mapping[str, Argv]
    """Those that have other names in the kernel, by which bpftool would pin them."""
    kept: tuple[str, ...]
    anew: tuple[str, ...]


def carried(
    found: BpfObject,
    path: str,
    dump: BtfDump,
    there: Mapping[str, Kept],
    variables: Kept | None,
    reset: bool,
) -> Carried:
    """What goes on. What can't is an error that names each difference, unless it may begin anew."""
    definitions = {definition.name: definition for definition in found.map_definitions}
    # what an object itself fills from the start belongs to it
    filled = {name for name, one in there.items() if found.in_maps and one.map.type in _OF_PROGRAMS}
    wrong: dict[str, tuple[str, ...]] = {}
    inherited: dict[str, Argv] = {}
    for name in (name for name in found.maps if name in there and name not in filled):
        if different := tuple(_differences(definitions[name], dump, there[name])):
            wrong[name] = different
        else:
            inherited[name] = ("id", str(there[name].map.id))
    kept = tuple(inherited)
    internal = internal_maps(path, found)
    if variables is not None and VARIABLES in internal:
        if different := tuple(_variables_differ(found, dump, variables)):
            wrong[_IN_WORDS] = different
        else:
            inherited[internal[VARIABLES]] = ("id", str(variables.map.id))
    if wrong and not reset:
        raise _changed(wrong, path)
    # those that begin with values of their own, which may be others by now
    own = tuple(section for section in internal if section.startswith(".data"))
    anew = (*(name for name in found.maps if name not in inherited), *own)
    used = {n: inherited.pop(n) for n in kept if not may_be_same(there[n].map.name, n)}
    return Carried(inherited, used, kept, (*anew, *(name for name in wrong if name not in anew)))


def _differences(definition: MapDefinition, dump: BtfDump, there: Kept) -> Iterator[str]:
    yield from sharing.differences(definition, there.map)
    wanted, types = layout.of_definition(dump, definition.name), there.types
    if not types.known:
        return  # libbpf tells the kernel of no types where nothing can be read by them
    old, new = Types(types.everything.types), Types(dump.types)
    for what, have, want in zip(("key", "value"), types.key_and_value.types, wanted, strict=True):
        if want:
            yield from layout.differences(layout.of_type(old, have.id, what), layout.of_type(new, want, what))


def _variables_differ(found: BpfObject, dump: BtfDump, there: Kept) -> Iterator[str]:
    places = {s.name: s.value for s in found.symbols if s.section == VARIABLES and not s.is_function}
    have = layout.of_variables(there.types.everything, VARIABLES)
    want = layout.of_variables(dump, VARIABLES, places)
    size = next(section.size for section in found.sections if section.name == VARIABLES)
    yield from layout.differences(have, want)
    if size != there.map.bytes_value:
        yield f"size: {there.map.bytes_value} bytes, not {size} bytes"
    elif not have:
        yield "their names aren't known"


def _changed(wrong: Mapping[str, tuple[str, ...]], path: str) -> MapDiffers:
    lines = (f"{name}: {line}" for name, different in wrong.items() for line in different)
    return MapDiffers(
        f"{join(wrong)} of what is loaded can't go on in {path}, which defines {_them(wrong)} otherwise",
        *lines,
        f"begin anew with {_them(wrong)}, and go on with the others: --reset",
    )


def _them(wrong: Mapping[str, tuple[str, ...]]) -> str:
    return "them" if len(wrong) > 1 or _IN_WORDS in wrong else "it"
