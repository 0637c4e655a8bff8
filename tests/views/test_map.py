"""What is said of elements that were written."""

from xdpctl.views.map import was_deleted, was_set

WIDE = {f"member_{n}": n for n in range(20)}


def test_short_ones_on_a_line() -> None:
    assert was_set("config", "icmp", ["XDP_DROP"], ["XDP_PASS"], 1) == "config[icmp] = XDP_DROP, was XDP_PASS"
    assert was_set("m", "0", [{"a": 1, "b": 0}], [{"a": 0, "b": 0}], 2) == (
        "m[0] = a=1 b=0, was a=0 b=0 (of 2 CPUs together)"
    )
    assert was_set("m", "0", [3], [], 1) == "m[0] = 3, new"


def test_of_a_wide_struct_what_changed() -> None:
    after = {**WIDE, "member_3": 7, "in": {"name": "a b"}}
    before = {**WIDE, "in": {"name": ""}}
    assert was_set("m", "0", [after], [before], 2) == (
        'm[0] set (of 2 CPUs together):\n  member_3=7, was 3\n  in.name="a b", was ""\n'
        "  the other 19 members stay as they were"
    )
    assert was_set("m", "0", [WIDE], [WIDE], 1) == "m[0] set:\n  all 20 members stay as they were"


def test_other_long_ones_are_wrapped() -> None:
    lines = was_set("m", "0", [WIDE], [], 1).splitlines()
    assert lines[0].startswith("m[0] = member_0=0 member_1=1")
    assert all(line.startswith("  member_") for line in lines[1:])
    assert lines[-1].endswith("member_19=19, new")
    assert max(map(len, lines)) <= 100
    assert "\n" in was_set("m", "0", [WIDE, {**WIDE, "member_1": 0}], [WIDE], 2)
    assert "\n  member_" in was_deleted("m", "0", [WIDE])
