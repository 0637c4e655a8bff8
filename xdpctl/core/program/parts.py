"""A spec as the parts of C that the templates put together."""

import re
import textwrap

from msgspec import Struct

from xdpctl.core.program import counting, deciding
from xdpctl.core.program.counting import CounterCode
from xdpctl.core.program.deciding import RuleCode
from xdpctl.core.spec.model import Counter, Policy, Redirect, Slot, Spec
from xdpctl.core.spec.words import Field, Verdict
from xdpctl.core.values.keys import Key, Kind

PACKET_HEADER = "xdp_packet.h"
"""Takes packets apart, for the programs that look into them."""
SECOND = 1_000_000_000


class Compares(Struct, frozen=True):
    """Which comparisons the rules make."""

    either: bool
    equal: bool
    within: bool
    unseen: bool


class Fate(Struct, frozen=True, kw_only=True):
    """What happens to packets, and who decides it."""

    rules: tuple[RuleCode, ...]
    compares: Compares
    undecided: str
    """The verdict where it can't be seen whether a rule matches; or empty."""
    policy: Policy | None
    redirect: Redirect | None
    slot: str
    """Where the map says where a packet is redirected to."""
    decides: bool
    reads_anew: bool
    """What rules look at is read again for each."""
    decide_parameters: str
    decided: str
    """The value that the verdict begins with."""
    default: str
    may_redirect: bool
    swaps_macs: bool
    verdict_varies: bool
    verdict: str


class Parts(Struct, frozen=True, kw_only=True):
    """What the templates choose from and print, `fate` and all that is in it."""

    spec: Spec
    about: str
    headers: list[str]
    types: set[str]
    numbers: list[Kind]
    """Of the keys whose types tell what they mean."""
    field_types: list[str]
    """Those that tell how the values of all CPUs become one."""
    counters: tuple[CounterCode, ...]
    fate: Fate
    helpers: list[str]
    declarations: list[str]
    ignores_ctx: bool
    printk: str
    printk_interval: int
    calls: list[str]


def parts(spec: Spec) -> Parts:
    packet = looks_into_packets(spec)
    fate = _fate(spec)
    frame = "bpf_xdp_get_buff_len(ctx)" if spec.frags else "ctx->data_end - ctx->data"
    named = _lengths(spec) > 1
    counters = counting.counters(spec.counters, fate.verdict, "length" if named else frame)
    types = _types(spec, fate.verdict_varies)
    declarations = _declarations(spec, frame if named else "", packet, fate)
    calls = counting.calls(counters)
    return Parts(
        spec=spec,
        about=_about(spec),
        headers=_headers(packet, fate.swaps_macs),
        types=types,
        numbers=_numbers(types),
        field_types=_field_types(spec),
        counters=counters,
        fate=fate,
        helpers=[
            *(["bpf/swap_macs.h"] if fate.swaps_macs else []),
            *(["bpf/log2.h"] if "log2_t" in types else []),
        ],
        declarations=declarations,
        ignores_ctx=not packet
        and not fate.swaps_macs
        and not any("ctx" in text for text in (*declarations, *calls, fate.slot)),
        printk=_message(spec.printk),
        printk_interval=SECOND // spec.printk_per_second if spec.printk_per_second else 0,
        calls=calls,
    )


def _fate(spec: Spec) -> Fate:
    decides = bool(spec.rules or spec.policy)
    may_redirect = Verdict.REDIRECT in spec.verdicts
    varies = decides or may_redirect
    parameters = _decide_parameters(spec)
    undecided = f"XDP_{spec.undecided.upper()}" if spec.undecided else ""
    rules = tuple(deciding.rule(rule, undecided) for rule in spec.rules)
    slot = {Slot.TOTAL: "0", Slot.IFINDEX: "ctx->ingress_ifindex"}
    return Fate(
        rules=rules,
        compares=_compares(rules),
        undecided=undecided,
        policy=spec.policy,
        redirect=spec.redirect,
        slot=slot[spec.redirect.key] if spec.redirect else "",
        decides=decides,
        reads_anew=any("volatile" in parameter for parameter, _ in parameters),
        decide_parameters=", ".join(parameter for parameter, _ in parameters),
        decided=f" = decide({', '.join(argument for _, argument in parameters)})" if decides else "",
        default=f"XDP_{spec.default.upper()}",
        may_redirect=may_redirect,
        swaps_macs=Verdict.TX in spec.verdicts,
        verdict_varies=varies,
        verdict="verdict" if varies else f"XDP_{spec.default.upper()}",
    )


def _compares(rules: tuple[RuleCode, ...]) -> Compares:
    def called(name: str) -> bool:
        return any(f"{name}(" in rule.code for rule in rules)

    either = any(rule.lists for rule in rules)
    return Compares(either, equal=called("equal"), within=called("within"), unseen=called("unseen"))


def _numbers(types: set[str]) -> list[Kind]:
    numbers = {key.kind.c_type: key.kind for key in Key if key.kind.c_type in types}
    return [kind for kind in numbers.values() if kind.about]


def _field_types(spec: Spec) -> list[str]:
    return list(dict.fromkeys(f.c_type for c in spec.counters for f in c.fields if not f.is_sum))


def looks_into_packets(spec: Spec) -> bool:
    """Whether counters, rules or the policy ask for what is in a packet."""
    counted = {key for counter in spec.counters for key in counter.key}
    return any(map(counting.in_packet, counted | _deciding(spec)))


def _deciding(spec: Spec) -> set[Key]:
    """What rules and the policy look at."""
    matched = {condition.key for rule in spec.rules for condition in rule.match}
    return matched | ({spec.policy.key} if spec.policy else set())


def _lengths(spec: Spec) -> int:
    """How often the program speaks of a packet's length; with a helper's call, once is too often."""
    in_rules = any(condition.key is Key.LENGTH for rule in spec.rules for condition in rule.match)
    counting = [c for c in spec.counters if any(f.of_one_packet == "length" for f in c.fields)]
    as_key = any(Key.LENGTH in counter.key for counter in spec.counters)
    beside = sum(bool(counter.total_map) + bool(counter.ipv6_map) for counter in counting)
    often = 2 if in_rules or as_key else len(counting) + beside
    return 2 * often if spec.frags else often


def _types(spec: Spec, varies: bool) -> set[str]:
    """The C types that are spoken of, but for those of what is in packets."""
    keys = {key for counter in spec.counters for key in counter.key if not counting.in_packet(key)}
    return {*(key.kind.c_type for key in keys), *(["xdp_action_t"] if varies else [])}


def _headers(packet: bool, swaps_macs: bool) -> list[str]:
    return [
        "<linux/bpf.h>",
        *(["<linux/if_ether.h>"] if swaps_macs else []),
        "<bpf/bpf_helpers.h>",
        *([f'"{PACKET_HEADER}"'] if packet else []),
    ]


def _decide_parameters(spec: Spec) -> list[tuple[str, str]]:
    """What decides is told: each parameter with what is handed over."""
    keys = _deciding(spec)
    packet = f"const {'volatile ' if spec.rules else ''}struct packet *packet"
    return [
        *([("__u32 rx_queue", "ctx->rx_queue_index")] if Key.RX_QUEUE in keys else []),
        *([("__u32 ifindex", "ctx->ingress_ifindex")] if Key.IFINDEX in keys else []),
        *([(packet, "&packet")] if any(map(counting.in_packet, keys)) else []),
        *([("__u64 length", "length")] if Key.LENGTH in keys else []),
    ]


def _declarations(spec: Spec, length: str, packet: bool, fate: Fate) -> list[str]:
    now = spec.printk_per_second or any(field.is_time for c in spec.counters for field in c.fields)
    return [
        *([f"__u64 length = {length}"] if length else []),
        *(["__u64 now = bpf_ktime_get_ns()"] if now else []),
        *(["struct packet packet = parse(ctx)"] if packet else []),
        *(["xdp_action_t verdict" + fate.decided] if fate.verdict_varies else []),
    ]


_EVERY = {
    Verdict.PASS: "passes every packet",
    Verdict.DROP: "drops every packet",
    Verdict.ABORTED: "aborts every packet",
    Verdict.TX: "sends every packet back",
}
_OTHERS = {
    Verdict.PASS: "passes",
    Verdict.DROP: "is dropped",
    Verdict.ABORTED: "is aborted",
    Verdict.TX: "is sent back",
    Verdict.REDIRECT: "is redirected",
}


def _about(spec: Spec) -> str:
    """What the program does, as a comment."""
    counted = [_counted(counter) for counter in spec.counters]
    others = _OTHERS[spec.default]
    if spec.rules and spec.policy:
        fate = (
            f"Its rules, then the map {spec.policy.map}, decide what happens to a packet; any other {others}."
        )
    elif spec.policy:
        fate = f"The map {spec.policy.map} decides what happens to a packet; any other {others}."
    elif spec.rules:
        fate = f"Its rules decide what happens to a packet; any other {others}."
    elif spec.redirect:
        others = _OTHERS[spec.redirect.fallback]
        fate = f"The map {spec.redirect.map} says where a packet goes; any other {others}."
    else:
        fate = f"and {_EVERY[spec.default]}."
    counts = f"{spec.program} counts {'; '.join(counted)}"
    sentences = [f"{counts}.", fate] if fate[0].isupper() else [f"{counts} {fate}"]
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, counting.WIDTH - 4)]
    return "/* " + "\n * ".join(lines) + " */"


def _counted(counter: Counter) -> str:
    what = _listed(counter.fields)
    by = "" if counter.key == (Key.TOTAL,) else f" by {_listed(counter.key)}"
    kind = str(counter.type).replace("lru_", "LRU ").replace("percpu_", "per-CPU ")
    return f"{what}{by} in the {kind} map {counter.map}"


def _listed(words: tuple[Field, ...] | tuple[Key, ...]) -> str:
    *first, last = map(str, words)
    return f"{', '.join(first)} and {last}" if first else last


def _message(text: str) -> str:
    """As arguments of bpf_printk; before Linux 5.13 a format can't have a % that is meant as such."""
    return f'"%s", "{_c_string(text)}"' if "%" in text else f'"{_c_string(text)}"'


def _c_string(text: str) -> str:
    """The text between the quotes of a C string; `??` would begin a trigraph."""
    return re.sub(r'["\\]|(?<=\?)\?', r"\\\g<0>", text)
