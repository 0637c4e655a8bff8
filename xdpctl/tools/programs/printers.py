"""XDP programs by what they print: which do, and where they run."""

from xdpctl.core.machine.model import ProgId, Program
from xdpctl.core.trace.why_silent import Printer
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import HostLacks, NoSuchProgram
from xdpctl.tools import bpftool, iplink


def called(name: str) -> tuple[Program, ...]:
    """The programs of a name, of which the kernel can tell that a line is theirs."""
    programs = [p for p in bpftool.programs() if p.type == "xdp"]
    found = tuple(p for p in programs if p.name == name)
    if not found:
        known = sorted({p.name for p in programs if p.name})
        raise NoSuchProgram(f"no XDP program is called {name!r}", *did_you_mean(name, known))
    if not all(p.jited for p in found):
        raise HostLacks(
            f"{name} wasn't compiled for this processor: then the kernel can't tell its lines from others",
            "sysctl -w net.core.bpf_jit_enable=1, and load it again; or leave out --program",
        )
    return found


class Printers:
    """The loaded programs, of one name or all; each is looked into once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._prints: dict[ProgId, bool] = {}

    def now(self) -> tuple[Printer, ...]:
        programs = [p for p in bpftool.programs() if p.type == "xdp" and self._name in ("", p.name)]
        places = _places() if any(map(self._does_print, programs)) else {}
        return tuple(Printer(p.name, self._does_print(p), tuple(places.get(p.id, ()))) for p in programs)

    def _does_print(self, program: Program) -> bool:
        if program.id not in self._prints:
            self._prints[program.id] = bpftool.prints(program)
        return self._prints[program.id]


def _places() -> dict[ProgId, list[str]]:
    """Where programs run, in any network namespace."""
    found: dict[ProgId, list[str]] = {}
    for namespace, devices in iplink.everywhere():
        for device in devices:
            for attachment in device.xdp.attached:
                found.setdefault(attachment.prog.id, []).append(device.ifname + namespace.label)
    return found
