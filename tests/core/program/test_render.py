"""The generated C: golden copies, which a student could be shown, and what must hold of every one."""

import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xdpctl.core.machine.identifiers import complaint
from xdpctl.core.objects import elf
from xdpctl.core.program.counting import in_packet
from xdpctl.core.program.parts import PACKET_HEADER
from xdpctl.core.program.render import compile_templates, headers, renderer
from xdpctl.core.spec.model import Spec
from xdpctl.core.spec.parse import parse
from xdpctl.core.spec.words import Field
from xdpctl.core.values.keys import Key
from xdpctl.errors import XdpctlError
from xdpctl.tools.files import assets

GOLDEN = Path(__file__).parent.parent.parent / "data" / "golden"
render = renderer(assets.TEXTS)

BOTH = ["packets", "bytes"]
SPECS: dict[str, dict[str, Any]] = {
    "hash": {},
    "hash_bytes": {"counter": [{"fields": ["bytes"]}]},
    "hash_packets_and_bytes": {"counter": [{"fields": BOTH}]},
    "hash_by_verdict_with_flags": {
        "verdict": "drop",
        "counter": [{"key": "verdict", "flags": ["no_prealloc", "zero_seed"]}],
    },
    "array": {"counter": [{"type": "array"}]},
    "array_mmapable_bytes_and_packets": {
        "counter": [{"type": "array", "fields": ["bytes", "packets"], "flags": ["mmapable"]}]
    },
    "array_by_verdict": {"counter": [{"type": "array", "key": "verdict", "fields": BOTH}]},
    "percpu_hash": {"counter": [{"type": "percpu_hash"}]},
    "percpu_hash_by_verdict_bytes_and_packets": {
        "counter": [{"type": "percpu_hash", "key": "verdict", "fields": ["bytes", "packets"]}]
    },
    "percpu_array": {"counter": [{"type": "percpu_array"}]},
    "percpu_array_bytes": {"counter": [{"type": "percpu_array", "fields": ["bytes"]}]},
    "percpu_array_by_verdict_drop": {
        "verdict": "drop",
        "counter": [{"type": "percpu_array", "key": "verdict", "fields": BOTH}],
    },
    "printk": {"printk": r'100% of "them" \o/ ??='},
    "printk_and_bytes": {"printk": "seen", "counter": [{"type": "array", "fields": ["bytes"]}]},
    "lru_hash_by_parts": {
        "counter": [{"type": "lru_hash", "key": ["vlan", "src_mac", "ethertype"], "fields": BOTH}]
    },
    "percpu_hash_by_flow": {"counter": [{"type": "percpu_hash", "key": "flow", "fields": BOTH}]},
    "percpu_array_by_length_all_fields": {
        "frags": True,
        "counter": [{"type": "percpu_array", "key": "length", "fields": [str(field) for field in Field]}],
    },
    "rules": {
        "rule": [
            {"match": {"src_ip": ["10.0.0.0/8", "2001:db8::/33"], "dst_port": "1-1023"}, "verdict": "drop"},
            {"match": {"tcp_flags": ["syn/syn|ack", "0"], "dscp": ["none", "ef"]}, "verdict": "tx"},
            {"match": {"dst_mac": "02:00:00:00:00:00/17", "length": "0-63"}, "verdict": "aborted"},
        ],
        "counter": [{"key": "verdict", "type": "percpu_array"}],
    },
    "printk_limited": {"printk": "seen", "printk_per_second": 10},
    "own_names_and_size": {
        "program": "fifteen_letters",
        "counter": [{"map": "fifteen_in_maps", "type": "percpu_array", "fields": BOTH, "max_entries": 256}],
    },
}
SPECS["rules_undecided"] = SPECS["rules"] | {"undecided": "drop", "policy": {"key": "dst_port"}}
SPECS |= {f"preset_{name}": tomllib.loads(assets.preset(name)) for name in assets.PRESETS}


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> Spec:
    return parse(SPECS[request.param])


@pytest.mark.parametrize("name", SPECS)
def test_golden(name: str) -> None:
    """To accept what has changed: UPDATE_GOLDEN=1 pytest tests/core/program, and read the diff."""
    golden, code = GOLDEN / f"{name}.bpf.c", render(parse(SPECS[name]))
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(code)
    assert code == golden.read_text()


TYPES = {*(key.kind.c_type for key in Key if key.kind.is_number), *(field.c_type for field in Field)}


@pytest.mark.parametrize("word", sorted({*Field, *TYPES}))
def test_a_field_or_a_type_is_no_name_for_a_map(word: str) -> None:
    """The same word would stand for two things in the generated C: xdpctl/core/machine/reserved.py has it."""
    assert complaint(word)


@pytest.mark.parametrize("key", Key)
def test_what_stands_beside_a_map_is_no_name_for_it(key: Key) -> None:
    """Variables and parameters of the functions that use a map would hide one of their name."""
    every = {"type": "percpu_hash", "key": str(key), "fields": [*map(str, Field)]}
    code = render(parse({"counter": [every]}))
    functions = re.findall(r"^(?:static|int) .*?^}", code, re.M | re.S)
    using = "\n".join(function for function in functions if "pkt_cnt" in function)
    names = set(re.findall(r"(?:struct \w+|\b\w+_t|__u\d+) \*?(\w+)(?= =|[;,)])", using))
    assert {"key", "first", "now"} <= names
    assert [name for name in names if not complaint(name)] == []


def test_every_golden_copy_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.bpf.c" for name in SPECS}


@pytest.mark.parametrize("name", assets.PRESETS)
def test_a_preset_is_a_page_or_so(name: str) -> None:
    code = render(parse(SPECS[f"preset_{name}"]))
    assert len(code.splitlines()) <= 110


def test_the_header_says_what_the_words_say() -> None:
    code = assets.TEXTS[f"bpf/{PACKET_HEADER}"]
    nones = {kind.no: kind.none for kind in (key.kind for key in Key if in_packet(key))}
    assert {(no, int(none)) for no, none in re.findall(r"(NO_\w+) = (\d+),", code)} == {
        (no, none) for no, none in nones.items() if none is not None
    }
    for key in set(filter(in_packet, Key)) - {Key.FLOW}:
        assert f"\t{key.kind.c_type} {key};" in code
        assert "mac" in key or f"\t{key.kind.unseen} = " in code


def test_it_is_formatted(spec: Spec) -> None:
    code = render(spec)
    unbroken = re.sub(r"((?:&&|\|\||[(,;])[^\n]*)\n\t* +(?=\S)", r"\1 ", code)
    assert not re.search(r"\n\n\n|[ \t]\n|\{%|%\}|\{\{|\}\}|\n\t*  |\n\n\}|\{\n\n", unbroken)
    assert code.endswith(";\n")
    assert max(map(len, code.expandtabs(8).splitlines())) <= 100


def test_it_compiles_to_what_load_takes(spec: Spec, compile_bpf: Callable[..., bytes]) -> None:
    found = elf.read(compile_bpf(render(spec)))
    assert found.has_btf
    assert (found.xdp_programs, sorted(found.maps)) == ((spec.program,), sorted(spec.maps))


LARGEST = {
    **dict.fromkeys(("ethertype", "vlan", "src_mac", "dst_mac"), 80),
    **dict.fromkeys(("ip_proto", "src_ip", "dst_ip", "dscp", "ttl"), 140),
    **dict.fromkeys(("src_port", "dst_port", "tcp_flags"), 250),
    "flow": 410,
}
"""How many instructions a program by this key has at most: somewhat more than it has."""


@pytest.mark.parametrize("key", LARGEST)
def test_what_a_key_does_not_need_is_left_out(key: str, compile_bpf: Callable[..., bytes]) -> None:
    """The header looks at everything in a packet, and the compiler has to see what of it is in vain."""
    found = elf.read(compile_bpf(render(parse({"counter": [{"type": "percpu_hash", "key": key}]}))))
    [program] = [section for section in found.sections if section.name == "xdp"]
    assert program.size // 8 <= LARGEST[key]


def test_shared_maps_add_atomically_and_per_cpu_maps_plainly(spec: Spec) -> None:
    code = render(spec)
    shared = any(not counter.type.per_cpu for counter in spec.counters)
    own = any(counter.type.per_cpu or counter.total_map for counter in spec.counters)
    may_lose = any(counter.lost for counter in spec.counters)
    assert ("__sync_fetch_and_add" in code) is (shared or may_lose)
    assert (" += 1" in code or " += length" in code) is own


def test_compiled_templates_give_the_same_c_as_long_as_their_text_stays() -> None:
    compiled = compile_templates(assets.TEXTS)
    spec = parse({})
    assert renderer(assets.TEXTS, compiled)(spec) == render(spec)
    changed = {**assets.TEXTS, "program.j2": "/* another */"}
    assert "/* another */" in renderer(changed, compiled)(spec)


def test_compiled_templates_that_were_damaged_are_compiled_anew() -> None:
    damaged = {key: code[: len(code) // 2] for key, code in compile_templates(assets.TEXTS).items()}
    spec = parse({})
    assert renderer(assets.TEXTS, damaged)(spec) == render(spec)


def test_compiled_templates_are_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled, code = compile_templates(assets.TEXTS), render(parse({}))
    monkeypatch.delattr("jinja2.Environment._parse")
    assert renderer(assets.TEXTS, compiled)(parse({})) == code
    with pytest.raises(AttributeError):
        renderer(assets.TEXTS)(parse({}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("/* */\n{% if %}", "program.j2:2: Expected an expression"),
        ("/* */\n\n{{ nothing_of_this_name }}", "program.j2:3: 'nothing_of_this_name' is undefined"),
        ("{% include 'none.j2' %}", "the template none.j2 is missing"),
    ],
)
def test_a_template_that_was_changed(text: str, says: str) -> None:
    with pytest.raises(XdpctlError) as raised:
        renderer({**assets.TEXTS, "program.j2": text})(parse({}))
    assert raised.value.message.startswith(says)


def test_templates_that_are_missing() -> None:
    with pytest.raises(XdpctlError, match=r"the template counter\.bpf\.c\.j2 is missing"):
        renderer({})
    with pytest.raises(XdpctlError, match=r"the header bpf/.*\.h is missing"):
        headers(parse({"counter": [{"key": "ip_proto"}]}), {})
