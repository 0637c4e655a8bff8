"""Write or delete the elements that a file tells of: all of it is checked before the first is written."""

import errno
from collections.abc import Iterable
from pathlib import Path

from xdpctl.core.maps import refusals, saved_file
from xdpctl.core.maps.batch_file import Block, Spoken
from xdpctl.core.maps.change import Change, How, in_slots
from xdpctl.core.maps.packing import Packing
from xdpctl.core.maps.restoring import Restoring
from xdpctl.core.maps.saved_file import Header, SavedElement
from xdpctl.errors import BadRequest, NoSuchMap
from xdpctl.ops.map._batch import BatchFile
from xdpctl.ops.map._blocks import take
from xdpctl.ops.map._gathered import Gathered
from xdpctl.ops.map._lines import name_of
from xdpctl.ops.map._opened import Opened, all_elements, to_write
from xdpctl.ops.map._writing import Writing, check_room
from xdpctl.tools import host
from xdpctl.tools.files import sources
from xdpctl.tools.maps.find import find_map_to_write


def prepare_set(
    name: str, directory: str, path: Path, as_: str, cpu: int | None, how: How, netns: str
) -> Writing:
    target = to_write(name, directory, as_, netns=netns)
    refusals.check_writable(target.map)
    found = BatchFile(target, path).elements(cpu)
    if not target.map.evicts and len(found) > target.map.max_entries:
        room = f"{target.map.name} has room for {target.map.max_entries}{refusals.named(errno.E2BIG)}"
        raise BadRequest(f"{name_of(path)} tells of {len(found)} elements, {room}")
    return Writing(target, Change(target.map, found, how))


def prepare_delete(name: str, directory: str, path: Path, as_: str) -> Writing:
    target = to_write(name, directory, as_, lenient=True)
    refusals.check_deletable(target.map, target.name)
    return Writing(target, Change(target.map, BatchFile(target, path).keys()))


def prepare_restore(path: Path, name: str | None, directory: str) -> Writing:
    """What `dump --save` wrote, also after a reboot, or a rebuild with other fields."""
    file = name_of(path)
    host.require_privileges()
    with sources.to_read_twice(path) as lines:
        header, count = saved_file.check(lines(), file)
        target = to_write(name, directory, lenient=True) if name else _of_that_name(header, path, directory)
        refusals.check_writable(target.map)
        restoring = _restoring(target, header)
        found = _restored(target, restoring, saved_file.blocks(lines(), file, count), file)
    check_room(target, found.seen, f"those of {file}")
    return Writing(target, Change(target.map, found.all()), tuple(restoring.notes))


def _of_that_name(header: Header, path: Path, directory: str) -> Opened:
    """Global variables bear the name of their object, which may be built from another file now."""
    try:
        return to_write(header.map.whole_name, directory, lenient=True)
    except NoSuchMap as error:
        _, dot, section = header.map.name.rpartition(".")
        try:
            others = find_map_to_write(f".{section}", directory).map.name if dot else ""
        except BadRequest:
            others = ""
        hint = (f"if those of {others} are meant: xdpctl map restore {path} .{section}",) if others else ()
        raise NoSuchMap(error.message, *hint, *error.hints) from error


def _restoring(target: Opened, header: Header) -> Restoring:
    of_variables = target.codec.types.of_variables
    before = next(iter(all_elements(target.map))).values if of_variables else ()
    return Restoring(target.codec, header, host.possible_cpus(), before)


def _restored(target: Opened, restoring: Restoring, blocks: Iterable[Block], file: str) -> Gathered:
    found = Gathered(target, host.possible_cpus(), file, twice="is there twice, in line {} already")

    def one(said: Spoken) -> None:
        element = restoring.element(SavedElement(said.key, said.value, said.cpus))
        found.add(element.key, in_slots(target.map, element.values), [said.line])

    def many(packing: Packing, block: Block) -> None:
        found.add(*restoring.packed(packing, block), block.lines)

    take(blocks, file, restoring.packing, many, one)
    return found
