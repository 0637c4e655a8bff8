"""An error for scripts, as JSON."""

from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.errors import Explained


def as_json(error: Explained) -> str:
    """As plain text, since the printer of JSON takes no `Lines`."""
    hints = [str(hint) for hint in error.hints]
    return to_json(
        {"schema": SCHEMA, "error": {"code": error.code, "message": str(error.message), "hints": hints}}
    )
