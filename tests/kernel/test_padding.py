"""Keys whose padding a program never set: they are shown, found, written, saved and restored as they are."""

import json

import pytest

from .conftest import PIN, Lab

CODE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct key { __u8 proto; __u32 port; };
struct bits { __u8 low : 3; __u8 high : 2; };
struct counts { __u32 packets; __u64 bytes; };
#define MAP(NAME, KEY, VALUE) struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); \\
	__type(key, KEY); __type(value, VALUE); } NAME SEC(".maps")
MAP(flows, struct key, struct counts);
MAP(fields, struct bits, __u64);
MAP(pairs, struct key[2], __u64);
MAP(slots, __u32, struct key[2]);
SEC("xdp") int xdp_pad(struct xdp_md *ctx)
{
	struct key key, pair[2];
	struct bits bits;
	struct counts counts;
	__u64 one = 1;
	__u32 slot;
	int fill;

#pragma unroll
	for (fill = 0; fill < 2; fill++) {
		__builtin_memset(&key, fill ? 0xff : 0, sizeof(key));
		__builtin_memset(&bits, fill ? 0xff : 0, sizeof(bits));
		__builtin_memset(&counts, 0xee, sizeof(counts));
		key.proto = 1;
		key.port = 80;
		bits.low = 5;
		bits.high = 2;
		counts.packets = counts.bytes = 7 + fill;
		pair[0] = pair[1] = key;
		bpf_map_update_elem(&flows, &key, &counts, BPF_ANY);
		bpf_map_update_elem(&fields, &bits, &one, BPF_ANY);
		__builtin_memcpy(&pair[0], &key, sizeof(key));
		__builtin_memcpy(&pair[1], &key, sizeof(key));
		bpf_map_update_elem(&pairs, pair, &one, BPF_ANY);
		slot = fill;
		bpf_map_update_elem(&slots, &slot, pair, BPF_ANY);
	}
	return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""
PAD = "0x00ffffff00000000"


@pytest.fixture
def padded(lab: Lab) -> Lab:
    lab.compile("pad", CODE)
    lab.ok("load", "bpf/pad.bpf.o")
    lab.ok("run", "xdp_pad", "--live", "--packet", "icmp")
    return lab


def _held(lab: Lab, name: str) -> list[tuple[list[str], list[str]]]:
    found = json.loads(lab.must("bpftool", "-j", "map", "dump", "pinned", f"{PIN}/{name}"))
    return sorted((one["key"], one["value"]) for one in found)


def test_keys_are_told_apart(padded: Lab) -> None:
    keys = sorted((entry["key"] for entry in padded.read("flows")["entries"]), key=len)
    assert keys == [{"proto": 1, "port": 80}, {"proto": 1, "port": 80, "padding": PAD}]
    bits = sorted((entry["key"] for entry in padded.read("fields")["entries"]), key=len)
    assert bits == [{"low": 5, "high": 2}, {"low": 5, "high": 2, "padding": "0xe0"}]
    pairs = [entry["key"] for entry in padded.read("pairs")["entries"]]
    assert [{"proto": 1, "port": 80}] * 2 in pairs
    assert "hex:01ffffff5000000001ffffff50000000" in pairs
    told = padded.xdpctl("dump", "flows")
    assert told.stdout.split()[:5] == "PROTO PORT PADDING PACKETS BYTES".split()
    assert "in flows, 1 key has padding that isn't zero" in told.stderr
    assert "memset" in told.stderr
    assert padded.ok("dump", "flows", "--where", f"padding == {PAD}", "--csv") == (
        f"proto,port,padding,packets,bytes\n1,80,{PAD},8,8\n"
    )
    assert f'padding="{PAD}"' in padded.ok("dump", "flows", "--prometheus")
    watched = padded.ok("watch", "flows", "--count", "1", "--jsonl")
    assert PAD in watched
    assert PAD in padded.ok("watch", "flows", "--count", "1")


def test_what_is_shown_can_be_said(padded: Lab) -> None:
    key = ["proto=1", "port=80", f"padding={PAD}"]
    assert " ".join(key) in padded.ok("map", "keys", "flows").splitlines()
    assert '"packets":8' in padded.ok("map", "get", "flows", *key, "--json")
    padded.ok("map", "set", "flows", *key, "packets=9", "--existing")
    assert len(_held(padded, "flows")) == 2
    assert '"packets":7' in padded.ok("map", "get", "flows", *key[:2], "--json")
    padded.ok("map", "delete", "flows", *key[:2])
    told = padded.refused(2, "flows has no key proto=1 port=80", "map", "get", "flows", *key[:2])
    assert f"proto=1 port=80 padding={PAD} is there: its padding isn't zero" in told
    wrong = padded.refused(
        2, "key.padding can't be", "map", "get", "flows", *key[:2], "padding=0x" + "1" * 16
    )
    assert "the bits of the padding are 0x00ffffff00000000" in wrong
    for name in ("fields", "pairs"):
        for line in padded.ok("map", "keys", name).splitlines():
            padded.ok("map", "delete", name, line)
        assert not _held(padded, name)


@pytest.mark.parametrize("form", ["--csv", "--jsonl"])
@pytest.mark.parametrize("name", ["flows", "fields", "pairs"])
def test_batch_takes_what_dump_prints(padded: Lab, form: str, name: str) -> None:
    (padded.directory / "all").write_text(padded.ok("dump", name, form))
    before = [key for key, _ in _held(padded, name)]
    padded.ok("map", "delete", name, "--batch", "all")
    assert not _held(padded, name)
    padded.ok("map", "set", name, "--batch", "all")
    assert [key for key, _ in _held(padded, name)] == before


def test_arrays_of_structs_are_saved_by_their_members(padded: Lab) -> None:
    padded.ok("dump", "slots", "--save", "saved")
    padded.ok("map", "restore", "saved")
    entries = padded.read("slots")["entries"]
    assert [entry["value"] for entry in entries] == [[{"proto": 1, "port": 80}] * 2] * 2


@pytest.mark.parametrize("name", ["flows", "fields", "pairs"])
def test_saved_and_restored_byte_by_byte(padded: Lab, name: str) -> None:
    before = _held(padded, name)
    padded.ok("dump", name, "--save", "saved")
    padded.ok("map", "restore", "saved")
    assert _held(padded, name) == before
    padded.ok("map", "clear", name)
    padded.ok("map", "restore", "saved")
    assert _held(padded, name) == before


def test_padding_of_values_of_another_type_is_left_out(padded: Lab) -> None:
    saved = padded.ok("dump", "flows", "--save", "-").replace("00000000eeeeeeee0000000000000000", "ee" * 12)
    (padded.directory / "saved").write_text(saved)
    padded.ok("map", "restore", "saved")
    assert all(value[4:8] == ["0x00"] * 4 for _, value in _held(padded, "flows"))
