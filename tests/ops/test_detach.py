"""A device that runs programs in two modes, as a card does beside its driver: each act expects its own."""

import pytest

from xdpctl.core.machine.model import (
    AttachedProgram,
    Attachment,
    Device,
    IpMode,
    Mode,
    ProgId,
    Program,
    Xdp,
)
from xdpctl.core.machine.shell import command_line
from xdpctl.core.plan.plan import Exchange, Known
from xdpctl.errors import NotAsExpected
from xdpctl.ops import detach
from xdpctl.tools import bpffs, bpftool, exchanging, host, iplink, proc, turns

PIN = "/sys/fs/bpf/ebpf"
OURS = tuple(
    Program(ProgId(n), "xdp", name=name, pinned=(f"{PIN}/{name}",), metadata={"xdpctl": "counter"})
    for n, name in ((7, "driver"), (8, "card"))
)
ATTACHED = (
    Attachment(IpMode.DRV, AttachedProgram(ProgId(7), "driver")),
    Attachment(IpMode.HW, AttachedProgram(ProgId(8), "card")),
)


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """What is done to the made-up device, on which another program comes to the card meanwhile."""
    done: list[Exchange] = []
    now = list(ATTACHED)

    def act(exchange: Exchange) -> proc.Result:
        if exchange.mode is Mode.OFFLOAD:
            raise NotAsExpected("another runs there", told=True)
        done.append(exchange)
        now[:] = ATTACHED if exchange.comes else ATTACHED[1:]
        return proc.Result(exchange.line, 0, b"", "")

    monkeypatch.setattr(exchanging, "act", act)
    monkeypatch.setattr(iplink, "device", lambda *_: Device(ifname="eth1", ifindex=3, xdp=Xdp(tuple(now))))
    monkeypatch.setattr(bpftool, "programs", lambda: OURS)
    monkeypatch.setattr(bpftool, "links", lambda: ())
    monkeypatch.setattr(bpftool, "pinned_program", lambda pin: next(p for p in OURS if pin in p.pinned))
    monkeypatch.setattr(bpffs, "mounted", lambda: ())
    monkeypatch.setattr("os.path.lexists", lambda path: any(path in p.pinned for p in OURS))
    monkeypatch.setattr(host, "privileged", lambda: True)
    monkeypatch.setattr(turns, "wait", lambda: None)
    return done


def test_what_was_taken_off_in_the_first_mode_is_put_back(acts: list[Exchange]) -> None:
    prepared = detach.prepare("eth1", PIN, "", force=False, dry_run=False)
    assert [step.acts[0].exchange.goes for step in prepared.operation.plan if step.acts[0].exchange] == [
        Known(f"{PIN}/driver", ProgId(7), "driver"),
        Known(f"{PIN}/card", ProgId(8), "card"),
    ]
    with pytest.raises(NotAsExpected, match="another runs there"):
        detach.run(prepared, lambda: pytest.fail("nothing was detached"))
    assert [command_line(exchange.line) for exchange in acts] == [
        "ip link set dev eth1 xdpdrv off",
        f"ip link set dev eth1 xdpdrv pinned {PIN}/driver",
    ]
    assert [exchange.goes is None for exchange in acts] == [False, True]
