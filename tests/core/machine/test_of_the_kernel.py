"""Locks, timers and the like in values: nobody but the kernel writes them."""

import struct

import pytest

from xdpctl.core.btf.columns import one
from xdpctl.core.btf.types import BtfType, Member, Types, Variable
from xdpctl.core.encode.encoder import Encoder
from xdpctl.errors import BadRequest

U32 = BtfType(1, "INT", "unsigned int", size=4)
LOCK = BtfType(2, "STRUCT", "bpf_spin_lock", size=4, members=(Member("val", 1),))
TYPEDEF = BtfType(3, "TYPEDEF", "my_lock_t", type_id=2)
HEADS = BtfType(4, "ARRAY", type_id=5, nr_elems=2)
HEAD = BtfType(5, "STRUCT", "bpf_list_head", size=16)
POINTER = BtfType(6, "PTR", type_id=7)
TAG = BtfType(7, "TYPE_TAG", "kptr", type_id=8)
TASK = BtfType(8, "FWD", "task_struct")
OTHERS_POINTER = BtfType(9, "PTR", type_id=8)
VALUE = BtfType(
    10,
    "STRUCT",
    "value",
    size=64,
    members=(
        Member("lock", 3),
        Member("a", 1, 32),
        Member("heads", 4, 64),
        Member("task", 6, 320),
        Member("to", 9, 384),
        Member("b", 1, 448),
    ),
)
SECTION = BtfType(11, "DATASEC", ".data", size=8, vars=(Variable(12, 0, 4), Variable(13, 4, 4)))
VARIABLES = (BtfType(12, "VAR", "glock", type_id=2), BtfType(13, "VAR", "n", type_id=1))
TYPES = (U32, LOCK, TYPEDEF, HEADS, HEAD, POINTER, TAG, TASK, OTHERS_POINTER, VALUE, SECTION, *VARIABLES)
POINTER_WORDS = 0


def test_they_are_not_shown() -> None:
    data = struct.pack("=II48xI4x", 7, 1, 2)
    assert one(Types(TYPES).column(10), data) == {"a": 1, "to": POINTER_WORDS, "b": 2}
    assert one(Types(TYPES).column(11), struct.pack("=II", 7, 1)) == {"n": 1}


def test_they_are_zero_in_what_is_written() -> None:
    write = Encoder(TYPES).writer("value", 10, 64)
    data = struct.pack("=4xI48xI4x", 1, 2)
    for said in (f"a=1 b=2 to={POINTER_WORDS}", ["1", POINTER_WORDS, "2"]):
        assert write(said, None) == data
    assert write("b=2", struct.pack("=II48xI4x", 7, 1, 3)) == data
    assert Encoder(TYPES).writer("value", 11, 8)("n=1", None) == struct.pack("=4xI", 1)


def test_what_is_said_of_them() -> None:
    write = Encoder(TYPES).writer("value", 10, 64)
    for said, told in {
        "lock=1 a=1 b=2": r"value\.lock is a bpf_spin_lock, which only the kernel writes",
        "lock.val=1 a=1 b=2": r"value\.lock is a bpf_spin_lock",
        "heads=1": r"value\.heads is a bpf_list_head",
        "task=0": r"value\.task is a kptr",
        "a=1": r"^value lacks to, b\n",
        "1": "value has 3 members, 1 is given",
    }.items():
        with pytest.raises(BadRequest, match=told):
            write(said, None)
