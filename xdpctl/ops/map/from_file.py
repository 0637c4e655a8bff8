"""Write or delete the elements that a file tells of: all of it is checked before the first is written."""

import contextlib
import errno
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from xdpctl.core.maps import batch_file, refusals, saved_file
from xdpctl.core.maps.batch_file import BatchColumns, Spoken
from xdpctl.core.maps.change import Change, How
from xdpctl.core.maps.chunk import Element
from xdpctl.core.maps.codec import Values
from xdpctl.core.maps.saved_file import Restoring
from xdpctl.core.query import rows
from xdpctl.errors import BadRequest, FileInvalid, XdpctlError
from xdpctl.ops.map._opened import Opened, all_elements, to_write
from xdpctl.ops.map._writing import Writing, check_room
from xdpctl.tools import host
from xdpctl.tools.files import sources


def prepare_set(name: str, directory: str, path: Path, as_: str, cpu: int | None, how: How) -> Writing:
    target = to_write(name, directory, as_)
    refusals.check_writable(target.map)
    file = _BatchFile(target, path)
    found = file.elements(cpu)
    if not target.map.evicts and len(found) > target.map.max_entries:
        room = f"{target.map.name} has room for {target.map.max_entries}{refusals.named(errno.E2BIG)}"
        raise BadRequest(f"{file.name} tells of {len(found)} elements, {room}")
    return Writing(target, Change(target.map, found, how))


def prepare_delete(name: str, directory: str, path: Path, as_: str) -> Writing:
    target = to_write(name, directory, as_, lenient=True)
    refusals.check_deletable(target.map, target.name)
    keys = _BatchFile(target, path).keys()
    return Writing(target, Change(target.map, [Element(key) for key in keys]))


def prepare_restore(path: Path, name: str | None, directory: str) -> Writing:
    """What `dump --save` wrote, also after a reboot, or a rebuild with other fields."""
    file = _name(path)
    host.require_privileges()
    header, lines = saved_file.read(sources.text_or_input(path), file)
    target = to_write(name or header.map.name, directory, lenient=True)
    refusals.check_writable(target.map)
    restoring = Restoring(target.codec, header, host.possible_cpus())
    found: dict[bytes, Element] = {}
    for number, line in lines:
        with _in_line(file, number):
            element = restoring.element(line)
            if element.key in found:
                raise BadRequest(f"the key {target.codec.key_in_words(element.key)} is there twice")
            found[element.key] = element
    check_room(target, found, f"those of {file}")
    return Writing(target, Change(target.map, [*found.values()]))


class _BatchFile:
    def __init__(self, target: Opened, path: Path) -> None:
        self.target, self._codec = target, target.codec
        self.path = path
        self.name = _name(path)
        self.cpus = host.possible_cpus()

    @cached_property
    def there(self) -> dict[bytes, Values]:
        """What the map holds; needed only where the file doesn't tell all."""
        return {element.key: element.values for element in all_elements(self.target.map)}

    def keys(self) -> Sequence[bytes]:
        """Each once; they have to be there."""
        found: dict[bytes, None] = {}
        for said in self._said(values=False):
            with _in_line(self.name, said.line):
                key = self._codec.encode_key(said.key)
                if key not in self.there:
                    raise self.target.no_such_key(key)
                found[key] = None
        return [*found]

    def elements(self, cpu: int | None) -> Sequence[Element]:
        """Of one that each CPU has a value of, several lines can tell."""
        found: dict[bytes, Element] = {}
        lines: dict[tuple[bytes, int | None], int] = {}
        for said in self._said(values=True):
            with _in_line(self.name, said.line):
                key = self._codec.encode_key(said.key)
                if key in found and (said.cpu is None or {(key, None), (key, said.cpu)} & lines.keys()):
                    line = next(line for (known, _), line in lines.items() if known == key)
                    raise BadRequest(f"the key {self._codec.key_in_words(key)} is in line {line} already")
                lines[key, said.cpu] = said.line
                found[key] = Element(key, self._values(key, said, cpu, found.get(key)))
        return [*found.values()]

    def _values(self, key: bytes, said: Spoken, cpu: int | None, before: Element | None) -> Values:
        """What isn't told stays as it is, where the element is there."""
        if before:
            return self._written(said, cpu, before.values)
        if said.cpu is None:
            with contextlib.suppress(BadRequest):
                return self._written(said, cpu, ())
        return self._written(said, cpu, self.there.get(key, ()))

    def _written(self, said: Spoken, cpu: int | None, old: Values) -> Values:
        if cpu is not None and said.cpu is not None:
            raise BadRequest("--cpu, and the file too, say whose value it is", "leave one of them out")
        of_cpu = cpu if said.cpu is None else said.cpu
        return self._codec.encode_values(said.value, old, of_cpu, self.cpus)

    def _said(self, values: bool) -> Iterator[Spoken]:
        text = sources.text_or_input(self.path)
        of_key = self._codec.key_columns
        of_value = tuple(rows.columns(self._codec.layout))[len(of_key) :]
        try:
            yield from batch_file.read(text, BatchColumns(of_key, of_value), values)
        except batch_file.WrongLine as error:
            raise FileInvalid(f"{self.name}:{error.line}: {error.message}", *error.hints) from error


def _name(path: Path) -> str:
    return "standard input" if str(path) == "-" else str(path)


@contextlib.contextmanager
def _in_line(file: str, number: int) -> Iterator[None]:
    """What is wrong, is wrong there."""
    try:
        yield
    except XdpctlError as error:
        raise FileInvalid(f"{file}:{number}: {error.message}", *error.hints) from error
