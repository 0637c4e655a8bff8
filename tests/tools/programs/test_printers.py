"""XDP programs by what they print."""

from collections.abc import Callable

import pytest

from xdpctl.core.machine.model import ProgId, Program
from xdpctl.core.trace.why_silent import Printer
from xdpctl.errors import BadRequest, HostLacks, Refused
from xdpctl.tools import bpftool, iplink
from xdpctl.tools.programs import printers

XDP = Program(ProgId(7), "xdp", name="one", jited=True)

Stub = Callable[..., Callable[[], list[str]]]


def know(monkeypatch: pytest.MonkeyPatch, *programs: Program) -> None:
    monkeypatch.setattr(bpftool, "programs", lambda: programs)


@pytest.mark.parametrize(
    ("instruction", "prints"),
    [
        ("(85) call bpf_trace_printk#-61360", True),
        ("(85) call bpf_trace_vprintk#-62928", True),
        ("(85) call bpf_unspec#0", True),  # the kernel hides which helper it is
        ("(85) call bpf_redirect#1234", False),
        ("(18) r1 = map[id:25][0]+0", False),
    ],
)
def test_what_calls_bpf_printk(instruction: str, prints: bool, stub: Stub) -> None:
    calls = stub("bpftool", f'[{{"proto":"int one()","disasm":"{instruction}"}}]'.encode())
    assert bpftool.prints(XDP) is prints
    assert calls() == ["bpftool -j -n prog dump xlated id 7"]


def test_who_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = Program(ProgId(8), "xdp", name="one", jited=True)
    slow = Program(ProgId(9), "xdp", name="slow")
    know(monkeypatch, XDP, twin, slow, Program(ProgId(10), "kprobe", name="other"))
    assert printers.called("one") == (XDP, twin)
    with pytest.raises(BadRequest, match=r"no XDP program is called 'other'\nknown: one, slow"):
        printers.called("other")
    with pytest.raises(HostLacks, match=r"slow wasn't compiled[^\n]*\nsysctl -w net.core.bpf_jit_enable=1"):
        printers.called("slow")


def test_each_program_is_looked_into_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[Program] = []

    def prints(program: Program) -> bool:
        looked.append(program)
        return False

    monkeypatch.setattr(bpftool, "prints", prints)
    monkeypatch.setattr(iplink, "everywhere", lambda: pytest.fail("nothing prints: who cares where it runs"))
    know(monkeypatch, XDP, Program(ProgId(10), "kprobe", name="one"))
    found = printers.Printers("")
    assert found.now() == found.now() == (Printer("one", False),)
    assert looked == [XDP]
    assert printers.Printers("other").now() == ()


@pytest.mark.parametrize("out", [b"", b"null", b"[]", b"[{}]", b'{"error":"no"}'])
def test_what_it_calls_is_not_known(out: bytes, stub: Stub) -> None:
    stub("bpftool", out)
    with pytest.raises(Refused, match="bpftool"):
        bpftool.prints(XDP)
