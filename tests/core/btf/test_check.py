"""Which types no kernel has taken."""

import pytest

from xdpctl.core.btf.check import Unsound, check
from xdpctl.core.btf.types import BtfType, Member, Variable

INT = BtfType(1, "INT", "int", 4)
VAR = BtfType(2, "VAR", "counter", type_id=1)


def struct(size: int, *members: Member, name: str = "s", number: int = 9) -> BtfType:
    return BtfType(number, "STRUCT", name, size, members=members)


@pytest.mark.parametrize(
    "types",
    [
        (INT, struct(4, Member("a", 1))),
        (INT, struct(1, Member("a", 1, 5, 3))),
        (INT, VAR, BtfType(9, "DATASEC", ".bss", 8, vars=(Variable(2, 4, 4),))),
        (INT, VAR, BtfType(9, "DATASEC", ".bss", vars=(Variable(2, 4, 4),))),
        (struct(8, Member("next", 8)), BtfType(8, "PTR", type_id=7), BtfType(7, "CONST", type_id=9)),
        (struct(0, Member("rest", 8)), BtfType(8, "ARRAY", type_id=0)),
        tuple(BtfType(n, "TYPEDEF", f"t{n}", type_id=n + 1) for n in range(1, 30)),
    ],
)
def test_what_kernels_take(types: tuple[BtfType, ...]) -> None:
    check(types)


@pytest.mark.parametrize(
    ("types", "why"),
    [
        ((BtfType(1, "TYPEDEF", "t", type_id=1),), "without an end"),
        ((struct(4, Member("a", 9)),), "without an end"),
        ((BtfType(1, "PTR", type_id=1),), "without an end"),
        ((BtfType(1, "INT", "int"),), "int has no size"),
        ((BtfType(0, "INT", "int", 4),), "a type where there is none"),
        (
            (INT, BtfType(2, "VAR", "counter", 8, type_id=1)),
            "counter has a size of its own and that of another",
        ),
        ((struct(8, Member("a", 8), name="(anon)"), BtfType(8, "PTR", type_id=9)), "without an end"),
        (tuple(BtfType(n, "ARRAY", type_id=n + 1, nr_elems=1) for n in range(1, 5000)), "without an end"),
        (tuple(BtfType(n, "ARRAY", type_id=n - 1, nr_elems=1) for n in range(2, 5000)), "without an end"),
        (tuple(BtfType(n, "TYPEDEF", "t", type_id=n - 1) for n in range(2, 100)), "without an end"),
        (tuple(BtfType(n, "PTR", type_id=n - 1) for n in range(2, 100)), "without an end"),
        ((INT, struct(4, Member("a", 1, 8))), "a goes beyond its struct"),
        ((INT, struct(8, Member("a", 1, 0, 33))), "a goes beyond its struct"),
        ((INT, VAR, BtfType(9, "DATASEC", ".bss", 4, vars=(Variable(2, 4, 4),))), "beyond its section"),
        ((BtfType(9, "DATASEC", ".bss", 4, vars=(Variable(2, 0, 4),)),), "without a name"),
        ((INT, BtfType(9, "ARRAY", type_id=1, nr_elems=1 << 30)), "a type of 4294967296 bytes"),
    ],
)
def test_what_they_refuse(types: tuple[BtfType, ...], why: str) -> None:
    with pytest.raises(Unsound, match=why):
        check(types)
