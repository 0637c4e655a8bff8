"""One program in place of another, by the call of libbpf and by `ip`: the expected one, and no other."""

import pytest

from .conftest import Lab
from .test_libbpf import pins, run

__all__ = ["pins"]
BEGIN = """
from xdpctl.core.plan.plan import Exchange, Known
from xdpctl.tools import bpftool, exchanging
if os.environ["WAY"] == "ip":
    libbpf.NAMES = ()
path, name = os.environ["WHERE"].split()
netns = None if path == "-" else path
one, other = (Known(f"{PINS}/{n}", bpftool.pinned_program(f"{PINS}/{n}").id, n) for n in ("one", "other"))
def runs():
    return [a.prog.id for a in iplink.device(name, Netns(netns)).xdp.attached]
def act(comes, goes):
    tried = Exchange(device=name, mode=Mode(os.environ["MODE"]), comes=comes, goes=goes, netns=netns)
    return refused(exchanging.act, tried)
"""
ACTS = """
assert act(one, None) is None and runs() == [one.id]
said.append(act(other, None))
said.append(act(one, other))
said.append(act(None, other))
assert runs() == [one.id]
assert act(other, one) is None and runs() == [other.id]
assert act(Known(id=one.id), other) is None and runs() == [one.id]
assert act(other, Known(f"{PINS}/one")) is None and runs() == [other.id]
assert act(None, other) is None and runs() == []
said.append(act(None, other))
said.append(act(one, other))
assert runs() == []
"""


@pytest.mark.parametrize("mode", ["native", "generic"])
@pytest.mark.parametrize("where", ["- veth0", "/run/netns/peer veth1"])
@pytest.mark.parametrize("way", ["libbpf", "ip"])
def test_one_in_place_of_another(pins: Lab, way: str, where: str, mode: str) -> None:
    said = run(pins, BEGIN + ACTS, WAY=way, WHERE=where, MODE=mode)
    device = where.split()[1] + (" in netns peer" if "peer" in where else "")
    for kind, message, *_ in said[:3]:
        assert kind == "NotAsExpected"
        assert message.startswith(f"{device} by now runs xdp_runs (id ")
        assert message.endswith("nothing was changed")
    assert "not other (id " in said[1][1]
    for kind, message, *_ in said[3:]:
        assert (kind, message.partition(": ")[0]) == ("Gone", f"no program runs on {device} any more")
