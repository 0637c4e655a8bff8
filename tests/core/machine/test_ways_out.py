"""Out of which devices packets may leave the machine."""

import pytest

from xdpctl.core.machine.model import Device, LinkInfo
from xdpctl.core.machine.ways_out import behind, way_out


def device(
    name: str, kind: str = "", *flags: str, link: str | None = None, master: str | None = None
) -> Device:
    return Device(ifname=name, linkinfo=LinkInfo(kind), flags=flags, link=link, master=master)


LO = device("lo", "", "LOOPBACK")
CARD = device("eth0")
VETH = device("veth0", "veth", link="veth1")
DUMMY = device("dummy0", "dummy")
OTHERS = (LO, CARD, VETH, DUMMY)


@pytest.mark.parametrize(
    ("sender", "in_lab", "why"),
    [
        (VETH, False, ""),
        (VETH, True, ""),
        (LO, False, "lo is how this machine speaks to itself"),
        (LO, True, "lo is how this machine speaks to itself"),
        (CARD, False, "eth0 is a network card"),
        (CARD, True, "eth0 is a network card"),
        (DUMMY, False, "dummy0 is no veth device, and this is no namespace made for trying"),
        (DUMMY, True, ""),
        (device("vlan5", "vlan", link="veth0"), True, ""),
        (device("vlan5", "vlan", link="veth0"), False, "vlan5 is no veth device"),
        (device("vlan5", "vlan", link="eth0"), True, "eth0 is a network card"),
        (device("mac0", "macvlan"), True, "mac0 lies on another device"),
        (device("wg0", "wireguard"), True, "wg0 is of the kind wireguard"),
    ],
)
def test_a_device_alone(sender: Device, in_lab: bool, why: str) -> None:
    found = way_out(sender, OTHERS, in_lab)
    assert found.startswith(why)
    assert bool(found) == bool(why)


def test_through_a_bridge() -> None:
    bridge, port = device("br0", "bridge"), device("veth0", "veth", master="br0")
    uplink = device("eth0", master="br0")
    assert way_out(bridge, (bridge, port), True) == ""
    assert way_out(bridge, (bridge, port, uplink), True) == "eth0 is a network card"
    assert behind(port, (bridge, port), False) == ""
    expected = "veth0, its other end, is a port of br0, and eth0 is a network card"
    assert behind(port, (bridge, port, uplink), False) == expected
