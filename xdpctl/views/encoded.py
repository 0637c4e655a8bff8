"""What every view makes JSON with."""

import msgspec


def encoded(what: object) -> str:
    return msgspec.json.encode(what).decode()
