"""Maps that are to be made, and what is wrong with some."""

import struct

import pytest

from xdpctl.core.btf.blob import blob
from xdpctl.core.maps.new_map import NewMap, new_map
from xdpctl.errors import BadRequest


def made(
    name: str = "m", map_type: str = "hash", key: str = "u32", value: str = "u64", flags: tuple[str, ...] = ()
) -> NewMap:
    return new_map(name, map_type, key, value, 8, flags)


def test_flags() -> None:
    assert made(flags=("no_prealloc", "no_prealloc")).flags == 1
    assert made(map_type="lpm_trie", key="ip_prefix").flags == 1


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ({"name": "a.b"}, "'a.b' is no C identifier"),
        ({"name": "sixteen_letters_"}, "has 16 characters"),
        ({"map_type": "hsh"}, "--type can't be 'hsh'\ndid you mean 'hash'?"),
        ({"map_type": "queue"}, "--type can't be 'queue'\n"),
        ({"flags": ("mmap",)}, "--flag can't be 'mmap'\ndid you mean 'mmapable'?"),
        ({"key": "u33"}, "--key and --value don't tell two types: there is no type 'u33'"),
        ({"key": "u32 x:u8"}, "--key and --value don't tell two types: there is no 'x'"),
        ({"map_type": "array", "key": "u64"}, "keys of array are numbers of 4 bytes"),
        ({"map_type": "percpu_array", "key": "u8[4]"}, "keys of percpu_array are numbers of 4 bytes"),
        ({"map_type": "lpm_trie", "key": "{prefix:u64,addr:be32}"}, "write --key ip_prefix"),
        ({"map_type": "lpm_trie"}, "write --key ip_prefix"),
    ],
)
def test_what_is_wrong(new: dict[str, object], says: str) -> None:
    with pytest.raises(BadRequest) as caught:
        made(**new)  # type: ignore[arg-type]
    assert says in str(caught.value)


def test_types_as_bytes() -> None:
    new = made(value="{name:char[4],n:s16}")
    data = blob(new.types.types)
    magic, version, _, header, types_at, types_size, strings_at, strings_size = struct.unpack_from(
        "=HBBIIIII", data
    )
    assert (magic, version, header, types_at, strings_at) == (0xEB9F, 1, 24, 0, types_size)
    assert len(data) == header + types_size + strings_size
    assert data[header + strings_at :].split(b"\0") == [b"", b"u32", b"char", b"s16", b"name", b"n", b""]
