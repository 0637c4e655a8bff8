"""The counters of a spec as the parts of C that their templates put together."""

import textwrap
from collections.abc import Iterable

from msgspec import Struct, structs

from xdpctl.core.spec.model import Counter
from xdpctl.core.spec.words import Field, MapType
from xdpctl.core.values.keys import Key

WIDTH = 96
SIGNATURE = "static __always_inline void "
_SOURCES = {
    Key.TOTAL: "0",
    Key.CPU: "bpf_get_smp_processor_id()",
    Key.RX_QUEUE: "ctx->rx_queue_index",
    Key.IFINDEX: "ctx->ingress_ifindex",
}
"""Where the value of a key comes from that isn't in the packet."""


class CounterCode(Struct, frozen=True):
    """One counter as its templates need it."""

    map: str
    purpose: str
    type: MapType
    max_entries: int
    flags: str
    key_type: str
    key_members: tuple[Key, ...]
    """Of a key that is made of several."""
    key_value: str
    """Of a key that is made of several."""
    value_type: str
    value: str
    """What the pointer to it is called."""
    brings_struct: bool
    """Its values are structs that no counter before it has."""
    fields: tuple[Field, ...]
    first_value: str
    updates: tuple[str, ...]
    lost: tuple[str, ...]
    losses: tuple[str, ...]
    function: str
    parameters: str
    call: str
    ipv6_map: str
    """The map for flows over IPv6, which aren't for this one."""


def in_packet(key: Key) -> bool:
    """Whether one has to look through the packet for it."""
    return key not in _SOURCES and key not in (Key.VERDICT, Key.LENGTH)


def source(key: Key, verdict: str, packet: str = "packet.") -> str:
    """Where the value of a key comes from."""
    if key is Key.VERDICT:
        return verdict
    if key is Key.LENGTH:
        return "log2_of(length)"
    return _SOURCES.get(key, f"{packet}{key}")


def calls(given: tuple[CounterCode, ...]) -> list[str]:
    """What the program does with each packet."""
    twins = {code.ipv6_map for code in given}
    by_map = {code.map: code.call for code in given}
    return [
        f"if (packet.src_ip.version == 6)\n\t\t{by_map[code.ipv6_map]}\n\telse\n\t\t{code.call}"
        if code.ipv6_map
        else code.call
        for code in given
        if code.map not in twins
    ]


class _Shown(Struct, frozen=True):
    """A map with what is said of it, and whether its values are structs."""

    counter: Counter
    purpose: str
    in_struct: bool
    ipv6_map_of: Counter | None = None
    """The counter of which this map holds the part that goes over IPv6."""


def counters(given: Iterable[Counter], verdict: str, length: str) -> tuple[CounterCode, ...]:
    """All maps of a program; some counters bring one more."""
    every = [shown for counter in given for shown in _maps(counter)]
    shapes = {shown.counter.fields for shown in every if shown.in_struct}
    found = []
    for i, shown in enumerate(every):
        named_after = shown.ipv6_map_of or shown.counter
        name = "counts" if len(shapes) == 1 else f"{named_after.map}_counts"
        known = len(shapes) == 1 and any(earlier.in_struct for earlier in every[:i])
        brings = shown.in_struct and not known and not shown.ipv6_map_of
        writer = _Writer(shown, f"struct {name}" if shown.in_struct else "", len(every) > 1)
        found.append(writer.counter(brings, verdict, length))
    return tuple(found)


def _maps(counter: Counter) -> Iterable[_Shown]:
    if counter.total_map:
        whole = Counter(counter.total_map, MapType.PERCPU_ARRAY, fields=counter.sums, max_entries=1)
        yield _Shown(whole, f"All packets: {counter.map} forgets some when it needs room.", True)
    purpose = "The map: the program counts into it, user space reads it meanwhile."
    yield _Shown(counter, purpose, len(counter.fields) > 1)
    if counter.ipv6_map:
        twin = structs.replace(counter, map=counter.ipv6_map)
        yield _Shown(twin, "The same for flows over IPv6.", len(counter.fields) > 1, counter)


class _Writer(Struct, frozen=True):
    """Writes the C of one counter."""

    shown: _Shown
    struct: str
    """The type of its values, if that is a struct."""
    several: bool
    """There are other counters, from whose function its own has to be told."""

    def counter(self, brings_struct: bool, verdict: str, length: str) -> CounterCode:
        counter, twin_of = self.shown.counter, self.shown.ipv6_map_of
        key = counter.key[0]
        combined = len(counter.key) > 1
        key_type = f"struct {counter.map}_key" if combined else key.kind.c_type
        key_type += "6" if twin_of else ""
        argument = source(key, verdict)
        if key is Key.FLOW:
            argument = f"flow{'6' if twin_of else ''}_of(&packet)"
        handed = dict(_parts_of_key(counter, verdict)) if combined else {f"{key_type} key": argument}
        if any(field.of_one_packet == "length" for field in counter.fields):
            handed["__u64 length"] = length
        if any(field.is_time for field in counter.fields):
            handed["__u64 now"] = "now"
        function = f"count_{counter.map}" if self.several else "count"
        return CounterCode(
            map=counter.map,
            purpose=self.shown.purpose,
            type=counter.type,
            max_entries=counter.max_entries,
            flags=" | ".join(f"BPF_F_{flag.upper()}" for flag in counter.flags),
            key_type=key_type,
            key_members=counter.key if combined else (),
            key_value=_key_value(counter) if combined else "",
            value_type=self.struct or counter.fields[0].c_type,
            value="counts" if self.struct else str(counter.fields[0]),
            brings_struct=brings_struct,
            fields=counter.fields,
            first_value=self._first_value(),
            updates=tuple(update for field in counter.fields for update in self._updates(field)),
            lost=() if twin_of else counter.lost,
            losses=tuple(
                _atomic(f"&{name}", field.of_one_packet)
                for name, field in zip((twin_of or counter).lost, (Field.PACKETS, Field.BYTES), strict=False)
            ),
            function=function,
            parameters=_in_lines(", ".join(handed), len(function)),
            call=f"{function}({', '.join(handed.values())});",
            ipv6_map="" if twin_of else counter.ipv6_map,
        )

    def _first_value(self) -> str:
        fields = self.shown.counter.fields
        if not self.struct:
            return fields[0].of_one_packet
        return in_braces([f".{field} = {field.of_one_packet}" for field in fields], WIDTH - 40, "\t\t")

    def _updates(self, field: Field) -> Iterable[str]:
        place, amount = f"counts->{field}" if self.struct else f"*{field}", field.of_one_packet
        if field.is_sum and not self.shown.counter.type.per_cpu:
            yield _atomic(f"&{place}" if self.struct else str(field), amount) + ";"
        elif field.is_sum:
            yield f"{place} += {amount};"
        elif field is Field.LAST_SEEN:
            yield f"{place} = {amount};"
        else:
            condition = {
                Field.FIRST_SEEN: f"!{place}",
                Field.MIN_LENGTH: f"!{place} || length < {place}",
                Field.MAX_LENGTH: f"length > {place}",
            }[field]
            yield f"if ({condition})"
            yield f"\t{place} = {amount};"


def in_braces(members: list[str], room: int, indent: str) -> str:
    """An initializer in one line, or each member in one of its own where the room is too small."""
    one_line = f"{{ {', '.join(members)} }}"
    if len(one_line) <= room:
        return one_line
    return "\n".join(["{", *(f"{indent}\t{member}," for member in members), f"{indent}}}"])


def _in_lines(parameters: str, taken: int) -> str:
    """Broken where a line would be too long, as the kernel's C is."""
    return "\n\t\t\t\t\t".join(textwrap.wrap(parameters, WIDTH - len(SIGNATURE) - taken)) or "void"


def _parts_of_key(counter: Counter, verdict: str) -> Iterable[tuple[str, str]]:
    """The parameters from which a key of several parts is made, and the arguments."""
    if not {Key.RX_QUEUE, Key.IFINDEX}.isdisjoint(counter.key):
        yield "struct xdp_md *ctx", "ctx"
    if any(map(in_packet, counter.key)):
        yield "const struct packet *packet", "&packet"
    if Key.VERDICT in counter.key:
        yield "xdp_action_t verdict", verdict
    if Key.LENGTH in counter.key:
        yield "__u64 length", "length"


def _key_value(counter: Counter) -> str:
    members = [f".{key} = {source(key, 'verdict', 'packet->')}" for key in counter.key]
    return in_braces(members, WIDTH - len(counter.map) - 32, "\t")


def _atomic(pointer: str, amount: str) -> str:
    return f"__sync_fetch_and_add({pointer}, {amount})"
