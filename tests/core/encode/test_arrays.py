"""Some elements of an array, by their places: the others stay as they are."""

import struct
from typing import Any

import pytest

from .test_encoder import refused, write

HOLDS = "{n:u8,in:{a:u8,b:u32}[2],grid:u16[2][2]}"


def holds(n: int, ins: list[tuple[int, int]], grid: list[int]) -> bytes:
    return (
        struct.pack("=B3x", n)
        + b"".join(struct.pack("=B3xI", *one) for one in ins)
        + struct.pack("=4H", *grid)
    )


OLD = holds(1, [(2, 3), (4, 5)], [6, 7, 8, 9])


@pytest.mark.parametrize(
    ("said", "written"),
    [
        (["in[1].b=77"], holds(1, [(2, 3), (4, 77)], [6, 7, 8, 9])),
        (["in[0]={a=9 b=8}", "n=5"], holds(5, [(9, 8), (4, 5)], [6, 7, 8, 9])),
        (["in[0].a=9 in[0].b=8 in[1].a=7"], holds(1, [(9, 8), (7, 5)], [6, 7, 8, 9])),
        (["grid[1][0]=80"], holds(1, [(2, 3), (4, 5)], [6, 7, 80, 9])),
        (["grid[0]=[60,70]"], holds(1, [(2, 3), (4, 5)], [60, 70, 8, 9])),
        ({"grid": {"[0][1]": 70, "[1]": [1, 2]}}, holds(1, [(2, 3), (4, 5)], [6, 70, 1, 2])),
        ({"in[1].b": 77}, holds(1, [(2, 3), (4, 77)], [6, 7, 8, 9])),
    ],
)
def test_in_a_struct(said: Any, written: bytes) -> None:
    assert write(HOLDS, said[0] if len(said) == 1 and isinstance(said, list) else said, OLD) == written


def test_where_the_value_is_an_array() -> None:
    old = struct.pack("=3H", 1, 2, 3)
    assert write("u16[3]", "[1]=20", old) == struct.pack("=3H", 1, 20, 3)
    assert write("u16[3]", "[2]=30 [0]=10", old) == struct.pack("=3H", 10, 2, 30)
    assert write("u16[3]", "[0]=1,[1]=2,[2]=3") == old
    assert write("u16[2][2]", "[1]=[3,4]", bytes(8)) == struct.pack("=4H", 0, 0, 3, 4)
    assert write("{a:u8,b:u32}[2]", "[0].a=1", b"\xff" * 16) == struct.pack(
        "=B3xIB3xI", 1, 2**32 - 1, 255, 2**32 - 1
    )


def test_text_in_which_such_a_name_stands_is_text() -> None:
    assert write("char[8]", "[1]=4") == b"[1]=4\0\0\0"
    assert write("{name:char[8],n:u8}", ["name=a[1]=b", "n=1"]) == b"a[1]=b\0\0\1"
    assert write("char[2][8]", '["[1]=4","x"]') == b"[1]=4\0\0\0" + b"x" + bytes(7)


@pytest.mark.parametrize(
    ("type_", "said", "told"),
    [
        (HOLDS, "in[2].b=1", "value.in has no element [2].b\nknown: [0] to [1]"),
        (HOLDS, "grid[0][2]=1", "value.grid[0] has no element [2]\nknown: [0] to [1]"),
        (HOLDS, "grid[-1]=1", "value.grid has no element [-1]"),
        (HOLDS, "grid[x]=1", "value.grid has no element [x]"),
        (HOLDS, "inn[1]=1", "value has no member 'inn'\ndid you mean 'in'?"),
        (HOLDS, "in[1].c=1", "value.in[1] has no member 'c'"),
        (HOLDS, "in[1].a=256", "value.in[1].a can't be '256': it is a number from 0 to 255"),
        (HOLDS, "in[1]=[1,2] in[1].a=1", "value.in has '[1].a' twice"),
        (HOLDS, "grid[0][0]=1 grid[0][0]=2", "twice"),
        ("u16[3]", "[3]=1", "value has no element [3]\nknown: [0] to [2]"),
        ("u16[3]", "[1]=1 5", "some members are named, this one isn't"),
    ],
)
def test_what_is_not_there(type_: str, said: str, told: str) -> None:
    old = OLD if type_ == HOLDS else bytes(6)
    assert told in refused(type_, said, old=old)


def test_a_new_array_is_given_whole() -> None:
    assert "value lacks [0], [2]\ngive every element" in refused("u16[3]", "[1]=1")
    assert "value lacks [0], [1], [2], …" in refused("u16[5]", "[4]=1")
