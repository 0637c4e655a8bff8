"""Why a counter doesn't move, or the numbers that say it does, as text or JSON."""

from typing import Any

from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.core.values.visible import visible
from xdpctl.core.why.chain import Moves
from xdpctl.core.why.finding import Broken


def as_text(found: Broken | Moves) -> str:
    says = visible(found.says)
    return says if isinstance(found, Moves) else f"{says}\n  mend: {visible(found.mend)}"


def as_json(found: Broken | Moves) -> str:
    said: dict[str, Any] = {"schema": SCHEMA, "ok": isinstance(found, Moves), "says": found.says}
    if isinstance(found, Moves):
        said |= {
            "seconds": round(found.seconds, 3),
            "devices": list(dict.fromkeys(r.place.name for r in found.running)),
            "received": found.received,
            "runs": found.runs,
            "counted": found.counted,
        }
    else:
        said |= {"link": found.link, "cause": found.cause, "mend": found.mend}
    return to_json(said)
