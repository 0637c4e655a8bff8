"""The devices that a map holds the numbers of."""

from xdpctl.core.machine.model import Map
from xdpctl.core.values.device_names import DeviceNames


def device_names(map_: Map, netns_name: str | None) -> DeviceNames | None:
    """Those of a network namespace, if it is such a map; of none, if None is asked for."""
    if netns_name is None or not map_.holds_devices:
        return None
    from xdpctl.tools import iplink, netns

    return iplink.names(netns.named(netns_name))
