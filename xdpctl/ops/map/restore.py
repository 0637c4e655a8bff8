"""Fill a map with what `dump --save` wrote, also after a reboot, or a rebuild with other fields."""

from functools import cached_property
from pathlib import Path

from xdpctl.core.btf.types import Types
from xdpctl.core.maps import refusals, saved_file
from xdpctl.core.maps.change import Change, zeros
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.codec import Codec, Values
from xdpctl.core.maps.saved_file import Header, SavedElement
from xdpctl.errors import BadRequest, NoSuchMember
from xdpctl.ops.map._file import in_line, name_of
from xdpctl.ops.map._opened import to_write
from xdpctl.ops.map._writing import Writing, check_room
from xdpctl.tools import host
from xdpctl.tools.files import sources


def prepare(path: Path, name: str | None, directory: str) -> Writing:
    file = name_of(path)
    host.require_privileges()
    header, lines = saved_file.read(sources.text_or_input(path), file)
    target = to_write(name or header.map.name, directory, lenient=True)
    refusals.check_writable(target.map)
    restoring = _Restoring(target.codec, header, host.possible_cpus())
    found: dict[bytes, Element] = {}
    for number, line in lines:
        with in_line(file, number):
            element = restoring.element(line)
            if element.key in found:
                raise BadRequest(f"the key {target.codec.key_in_words(element.key)} is there twice")
            found[element.key] = element
    check_room(target, found, f"those of {file}")
    return Writing(target, Change(target.map, [*found.values()]))


class _Restoring:
    def __init__(self, codec: Codec, header: Header, cpus: int) -> None:
        self._codec = codec
        self._later = header.boot - codec.boot
        self._nothing = zeros(codec.map, cpus)

    @cached_property
    def _times(self) -> tuple[int, ...]:
        types = self._codec.types
        type_id = types.value_id(self._codec.map.bytes_value)
        return tuple(saved_file.times(Types(types.everything.types), type_id))

    def element(self, line: SavedElement) -> Element:
        """Members that are new are zero."""
        key = self._codec.encode_key(line.key)
        try:
            values = tuple(self._codec.encode_value(value, self._nothing[0]) for value in line.values)
        except NoSuchMember as error:
            hint = "build the map with that field, or take it out of the file"
            raise NoSuchMember(error.message, *error.hints, hint) from error
        values = self._of_cpus(values)
        return Element(key, tuple(saved_file.moved(value, self._times, self._later) for value in values))

    def _of_cpus(self, values: Values) -> Values:
        """Of as many CPUs as there are now; those of more or fewer CPUs become one value."""
        if len(values) == len(self._nothing):
            return values
        if len(values) > 1 and not self._codec.layout.typed:
            raise BadRequest(f"it has values of {len(values)} CPUs, which can't be added up without BTF")
        size = self._codec.map.bytes_value
        [together] = self._codec.raw.value.merged(b"".join(values), size, len(values))
        return (self._codec.encode_value(together, self._nothing[0]), *self._nothing[1:])
