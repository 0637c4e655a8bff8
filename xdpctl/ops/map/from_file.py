"""Write or delete the elements that a file tells of: all of it is checked before the first is written."""

import errno
from pathlib import Path

from xdpctl.core.maps import refusals, saved_file
from xdpctl.core.maps.change import Change, How
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.saved_file import Restoring
from xdpctl.errors import BadRequest
from xdpctl.ops.map._batch import BatchFile
from xdpctl.ops.map._lines import in_line, name_of
from xdpctl.ops.map._opened import all_elements, to_write
from xdpctl.ops.map._writing import Writing, check_room
from xdpctl.tools import host
from xdpctl.tools.files import sources


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
    header, lines = saved_file.read(sources.text_or_input(path), file)
    target = to_write(name or header.map.whole_name, directory, lenient=True)
    refusals.check_writable(target.map)
    of_variables = target.codec.types.of_variables
    before = next(iter(all_elements(target.map))).values if of_variables else ()
    restoring = Restoring(target.codec, header, host.possible_cpus(), before)
    found: dict[bytes, Element] = {}
    for number, line in lines:
        with in_line(file, number):
            element = restoring.element(line)
            if element.key in found:
                raise BadRequest(f"the key {target.codec.key_in_words(element.key)} is there twice")
            found[element.key] = element
    check_room(target, found.values(), f"those of {file}")
    return Writing(target, Change(target.map, [*found.values()]), tuple(restoring.notes))
