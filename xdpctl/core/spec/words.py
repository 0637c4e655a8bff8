"""The words of a spec, and what each of them implies."""

from enum import StrEnum


class MapType(StrEnum):
    HASH = "hash"
    ARRAY = "array"
    PERCPU_HASH = "percpu_hash"
    PERCPU_ARRAY = "percpu_array"
    LRU_HASH = "lru_hash"
    LRU_PERCPU_HASH = "lru_percpu_hash"

    @property
    def per_cpu(self) -> bool:
        return "percpu" in self

    @property
    def hashed(self) -> bool:
        """Its elements come into being one by one; an array has them all from the start."""
        return self not in (MapType.ARRAY, MapType.PERCPU_ARRAY)

    @property
    def lru(self) -> bool:
        """Forgets the elements that were least recently used when it needs room."""
        return "lru" in self


class Flag(StrEnum):
    NO_PREALLOC = "no_prealloc"
    ZERO_SEED = "zero_seed"
    MMAPABLE = "mmapable"
    NO_COMMON_LRU = "no_common_lru"

    @property
    def suits(self) -> tuple[MapType, ...]:
        """The map types for which the kernel takes this flag."""
        return {
            Flag.NO_PREALLOC: (MapType.HASH, MapType.PERCPU_HASH),
            Flag.ZERO_SEED: tuple(type_ for type_ in MapType if type_.hashed),
            Flag.MMAPABLE: (MapType.ARRAY,),
            Flag.NO_COMMON_LRU: (MapType.LRU_HASH, MapType.LRU_PERCPU_HASH),
        }[self]


class Verdict(StrEnum):
    ABORTED = "aborted"
    DROP = "drop"
    PASS = "pass"
    TX = "tx"
    REDIRECT = "redirect"


class Field(StrEnum):
    PACKETS = "packets"
    BYTES = "bytes"
    FIRST_SEEN = "first_seen"
    LAST_SEEN = "last_seen"
    MIN_LENGTH = "min_length"
    MAX_LENGTH = "max_length"

    @property
    def c_type(self) -> str:
        return {
            Field.FIRST_SEEN: "time_first_t",
            Field.LAST_SEEN: "time_last_t",
            Field.MIN_LENGTH: "length_min_t",
            Field.MAX_LENGTH: "length_max_t",
        }.get(self, "__u64")

    @property
    def is_sum(self) -> bool:
        """Can be added to by several CPUs at once, and lose nothing."""
        return self in (Field.PACKETS, Field.BYTES)

    @property
    def is_time(self) -> bool:
        return self in (Field.FIRST_SEEN, Field.LAST_SEEN)

    @property
    def of_one_packet(self) -> str:
        """In C, what a first packet brings."""
        return "1" if self is Field.PACKETS else "now" if self.is_time else "length"
