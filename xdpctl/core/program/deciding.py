"""The rules of a spec as C expressions."""

import textwrap

from msgspec import Struct

from xdpctl.core.program.counting import WIDTH, source
from xdpctl.core.spec.condition import ALL_FLAGS, Bits, Prefix, Range, Test
from xdpctl.core.spec.model import Rule
from xdpctl.core.values.keys import Key

AND = " &\n\t    "
HANDED_OVER = (Key.LENGTH, Key.RX_QUEUE, Key.IFINDEX)
"""What is told to the function that decides, since it isn't in the packet."""


class RuleCode(Struct, frozen=True):
    comment: str
    lists: tuple[tuple[str, ...], ...]
    """Of each list, the alternatives."""
    condition: str
    """What has to hold besides; empty if there are only lists."""
    verdict: str

    @property
    def code(self) -> str:
        return self.condition + "".join(map("".join, self.lists))


def rule(given: Rule, undecided: str) -> RuleCode:
    """`undecided` is the verdict in C where it can't be seen whether the rule matches; or empty."""
    words = ", ".join(f"{condition.key} {condition.words}" for condition in given.match)
    comment = "\n".join(
        textwrap.wrap(f"/* {words} */", WIDTH - 8, initial_indent="\t", subsequent_indent="\t * ")
    )
    lists: list[tuple[str, ...]] = []
    single: list[str] = []
    for condition in given.match:
        tests = [_test(condition.key, test) for test in condition.tests]
        bit = condition.key.kind.unseen if undecided else ""
        unseen = [f"unseen(packet->unseen & {bit})"] if bit else []
        if len(tests) > 1 or (unseen and len(tests[0]) > 1):
            lists.append((*map(AND.join, tests), *unseen))
        else:
            single += [" | ".join((*tests[0], *unseen))] if unseen else tests[0]
    together = [f"({part})" if " | " in part else part for part in single] if len(single) > 1 else single
    return RuleCode(comment, tuple(lists), AND.join(together), _verdict(given, undecided))


def _verdict(given: Rule, undecided: str) -> str:
    verdict = f"XDP_{given.verdict.upper()}"
    bits = " | ".join(dict.fromkeys(bit for c in given.match if (bit := c.key.kind.unseen)))
    if not bits or undecided in ("", verdict):
        return verdict
    return f"packet->unseen & {f'({bits})' if ' ' in bits else bits} ? {undecided} : {verdict}"


def _test(key: Key, test: Test) -> list[str]:
    """Comparisons that all have to hold."""
    place = str(key) if key in HANDED_OVER else source(key, "verdict", "packet->")
    if isinstance(test, Prefix):
        return _mac(place, test) if key in (Key.SRC_MAC, Key.DST_MAC) else _ip(place, test)
    return _bits(key, place, test) if isinstance(test, Bits) else _range(key, place, test)


def _range(key: Key, place: str, test: Range) -> list[str]:
    if test.low == test.high:
        return [f"equal({place}, {key.kind.no if test.low == key.kind.none else test.low})"]
    return [f"within({place}, {test.low}, {test.high})"]


def _bits(key: Key, place: str, test: Bits) -> list[str]:
    if test.mask == ALL_FLAGS:
        return [f"equal({place}, {test.value:#x})"]
    none = (key.kind.none or 0) if test.value == 0 else 0  # which has no flags, but isn't without flags
    return [f"equal({place} & {test.mask | none:#x}, {test.value:#x})"]


def _ip(place: str, test: Prefix) -> list[str]:
    parts = [f"equal({place}.version, {test.version})"]
    for i in range(0, len(test.address), 4):
        bits = min(32, max(0, test.bits - 8 * i))
        word = f"{place}.addr.s6_addr32[{i // 4}]"
        value = f"bpf_htonl({int.from_bytes(test.address[i : i + 4], 'big'):#x})"
        if bits:
            mask = "" if bits == 32 else f" & bpf_htonl({(1 << 32) - (1 << 32 - bits):#x})"
            parts.append(f"equal({word}{mask},\n\t\t    {value})" if mask else f"equal({word}, {value})")
    return parts


def _mac(place: str, test: Prefix) -> list[str]:
    parts = []
    for i, octet in enumerate(test.address):
        bits = min(8, max(0, test.bits - 8 * i))
        if bits:
            mask = "" if bits == 8 else f" & {0x100 - (1 << 8 - bits):#04x}"
            parts.append(f"equal({place}.octets[{i}]{mask}, {octet:#04x})")
    return parts
