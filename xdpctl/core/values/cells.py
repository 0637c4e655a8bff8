"""Values where each is one cell: lists and structs in arrays are JSON there, and so is text that can't be
printed as it is."""

import msgspec

from xdpctl.core.values.json_text import to_json


def cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return msgspec.json.format(to_json(value), indent=0)
    return value


def spelled(text: str, keep: str = "") -> str:
    """Text as it is, or where it can't be printed, as JSON; `unspelled` knows which."""
    if text.isprintable() and text[:1] != '"':
        return text
    plain = text.replace(keep, "").isprintable() and not _is_spelled(text)
    return text if plain else to_json(text)


def unspelled(text: str) -> str:
    return _text_of(text) if _is_spelled(text) else text


def _is_spelled(text: str) -> bool:
    """Whether it is JSON of what can't be printed, or of what would be taken for that."""
    if not text.startswith('"') or "\\" not in text:
        return False
    try:
        meant = _text_of(text)
    except msgspec.DecodeError:
        return False
    return not meant.isprintable() or _is_spelled(meant)


def _text_of(text: str) -> str:
    return msgspec.json.decode(text, type=str)
