"""Set or delete the elements that a file tells of: all of it is checked before the first is written."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from xdpctl.core import batch, map_refusals
from xdpctl.core import elements as core
from xdpctl.core.batch import Spoken
from xdpctl.core.elements import Change, Element, How
from xdpctl.errors import BadRequest, XdpctlError
from xdpctl.tools import host, sources
from xdpctl.tools.target import Target, Writing, elements_of

Values = tuple[bytes, ...]


def prepare_set(
    name: str, directories: tuple[str, ...], path: Path, as_: str, cpu: int | None, how: How
) -> Writing:
    target = Target(name, directories, as_, lenient=True)
    map_refusals.check_writable(target.map)
    file = _File(target, path)
    found = [file.element(key, said, cpu) for key, said in file.by_key(values=True)]
    if not target.map.forgets and len(found) > target.map.max_entries:
        room = f"{target.map.name} has room for {target.map.max_entries}"
        raise BadRequest(f"{file.name} tells of {len(found)} elements, {room}")
    return Writing(target, Change(target.map, found, how))


def prepare_delete(name: str, directories: tuple[str, ...], path: Path, as_: str) -> Writing:
    target = Target(name, directories, as_, lenient=True)
    map_refusals.check_deletable(target.map)
    file = _File(target, path)
    found = file.by_key(values=False)
    for key, said in found:
        if key not in file.there:
            raise file.wrong(said[0], target.no_such_key(key))
    return Writing(target, Change(target.map, [Element(key) for key, _ in found]))


class _File:
    def __init__(self, target: Target, path: Path) -> None:
        self.target = target
        self.path = path
        self.name = "standard input" if str(path) == "-" else str(path)
        self.cpus = host.possible_cpus()

    @cached_property
    def there(self) -> dict[bytes, Values]:
        """What the map holds; needed only where the file doesn't tell all."""
        return {element.key: element.values for element in elements_of(self.target.map)}

    def wrong(self, said: Spoken, error: XdpctlError) -> BadRequest:
        return BadRequest(f"{self.name}:{said.line}: {error.message}", *error.hints)

    def by_key(self, values: bool) -> Sequence[tuple[bytes, list[Spoken]]]:
        """What is said of each key: one thing, or one for each CPU."""
        found: dict[bytes, list[Spoken]] = {}
        for said in self._said(values):
            try:
                key = self.target.key_bytes(said.key)
            except BadRequest as error:
                raise self.wrong(said, error) from error
            before = found.setdefault(key, [])
            for other in before if values else ():
                if None in (said.cpu, other.cpu) or said.cpu == other.cpu:
                    already = f"the key {self.target.words(key)} is in line {other.line} already"
                    raise self.wrong(said, BadRequest(already))
            before.append(said)
        return [*found.items()]

    def _said(self, values: bool) -> Iterator[Spoken]:
        text = sources.text_or_input(self.path)
        try:
            yield from batch.read(text, self.target.columns, values)
        except batch.WrongLine as error:
            raise BadRequest(f"{self.name}:{error.line}: {error.reason}", *error.hints) from error

    def element(self, key: bytes, said: list[Spoken], cpu: int | None) -> Element:
        """What isn't told stays as it is, where the element is there."""
        told = self.target.map.per_cpu and len(said) < self.cpus and said[0].cpu is not None
        try:
            try:
                return Element(key, self._values(said, cpu, self.there.get(key, ()) if told else ()))
            except BadRequest:
                if key not in self.there:
                    raise
            return Element(key, self._values(said, cpu, self.there[key]))
        except BadRequest as error:
            raise self.wrong(said[0], error) from error

    def _values(self, said: list[Spoken], cpu: int | None, old: Values) -> Values:
        target, values = self.target, old
        for one in said:
            of_cpu = cpu if one.cpu is None else one.cpu
            values = core.written(target.value, one.value, values, of_cpu, target.map, self.cpus)
        return values
