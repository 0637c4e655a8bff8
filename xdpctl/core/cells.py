"""Values where each is one cell: lists and structs in arrays are JSON there."""

import msgspec

PLAIN = frozenset((int, float, str))
"""Most values, which are a cell as they are."""


def cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
    return value
