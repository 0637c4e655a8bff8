"""Maps of which the kernel keeps the same 15 characters: the whole name tells them apart."""

import json

import pytest

from .conftest import PIN, Lab

NUMBER, OTHER = "packets_by_protocol_number", "packets_by_protocol_other"
SOURCE = """
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, __u64); }
    packets_by_protocol_number SEC(".maps"), packets_by_protocol_other SEC(".maps");
SEC("xdp") int %(name)s(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u64 one = 1, *number = bpf_map_lookup_elem(&packets_by_protocol_number, &key),
          *other = bpf_map_lookup_elem(&packets_by_protocol_other, &key);
    one += %(with)s ? *%(with)s : 0;
    bpf_map_update_elem(&%(map)s, &key, &one, BPF_ANY);
    return XDP_PASS;
}
char LICENSE[] SEC("license") = "GPL";
"""


@pytest.fixture
def both(lab: Lab) -> Lab:
    for name, map_, with_ in (("mine", NUMBER, "number"), ("reference", OTHER, "other")):
        lab.compile(name, SOURCE % {"name": name, "map": map_, "with": with_})
    return lab


@pytest.fixture
def loaded(both: Lab) -> Lab:
    both.ok("load", "bpf/mine.bpf.o", "--dev", "veth0")
    return both


def test_programs_that_count_in_different_maps_differ(both: Lab) -> None:
    run = ("run", "bpf/mine.bpf.o", "--packet", "icmp", "--against", "bpf/reference.bpf.o")
    done = both.xdpctl(*run)
    assert done.returncode == 5
    assert done.stdout.endswith(f"1 in counts; counts differ in {NUMBER}, {OTHER}\n")
    said = json.loads(both.xdpctl(*run, "--json").stdout)
    assert [map_["name"] for map_ in said["maps"]] == [NUMBER, OTHER]
    assert "no difference" in both.ok(*run[:-1], "bpf/mine.bpf.o")


def test_only_the_map_that_is_named_is_filled(both: Lab) -> None:
    run = ("run", "bpf/mine.bpf.o", "--packet", "icmp")
    done = both.ok(*run, "--with", f"{NUMBER}=0=7", "--with", f"{OTHER}=0=5")
    assert f"\n{NUMBER}\n" in done
    assert f"{OTHER}" not in done
    assert "7 -> 8" in done
    assert "5 -> 8" not in both.ok(*run, "--with", f"{OTHER}=0=5")
    said = json.loads(both.ok(*run, "--json"))
    assert [map_["name"] for map_ in said["maps"] if map_["changes"]] == [NUMBER]
    both.refused(2, f"both {NUMBER} and {OTHER}", *run, "--with", f"{NUMBER[:15]}=0=7")


def test_a_copy_begins_with_what_the_map_of_that_name_holds(loaded: Lab) -> None:
    loaded.ok("map", "set", NUMBER, "0", "7")
    loaded.ok("map", "set", OTHER, "0", "100")
    done = loaded.ok("run", "mine", "--packet", "icmp", "--with-live")
    assert "7 -> 8" in done
    assert OTHER not in done


@pytest.mark.parametrize("cut_in_the_file", [False, True])
def test_a_saved_map_is_restored(cut_in_the_file: bool, loaded: Lab) -> None:
    """Files of earlier versions keep the name that the kernel cut."""
    loaded.ok("map", "set", NUMBER, "0", "7")
    assert f"of {NUMBER} in" in loaded.ok("dump", NUMBER, "--save", "saved")
    saved = loaded.directory / "saved"
    about = json.loads(saved.read_text().splitlines()[0])["map"]
    assert about["name"] == NUMBER
    if cut_in_the_file:
        saved.write_text(saved.read_text().replace(f'"name":"{NUMBER}"', f'"name":"{NUMBER[:15]}"'))
    loaded.ok("map", "clear", NUMBER)
    assert f"of {NUMBER} restored" in loaded.ok("map", "restore", "saved")
    assert (loaded.dump(NUMBER), loaded.dump(OTHER)) == ({0: 7}, {})


def test_whole_names_are_told_where_a_pin_has_them(loaded: Lab) -> None:
    status = loaded.ok("status")
    assert f" {NUMBER} " in status
    assert f" {OTHER} " in status
    names = [map_["name"] for map_ in json.loads(loaded.ok("status", "--json"))["programs"][0]["maps"]]
    assert {*names} == {NUMBER, OTHER}
    id_ = loaded.read(NUMBER)["map"]["id"]
    for name in (NUMBER, f"{PIN}/{NUMBER}", f"id:{id_}"):
        assert loaded.read(name)["map"]["name"] == NUMBER
        assert f"{NUMBER} is empty" in loaded.xdpctl("dump", name).stderr
    assert NUMBER in loaded.ok("map", "set", NUMBER, "0", "7").split("[")[0]
    assert f"{NUMBER} has no key 3" in loaded.refused(2, "", "map", "delete", NUMBER, "3")
    assert "  mine  id " in loaded.ok("status", NUMBER)
    loaded.must("bpftool", "map", "pin", "id", str(id_), "/sys/fs/bpf/another")
    assert loaded.read(f"id:{id_}")["map"]["name"] == NUMBER


def test_the_name_that_the_kernel_keeps_is_of_both(loaded: Lab) -> None:
    loaded.refused(2, f"several maps are called {NUMBER[:15]!r}", "dump", NUMBER[:15])
    assert "  mine  id " in loaded.ok("status", NUMBER[:15])
