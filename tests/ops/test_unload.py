"""What unload sees once it is done; the kernel's lists are made up."""

import pytest

from xdpctl.core.machine.model import Map, MapId, ProgId, Program
from xdpctl.ops import apply, unload
from xdpctl.tools import bpftool

PROGRAM = Program(ProgId(5), "xdp", name="entry")
MAP = Map(MapId(7), "prog_array", "next", 4, 4, 1)
PREPARED = unload.Prepared(
    pin="/nowhere", operation=apply.Operation(plan=()), programs=(PROGRAM,), maps=frozenset({MAP.id})
)


def test_maps_are_looked_at_once_programs_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A prog array that bpftool opens while the kernel empties it stays for ever."""
    programs, maps = [(), (PROGRAM,), (PROGRAM,)], [(), (MAP,)]
    looks: list[str] = []

    def list_programs() -> tuple[Program, ...]:
        looks.append("programs")
        return programs.pop()

    def list_maps() -> tuple[Map, ...]:
        looks.append("maps")
        return maps.pop()

    monkeypatch.setattr(bpftool, "programs", list_programs)
    monkeypatch.setattr(bpftool, "maps", list_maps)
    unload.run(PREPARED, lambda: None, lambda: looks.append("unloaded"), lambda _: looks.append("waits"))
    assert " ".join(looks) == "programs waits programs waits programs maps waits maps unloaded"
