"""Which of the system's headers for BPF programs declares a name that a program lacks."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

PLACE = Path("/usr/include")
PATTERNS = ("bpf/bpf_*.h", "linux/*.h", "asm-generic/int-ll64.h")
BEHIND = {"bpf/bpf_helper_defs.h": "bpf/bpf_helpers.h", "asm-generic/int-ll64.h": "linux/types.h"}
"""Headers that aren't meant to be included by themselves, and those that include them."""
STANDARD = {
    **dict.fromkeys(("bool", "true", "false"), "stdbool.h"),
    **dict.fromkeys((f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)), "stdint.h"),
    **dict.fromkeys(("NULL", "size_t", "offsetof"), "stddef.h"),
}
"""What clang's own headers declare."""
PREFIXES = ("", "bpf_", "__")
"""libbpf and the kernel's headers know some things by longer names than user space does."""


def installed() -> bool:
    """Whether there are those that every program includes."""
    return all((PLACE / name).exists() for name in ("bpf/bpf_helpers.h", "linux/bpf.h"))


def advice(names: Iterable[str]) -> Iterator[str]:
    """What to include, or to write instead; nothing of names that no header knows."""
    texts: dict[str, str] = {}
    for name in names:
        if name in STANDARD:
            yield f"{name} is unknown: include <{STANDARD[name]}>"
            continue
        texts = texts or dict(_texts())
        yield from _advice(name, texts)


def _advice(name: str, texts: Mapping[str, str]) -> Iterator[str]:
    for prefix in PREFIXES:
        meant = prefix + name
        for header, text in texts.items():
            if meant in text and _declares(text, meant):
                place = f"<{BEHIND.get(header, header)}>"
                yield (
                    f"{name} is unknown: write {meant}, from {place}"
                    if prefix
                    else f"{name} is unknown: include {place}"
                )
                return


def _texts() -> Iterator[tuple[str, str]]:
    for pattern in PATTERNS:
        for path in sorted(PLACE.glob(pattern), key=lambda path: (len(path.name), path.name)):
            with contextlib.suppress(OSError):
                yield str(path.relative_to(PLACE)), path.read_text(errors="replace")


def _declares(text: str, name: str) -> bool:
    word = re.escape(name)
    shapes = (
        rf"[ \t]*#[ \t]*define[ \t]+{word}\b",
        rf"[ \t]*{word if name.isupper() else '(?!)'}\s*[=,]",
        rf"(?:__extension__[ \t]+)?typedef\b[^;]*\b{word};",
        rf"static\b[^;{{}}]*(?:\(\*{word}\)|\b{word}[ \t]*)\((?!\*)",
    )
    shape = rf"{word}\s*\{{" if name.startswith("struct ") else "|".join(shapes)
    return re.search(f"^(?:{shape})", text, re.M) is not None
