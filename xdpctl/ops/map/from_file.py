"""Set or delete the elements that a file tells of: all of it is checked before the first is written."""

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from xdpctl.core.maps import batch_file, refusals
from xdpctl.core.maps import elements as core
from xdpctl.core.maps.batch_file import Spoken
from xdpctl.core.maps.elements import Change, Element, How
from xdpctl.errors import BadRequest, FileInvalid, XdpctlError
from xdpctl.tools import host
from xdpctl.tools.files import sources
from xdpctl.tools.target import MapEditor, Writing, elements_of, to_write

Values = tuple[bytes, ...]


def prepare_set(name: str, directory: str, path: Path, as_: str, cpu: int | None, how: How) -> Writing:
    target = to_write(name, directory, as_)
    refusals.check_writable(target.map)
    file = _File(target, path)
    found = file.elements(cpu)
    if not target.map.forgets and len(found) > target.map.max_entries:
        room = f"{target.map.name} has room for {target.map.max_entries}"
        raise BadRequest(f"{file.name} tells of {len(found)} elements, {room}")
    return Writing(target, Change(target.map, found, how))


def prepare_delete(name: str, directory: str, path: Path, as_: str) -> Writing:
    target = to_write(name, directory, as_, lenient=True)
    refusals.check_deletable(target.map, target.name)
    keys = _File(target, path).keys()
    return Writing(target, Change(target.map, [Element(key) for key in keys]))


class _File:
    def __init__(self, target: MapEditor, path: Path) -> None:
        self.target = target
        self.path = path
        self.name = "standard input" if str(path) == "-" else str(path)
        self.cpus = host.possible_cpus()

    @cached_property
    def there(self) -> dict[bytes, Values]:
        """What the map holds; needed only where the file doesn't tell all."""
        return {element.key: element.values for element in elements_of(self.target.map)}

    def keys(self) -> Sequence[bytes]:
        """Each once; they have to be there."""
        found: dict[bytes, None] = {}
        for said in self._said(values=False):
            with self._in_line(said):
                key = self.target.key_bytes(said.key)
                if key not in self.there:
                    raise self.target.no_such_key(key)
                found[key] = None
        return [*found]

    def elements(self, cpu: int | None) -> Sequence[Element]:
        """Of one that each CPU has a value of, several lines can tell."""
        found: dict[bytes, Element] = {}
        lines: dict[tuple[bytes, int | None], int] = {}
        for said in self._said(values=True):
            with self._in_line(said):
                key = self.target.key_bytes(said.key)
                if key in found and (said.cpu is None or {(key, None), (key, said.cpu)} & lines.keys()):
                    line = next(line for (known, _), line in lines.items() if known == key)
                    raise BadRequest(f"the key {self.target.words(key)} is in line {line} already")
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
        return core.written(self.target.value, said.value, old, of_cpu, self.target.map, self.cpus)

    def _said(self, values: bool) -> Iterator[Spoken]:
        text = sources.text_or_input(self.path)
        try:
            yield from batch_file.read(text, self.target.columns, values)
        except batch_file.WrongLine as error:
            raise FileInvalid(f"{self.name}:{error.line}: {error.message}", *error.hints) from error

    @contextlib.contextmanager
    def _in_line(self, said: Spoken) -> Iterator[None]:
        try:
            yield
        except XdpctlError as error:
            raise FileInvalid(f"{self.name}:{said.line}: {error.message}", *error.hints) from error
