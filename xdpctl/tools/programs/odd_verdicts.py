"""Verdicts that are no XDP action: the kernel tells of each such packet, as it drops it, in a trace log."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from xdpctl.core.machine.model import ProgId
from xdpctl.core.values.names import VERDICTS
from xdpctl.core.why.snapshot import OddVerdicts
from xdpctl.errors import Refused
from xdpctl.tools import bpffs, host, mountns, proc, tracefs

_VERDICT = re.compile(r"xdp_exception: prog_id=-?\d+ action=(0x[0-9a-f]+|\d+) ")
_COUNTED = re.compile(r"^(?:entries|overrun): (\d+)$", re.M)


class Recording(Struct, frozen=True):
    """An instance of the trace log; without one nothing is seen."""

    directory: str = ""

    def seen(self) -> OddVerdicts:
        """What there was until now: of many, the log holds only the last."""
        found = _VERDICT.findall(host.read(f"{self.directory}/trace") or "") if self.directory else ()
        if not found:
            return OddVerdicts()
        stats = "".join(map(Path.read_text, Path(self.directory).glob("per_cpu/cpu*/stats")))
        packets = sum(map(int, _COUNTED.findall(stats)))
        return OddVerdicts(tuple(sorted({int(verdict, 0) for verdict in found})), packets)


@contextmanager
def recorded(programs: frozenset[ProgId]) -> Iterator[Recording]:
    """Those of these programs, for as long as this lasts, where the kernel lets its trace log be used."""
    root = tracefs.mounted() or _mounted_for_us()
    directory = tracefs.instance(root, os.getpid())
    there = programs and tracefs.gives_instances(root) and os.path.isdir(f"{root}/{tracefs.DROPPED}")
    if not there or not bpffs.act(("mkdir", directory)).ok:
        yield Recording()
        return
    try:
        wanted = " || ".join(f"prog_id == {number}" for number in sorted(programs))
        only = f"act >= {len(VERDICTS)} && ({wanted})"
        begun = proc.act(tracefs.prepare_command(directory, False, tracefs.DROPPED, only))
        yield Recording(directory if begun.ok else "")
    finally:
        tracefs.remove(directory)


def _mounted_for_us() -> str:
    """In a mount namespace of our own, so that nothing is to be undone."""
    _, mounting = tracefs.MOUNTING
    try:
        mountns.enter(below=True)
    except Refused:
        return tracefs.ROOT
    proc.act(mounting.acts[0].do)
    return tracefs.ROOT
