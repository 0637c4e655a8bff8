"""A pinned program on a device: seeing that it runs there, and taking it off again."""

from collections.abc import Callable

from msgspec import Struct

from xdpctl.core.machine import owners
from xdpctl.core.machine.model import Argv, Device, Mode, ProgId
from xdpctl.core.plan import actions, plan
from xdpctl.errors import XdpctlError
from xdpctl.tools import bpftool, host, iplink
from xdpctl.tools.netns import Netns


class Attaching(Struct, frozen=True):
    device: str
    netns: Netns
    program: Callable[[], ProgId]

    def verify(self, act: plan.Act) -> None:
        """`ip` may end well though it did nothing, or something else."""
        program = self.program()  # while its pin is there
        owners.check_runs(self._look(), program, Mode(act.way))

    def undo(self, act: plan.Act, sure: bool) -> tuple[Argv, ...]:
        """Another program may have come in place of ours; where that can't be seen, ours was the last."""
        try:
            return actions.undo_attach(self._look(), self.program(), self.netns.prefix)
        except XdpctlError:
            if not sure:
                raise
            return act.undo

    def remains(self) -> frozenset[str]:
        return owners.running(self._look(), self.program())

    def _look(self) -> Device:
        return iplink.device(self.device, self.netns)


def check_free(device: Device, netns: Netns) -> None:
    """An error where a device runs a program already. Without root it can't be seen whose that is."""
    if device.xdp.attached and not host.privileged():
        raise owners.occupied(device, None, (), netns.name)
    if device.xdp.attached:
        raise owners.occupied(device, bpftool.programs(), bpftool.links(), netns.name)
