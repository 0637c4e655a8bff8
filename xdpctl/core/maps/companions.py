"""What a counter keeps beside its map: packets that found no place, or all packets where it forgets some.

The names say it: `pkt_cnt_lost` and `pkt_cnt_lost_bytes` are global variables of the program, `pkt_cnt_all`
is a map. BTF lists them.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from xdpctl.core.btf.types import BtfDump, Variable
from xdpctl.core.maps.decode import Entry
from xdpctl.core.values.formats import unsigned

GLOBALS = ".bss"
"""The section of global variables that begin as zero, and the end of the name of its map."""
FLOW, FLOW6 = "flow", "flow6"
"""The keys of maps that hold the flows of one counter."""
_LOST = {"packets": "_lost", "bytes": "_lost_bytes"}


Counts = Mapping[str, int]
"""Packets, and perhaps bytes."""
Accounts = Mapping[str, Counts | None]
"""What is counted beside the entries: lost, or total and forgotten; None where it can't be read any more."""
NOTHING_BESIDE: Accounts = {}


class Beside(Struct, frozen=True):
    lost: tuple[tuple[str, Variable], ...] = ()
    """What is counted there, and where it stands among the global variables."""
    total_map: str = ""
    """The map that counts all packets."""
    ipv6_map: str = ""
    """The map that holds the flows over IPv6."""
    ipv6_map_of: str = ""
    """The map that holds the other flows, and what is counted beside them, if this is the one over IPv6."""


def beside(btf: BtfDump, map_name: str, key_type: str, evicts: bool) -> Beside:
    names = {t.id: t.name for t in btf.types if t.kind == "VAR"}
    variables = {
        names.get(v.type_id): v
        for t in btf.types
        if t.kind == "DATASEC" and t.name == GLOBALS
        for v in t.vars
        if v.size == 8
    }
    lost = [(what, variables.get(map_name + end)) for what, end in _LOST.items()]
    whole, twin = f"{map_name}_all", f"{map_name}6"
    return Beside(
        tuple((what, variable) for what, variable in lost if variable),
        whole if whole in names.values() and evicts else "",
        twin if twin in names.values() and key_type == FLOW else "",
        map_name[:-1] if map_name[:-1] in names.values() and key_type == FLOW6 else "",
    )


def lost(kept: Beside, variables: bytes) -> Counts:
    """What the global variables say."""
    return {what: unsigned(variables[v.offset : v.offset + v.size]) for what, v in kept.lost}


class CountedInEntries:
    """How much of all packets the entries hold, which come one after the other.

    A value that is no struct is what the last member of the whole counts, if it is a sum (`is_sum`).
    """

    def __init__(self, whole: Counts, is_sum: bool) -> None:
        self._whole = whole
        self._sums = dict.fromkeys(whole, 0) if is_sum else {}

    def add(self, entries: Sequence[Entry]) -> None:
        if entries and not isinstance(entries[0].value, dict):
            self._sums = dict([*self._sums.items()][-1:])
        for what in [*self._sums]:
            parts = [e.value.get(what) if isinstance(e.value, dict) else e.value for e in entries]
            held = [part for part in parts if isinstance(part, int)]
            self._sums[what] += sum(held)
            if len(held) < len(parts):
                del self._sums[what]

    @property
    def forgotten(self) -> Counts:
        """What no entry holds; entries may have grown meanwhile."""
        return {what: max(0, self._whole[what] - held) for what, held in self._sums.items()}
