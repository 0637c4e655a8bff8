"""An error for scripts, as JSON."""

from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.errors import Explained


def as_json(error: Explained) -> str:
    said = {"code": error.code, "message": error.message, "hints": error.hints}
    return to_json({"schema": SCHEMA, "error": said})
