"""Devices of one network namespace by their names and numbers."""

from collections.abc import Mapping

from msgspec import Struct

from xdpctl.core.values.value import Value


class DeviceNames(Struct, frozen=True):
    numbers: Mapping[str, int]
    """By each name that a device has; the first is the usual one."""
    label: str = ""
    """Which namespace it is: ` in netns lab`."""

    def shown(self, value: Value) -> Value:
        """A number with its name: `veth1 (4)`. Of a struct, that of its member `ifindex`."""
        if isinstance(value, dict):
            return {name: self.shown(part) if name == "ifindex" else part for name, part in value.items()}
        if not isinstance(value, int) or not value:
            return value
        name = next((name for name, number in self.numbers.items() if number == value), "")
        return f"{name} ({value})" if name else f"{value} (no device{self.label})"
