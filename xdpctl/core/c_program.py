"""A spec as the parts of C that the templates put together."""

import re
import textwrap
from typing import Any

from xdpctl.core import c_counter, c_rule
from xdpctl.core.spec import Counter, Slot, Spec
from xdpctl.core.words import Field, Key, Verdict

MOST_TAGS = 4
"""VLAN tags that a program looks behind."""
MOST_EXTENSIONS = 6
"""Extension headers of IPv6 that a program looks behind."""
SECOND = 1_000_000_000

MACS = (Key.SRC_MAC, Key.DST_MAC)
PORTS = (Key.SRC_PORT, Key.DST_PORT, Key.FLOW)
UPPER = (*PORTS, Key.TCP_FLAGS)
PROTOCOL = (*UPPER, Key.IP_PROTO)
IP = (*PROTOCOL, Key.SRC_IP, Key.DST_IP, Key.DSCP, Key.TTL)
BEHIND_MACS = (*IP, Key.ETHERTYPE, Key.VLAN)


def parts(spec: Spec) -> dict[str, Any]:
    """What the templates choose from and print."""
    wanted = _wanted(spec)
    packet = [key for key in Key if key in wanted and c_counter.in_packet(key)]
    fate = _fate(spec)
    frame = "bpf_xdp_get_buff_len(ctx)" if spec.frags else "ctx->data_end - ctx->data"
    named = _lengths(spec) > 1
    counters = c_counter.counters(spec.counters, fate["verdict"], "length" if named else frame)
    types = _types(spec, packet, fate["verdict_varies"])
    declarations = _declarations(spec, frame if named else "", packet, fate["verdict_varies"])
    calls = c_counter.calls(counters)
    return {
        "spec": spec,
        "about": _about(spec),
        "headers": _headers(packet, fate["swaps_macs"]),
        **_named_types(spec, types, packet),
        "packet": packet,
        "wants": _wants(packet),
        "most_tags": MOST_TAGS,
        "most_extensions": MOST_EXTENSIONS,
        "counters": counters,
        **fate,
        "helpers": [
            *(["bpf/swap_macs.h"] if fate["swaps_macs"] else []),
            *(["bpf/log2.h"] if "log2_t" in types else []),
        ],
        "declarations": declarations,
        "ignores_ctx": not packet
        and not fate["swaps_macs"]
        and not any("ctx" in text for text in (*declarations, *calls, fate["slot"])),
        "printk": _message(spec.printk),
        "printk_interval": SECOND // spec.printk_per_second if spec.printk_per_second else 0,
        "calls": calls,
    }


def _fate(spec: Spec) -> dict[str, Any]:
    """What happens to packets, and who decides it."""
    decides = bool(spec.rules or spec.policy)
    may_redirect = Verdict.REDIRECT in spec.verdicts
    varies = decides or may_redirect
    parameters = _decide_parameters(spec)
    rules = [c_rule.rule(rule) for rule in spec.rules]
    slot = {Slot.TOTAL: "0", Slot.IFINDEX: "ctx->ingress_ifindex"}
    return {
        "rules": rules,
        "compares": {
            "either": any(rule.lists for rule in rules),
            **{name: any(f"{name}(" in rule.code for rule in rules) for name in ("equal", "within")},
        },
        "policy": spec.policy,
        "redirect": spec.redirect,
        "slot": slot[spec.redirect.key] if spec.redirect else "",
        "decides": decides,
        "decide_parameters": ", ".join(parameter for parameter, _ in parameters),
        "decide_arguments": ", ".join(argument for _, argument in parameters),
        "default": f"XDP_{spec.default.upper()}",
        "may_redirect": may_redirect,
        "swaps_macs": Verdict.TX in spec.verdicts,
        "verdict_varies": varies,
        "verdict": "verdict" if varies else f"XDP_{spec.default.upper()}",
    }


def _named_types(spec: Spec, types: set[str], packet: list[Key]) -> dict[str, Any]:
    """Types whose names tell what keys and fields mean."""
    numbers = {key.kind.c_type: key.kind for key in Key if key.kind.c_type in types}
    lacking = {**numbers, **({"protocol": Key.IP_PROTO.kind} if _any(packet, PROTOCOL) else {})}
    return {
        "types": types,
        "numbers": [kind for kind in numbers.values() if kind.about and kind.c_type != "xdp_action_t"],
        "nones": list({kind.no: kind for kind in lacking.values() if kind.none is not None}.values()),
        "field_types": dict.fromkeys(f.c_type for c in spec.counters for f in c.fields if not f.is_sum),
    }


def _wants(packet: list[Key]) -> dict[str, bool]:
    """What of the packet is looked at, and what that needs."""
    return {
        **{str(key): key in packet for key in Key},
        "macs": _any(packet, MACS),
        "ports": _any(packet, PORTS),
        "upper": _any(packet, UPPER),
        "filled_in": _any(packet, (Key.SRC_PORT, Key.DST_PORT, Key.TCP_FLAGS)),
        "protocol": _any(packet, PROTOCOL),
        "ip": _any(packet, IP),
        "behind_macs": _any(packet, BEHIND_MACS),
    }


def _any(packet: list[Key], keys: tuple[Key, ...]) -> bool:
    return not set(packet).isdisjoint(keys)


def _wanted(spec: Spec) -> set[Key]:
    """All that counters, rules and the policy ask for."""
    matched = {condition.key for rule in spec.rules for condition in rule.match}
    counted = {key for counter in spec.counters for key in counter.key}
    return matched | counted | ({spec.policy.key} if spec.policy else set())


def _lengths(spec: Spec) -> int:
    """How often the program speaks of a packet's length; with a helper's call, once is too often."""
    in_rules = any(condition.key is Key.LENGTH for rule in spec.rules for condition in rule.match)
    counting = [c for c in spec.counters if any(f.of_one_packet == "length" for f in c.fields)]
    as_key = any(Key.LENGTH in counter.key for counter in spec.counters)
    beside = sum(bool(counter.whole) + bool(counter.twin) for counter in counting)
    often = 2 if in_rules or as_key else len(counting) + beside
    return 2 * often if spec.frags else often


def _types(spec: Spec, packet: list[Key], varies: bool) -> set[str]:
    """The C types that are spoken of."""
    keys = {*packet, *(key for counter in spec.counters for key in counter.key)}
    by_prefix = bool(spec.policy and spec.policy.by_prefix)
    return {
        *(key.kind.c_type for key in keys),
        *(["xdp_action_t"] if varies else []),
        *(["struct ip_prefix"] if by_prefix else []),
    }


def _headers(packet: list[Key], swaps_macs: bool) -> list[str]:
    ip, ethernet = _any(packet, IP), bool(packet) or swaps_macs
    behind_macs = _any(packet, BEHIND_MACS)
    return [
        "linux/bpf.h",
        *(["linux/if_ether.h"] if ethernet else []),
        *(["linux/in.h", "linux/ip.h", "linux/ipv6.h"] if ip else []),
        *(["bpf/bpf_endian.h"] if behind_macs else []),
        "bpf/bpf_helpers.h",
    ]


def _decide_parameters(spec: Spec) -> list[tuple[str, str]]:
    """What decides is told: each parameter with what is handed over."""
    keys = {condition.key for rule in spec.rules for condition in rule.match}
    keys |= {spec.policy.key} if spec.policy else set()
    return [
        *([("__u32 rx_queue", "ctx->rx_queue_index")] if Key.RX_QUEUE in keys else []),
        *([("__u32 ifindex", "ctx->ingress_ifindex")] if Key.IFINDEX in keys else []),
        *(
            [("const volatile struct packet *packet", "&packet")]
            if any(map(c_counter.in_packet, keys))
            else []
        ),
        *([("__u64 length", "length")] if Key.LENGTH in keys else []),
    ]


def _declarations(spec: Spec, length: str, packet: list[Key], verdict: bool) -> list[str]:
    now = spec.printk_per_second or any(field.is_time for c in spec.counters for field in c.fields)
    return [
        *([f"__u64 length = {length}"] if length else []),
        *(["__u64 now = bpf_ktime_get_ns()"] if now else []),
        *([_nothing_known(packet)] if packet else []),
        *(["xdp_action_t verdict"] if verdict else []),
    ]


def _nothing_known(packet: list[Key]) -> str:
    """A packet that lacks everything: zeros are none where nothing else is said."""
    members = [f".{key} = {key.kind.no}" for key in packet if key.kind.none is not None]
    if Key.FLOW in packet:
        members.append(f".flow.kind.ip_proto = {Key.IP_PROTO.kind.no}")
    if not members:
        return "struct packet packet = {}"
    declaration = "struct packet packet = "
    return declaration + c_counter.in_braces(members, c_counter.WIDTH - 8 - len(declaration), "\t")


_EVERY = {
    Verdict.PASS: "passes every packet",
    Verdict.DROP: "drops every packet",
    Verdict.ABORTED: "aborts every packet",
    Verdict.TX: "sends every packet back",
    Verdict.REDIRECT: "redirects every packet",
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
    else:
        fate = f"and {_EVERY[spec.default]}."
    ending = "." if fate[0].isupper() else ""
    lines = [
        *textwrap.wrap(f"{spec.program} counts {'; '.join(counted)}{ending}", c_counter.WIDTH - 4),
        *textwrap.wrap(fate, c_counter.WIDTH - 4),
    ]
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
