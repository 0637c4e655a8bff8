"""A map that is to be made: its types in words, and what the kernel would refuse."""

from msgspec import Struct

from xdpctl.core.btf.notation import as_types
from xdpctl.core.btf.types import BtfDump, BtfType, Types
from xdpctl.core.machine.identifiers import complaint
from xdpctl.core.machine.map_types import TYPES
from xdpctl.core.maps.kinds import FLAGS
from xdpctl.core.values.numerals import short
from xdpctl.core.wording import did_you_mean
from xdpctl.errors import BadRequest

NUMBERS = {
    name: TYPES.index(name)
    for name in (
        *("hash", "array", "percpu_hash", "percpu_array"),
        *("lru_hash", "lru_percpu_hash", "lpm_trie"),
    )
}
"""Types of maps that hold values of any kind, as the kernel counts them."""
_ALWAYS = {"lpm_trie": ("no_prealloc",)}
"""What the kernel wants to be told though there is no choice."""


class NewMap(Struct, frozen=True):
    name: str
    type: str
    types: BtfDump
    key: BtfType
    value: BtfType
    key_size: int
    value_size: int
    max_entries: int
    flags: int

    @property
    def number(self) -> int:
        return NUMBERS[self.type]


def new_map(
    name: str, map_type: str, key: str, value: str, max_entries: int, flags: tuple[str, ...]
) -> NewMap:
    if wrong := complaint(name):
        raise BadRequest(*wrong)
    for word, known, option in ((map_type, NUMBERS, "--type"), *((flag, FLAGS, "--flag") for flag in flags)):
        if word not in known:
            raise BadRequest(f"{option} can't be {short(word)}", *did_you_mean(word, known))
    types, ends = as_types(f"key:{key} value:{value}", "--key and --value don't tell two types")
    (key_type, value_type), sizes = ends.types, Types(types.types)
    made = NewMap(
        name=name,
        type=map_type,
        types=types,
        key=key_type,
        value=value_type,
        key_size=sizes.size(key_type.id),
        value_size=sizes.size(value_type.id),
        max_entries=max_entries,
        flags=sum({FLAGS[flag] for flag in (*flags, *_ALWAYS.get(map_type, ()))}),
    )
    _check_key(made)
    return made


def _check_key(new: NewMap) -> None:
    if new.type in ("array", "percpu_array") and (
        new.key_size != 4 or new.key.kind not in ("INT", "TYPEDEF")
    ):
        raise BadRequest(f"--key: keys of {new.type} are numbers of 4 bytes", "write --key u32")
    members = [new.types.types[member.type_id - 1] for member in new.key.members]
    is_prefix = len(members) > 1 and (members[0].kind, members[0].size) == ("INT", 4)
    if new.type == "lpm_trie" and not is_prefix:
        raise BadRequest(
            "--key: keys of lpm_trie are the length of a prefix, then its bits",
            "write --key ip_prefix, or --key '{prefixlen:u32,addr:be32}'",
        )
