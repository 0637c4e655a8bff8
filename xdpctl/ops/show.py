"""Show the external commands while they run."""

from collections.abc import Callable

from xdpctl.tools import proc


def show_commands(show: Callable[[str], None]) -> None:
    """Have every external command shown as a line that can be pasted into a root shell."""
    proc.show_commands(show)
