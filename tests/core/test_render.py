"""The generated C: golden copies, which a student could be shown, and what must hold of every one."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from xdpctl.core import elf
from xdpctl.core.render import render
from xdpctl.core.spec import Spec, parse

GOLDEN = Path(__file__).parent.parent / "data" / "golden"

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
    "own_names_and_size": {
        "program": "fifteen_letters",
        "counter": [{"map": "fifteen_in_maps", "type": "percpu_array", "fields": BOTH, "max_entries": 256}],
    },
}


@pytest.fixture(params=SPECS)
def spec(request: pytest.FixtureRequest) -> Spec:
    return parse(SPECS[request.param])


@pytest.mark.parametrize("name", SPECS)
def test_golden(name: str) -> None:
    """To accept what has changed: UPDATE_GOLDEN=1 pytest tests/core/test_render.py, and read the diff."""
    golden, code = GOLDEN / f"{name}.bpf.c", render(parse(SPECS[name]))
    if os.environ.get("UPDATE_GOLDEN") == "1":
        golden.write_text(code)
    assert code == golden.read_text()


def test_every_golden_copy_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {f"{name}.bpf.c" for name in SPECS}


def test_it_is_formatted(spec: Spec) -> None:
    code = render(spec)
    assert not re.search(r"\n\n\n|[ \t]\n|\{%|%\}|\{\{|\}\}|\n\t*  |\n\n\}|\{\n\n", code)
    assert code.endswith(";\n")
    assert max(map(len, code.expandtabs(8).splitlines())) <= 100


def test_it_compiles_to_what_load_takes(spec: Spec, compile_bpf: Callable[..., bytes]) -> None:
    found = elf.read(compile_bpf(render(spec)))
    assert found.has_btf
    assert (found.xdp_programs, found.maps) == ((spec.program,), (spec.counter.map,))


def test_shared_maps_add_atomically_and_per_cpu_maps_plainly(spec: Spec) -> None:
    code = render(spec)
    assert ("__sync_fetch_and_add" in code) is not spec.counter.type.per_cpu
    assert (" += " in code) is spec.counter.type.per_cpu
