"""Whether packets that are sent out of a device may leave the machine."""

from collections.abc import Collection

from xdpctl.core.machine.model import Device

OF_NOBODY = ("dummy", "ifb")
"""Kinds of devices behind which there is nothing."""
LYING_ON_ANOTHER = ("vlan", "macvlan", "macvtap", "ipvlan")
HOLDING_PORTS = ("bridge", "bond", "team")


def way_out(device: Device, neighbours: Collection[Device], in_lab: bool) -> str:
    """Why they may; empty where they can't, as far as that is known.

    `neighbours` are all devices of its namespace, which is a lab where it isn't that of the whole machine.
    Out of a veth device they come to its other end alone.
    """
    kind = device.linkinfo.info_kind
    if kind == "veth":
        return ""
    if "LOOPBACK" in device.flags:
        return f"{device.ifname} is how this machine speaks to itself"
    if not kind:
        return f"{device.ifname} is a network card"
    if not in_lab:
        return f"{device.ifname} is no veth device, and this is no namespace made for trying"
    if kind in OF_NOBODY:
        return ""
    if kind in LYING_ON_ANOTHER:
        lower = next((d for d in neighbours if d.ifname == device.link), None)
        return way_out(lower, neighbours, in_lab) if lower else f"{device.ifname} lies on another device"
    if kind in HOLDING_PORTS:
        return through_ports(device, neighbours, in_lab)
    return f"{device.ifname} is of the kind {kind}"


def through_ports(device: Device, neighbours: Collection[Device], in_lab: bool) -> str:
    """The same of what a bridge passes on; `device` is the bridge."""
    ports = (d for d in neighbours if d.master == device.ifname)
    return next((why for port in ports if (why := way_out(port, neighbours, in_lab))), "")


def behind(other_end: Device, neighbours: Collection[Device], in_lab: bool) -> str:
    """The same of what comes out of a veth device's other end, which may be a port of a bridge."""
    bridge = next((d for d in neighbours if d.ifname == other_end.master), None)
    why = through_ports(bridge, neighbours, in_lab) if bridge else ""
    return f"{other_end.ifname}, its other end, is a port of {other_end.master}, and {why}" if why else ""
