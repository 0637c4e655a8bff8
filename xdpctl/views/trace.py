"""Lines that programs print, as text or JSON; `boot` is when the machine was started, as for `dump`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from xdpctl.core.trace.log import TraceLine
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.views.table import text

SECOND = 1_000_000


def as_text(lines: Sequence[TraceLine], boot: int) -> str:
    return "\n".join(f"{_local(line, boot)}  CPU {line.cpu:<3} {text(line.message)}" for line in lines)


def as_json(lines: Sequence[TraceLine], boot: int) -> str:
    return "\n".join(
        to_json(
            {
                "schema": SCHEMA,
                "time": _utc(line, boot),
                "uptime": line.microseconds / SECOND,
                "cpu": line.cpu,
                "task": line.task,
                "pid": line.pid,
                "message": line.message,
            }
        )
        for line in lines
    )


def _when(line: TraceLine, boot: int) -> tuple[int, int]:
    return divmod(boot // 1000 + line.microseconds, SECOND)


def _local(line: TraceLine, boot: int) -> str:
    seconds, rest = _when(line, boot)
    return f"{_time_of_day(seconds)}.{rest:06}"


def _utc(line: TraceLine, boot: int) -> str:
    seconds, rest = _when(line, boot)
    return f"{_date_and_time(seconds)}.{rest:06}Z"


@lru_cache(maxsize=1)
def _time_of_day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds):%H:%M:%S}"


@lru_cache(maxsize=1)
def _date_and_time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
