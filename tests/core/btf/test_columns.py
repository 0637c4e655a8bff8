"""Whether two types mean the same by their bytes."""

import pytest

from xdpctl.core.btf.columns import Column, same_meaning
from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import Types


def column(words: str) -> Column:
    everything, ends = as_types(f"key:u32 value:{words}")
    return Types(everything.types, raw=True).column(ends.types[1].id)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("u32", "u32", True),
        ("u32", "s32", False),
        ("u32", "be32", False),
        ("u32", "u64", False),
        ("{a:u32,b:u32}", "{a:u32,b:u32}", True),
        ("{a:u32,b:u32}", "{b:u32,a:u32}", False),
        ("{a:u32,b:u32}", "u64", False),
        ("{a:u32,b:u16}", "{a:u32,b:u8}", False),
        ("u8[4]", "u32", False),
    ],
)
def test_meanings(first: str, second: str, same: bool) -> None:
    assert same_meaning(column(first), column(second)) is same
