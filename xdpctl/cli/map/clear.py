"""Delete all elements, or make those of an array zero.

Example: xdpctl map clear pkt_cnt
"""

from xdpctl.cli import arguments, session
from xdpctl.core.wording import element_count
from xdpctl.ops.map import write


def command(name: str = arguments.MAP, pin: str = arguments.PIN) -> None:
    with session.checking():
        prepared = write.prepare_clear(name, session.pin_directory(pin))
    if (count := session.written(prepared.writing)) is not None:
        done = "made zero" if prepared.zeroes else "deleted"
        session.say(f"{element_count(count)} of {prepared.map.name} {done}")
