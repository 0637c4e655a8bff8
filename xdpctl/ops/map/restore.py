"""Fill a map with what `dump --save` wrote, also after a reboot, or a rebuild with other fields."""

from functools import cached_property
from pathlib import Path

from xdpctl.core.btf.types import Types
from xdpctl.core.maps import refusals, saved_file
from xdpctl.core.maps.decode import Layout
from xdpctl.core.maps.elements import Change, Element
from xdpctl.core.maps.saved_file import Header, SavedElement
from xdpctl.errors import BadRequest, FileInvalid, NoSuchMember, XdpctlError
from xdpctl.tools import host
from xdpctl.tools.files import sources
from xdpctl.tools.maps import types
from xdpctl.tools.target import MapEditor, Writing, to_write, zeros

Values = tuple[bytes, ...]


def prepare(path: Path, name: str | None, directory: str) -> Writing:
    file = "standard input" if str(path) == "-" else str(path)
    host.require_privileges()
    header, lines = saved_file.read(sources.text_or_input(path), file)
    target = to_write(name or header.map.name, directory, lenient=True)
    refusals.check_writable(target.map)
    restoring = _Restoring(target, header)
    found: dict[bytes, Element] = {}
    for number, line in lines:
        try:
            element = restoring.element(line)
        except XdpctlError as error:
            raise FileInvalid(f"{file}:{number}: {error.message}", *error.hints) from error
        if element.key in found:
            raise FileInvalid(f"{file}:{number}: the key {target.words(element.key)} is there twice")
        found[element.key] = element
    target.check_room(found, f"those of {file}")
    return Writing(target, Change(target.map, [*found.values()]))


class _Restoring:
    def __init__(self, target: MapEditor, header: Header) -> None:
        self._target = target
        self._later = header.boot - host.boot_time()
        self._nothing = zeros(target.map)

    @cached_property
    def _raw(self) -> Layout:
        return types.layout(self._target.map, self._target.types, raw=True)

    @cached_property
    def _times(self) -> tuple[int, ...]:
        everything = Types(self._target.types.everything.types)
        return tuple(saved_file.times(everything, self._target.value_type))

    def element(self, line: SavedElement) -> Element:
        """Members that are new are zero."""
        key = self._target.key_bytes(line.key)
        try:
            values = tuple(self._target.value(value, self._nothing[0]) for value in line.values)
        except NoSuchMember as error:
            hint = "build the map with that field, or take it out of the file"
            raise NoSuchMember(error.message, *error.hints, hint) from error
        values = self._of_cpus(values)
        return Element(key, tuple(saved_file.moved(value, self._times, self._later) for value in values))

    def _of_cpus(self, values: Values) -> Values:
        """Of as many CPUs as there are now; those of more or fewer CPUs become one value."""
        if len(values) == len(self._nothing):
            return values
        if len(values) > 1 and not self._target.layout.typed:
            raise BadRequest(f"it has values of {len(values)} CPUs, which can't be added up without BTF")
        size = self._target.map.bytes_value
        [together] = self._raw.value.merged(b"".join(values), size, len(values))
        return (self._target.value(together, self._nothing[0]), *self._nothing[1:])
