"""The trace log's text: entries of every form, and whose a line is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdpctl.core.trace.log import Entry, Lost, Reader, Stack, TraceLine, parse, printers

LINE = "         bpftool-4488    [000] b..11 22742.816446: bpf_trace_printk: seen\n"
SEEN = TraceLine(22742816446, 0, "bpftool", 4488, "seen")


def stack(function: str, cpu: int = 0, pid: int = 4488) -> str:
    return (
        f"         bpftool-{pid}    [{cpu:03}] b..11 22742.816498: <stack trace>\n"
        " => trace_event_raw_event_bpf_trace_printk\n => __traceiter_bpf_trace_printk\n"
        f" => bpf_trace_printk\n => {function}\n => bpf_test_run\n => do_syscall_64\n"
    )


MINE, OTHER = "bpf_prog_f2e9405d7f301126_mine", "bpf_prog_f2e9405d7f301126_other"


def entries(text: str) -> list[Entry]:
    return list(parse(text))


def shown(text: str, program: str = "") -> list[str]:
    return [line.message for line in Reader(program).lines(parse(text))]


@pytest.mark.parametrize(
    ("head", "task", "pid", "cpu"),
    [
        ("         bpftool-4488    [000] b..11 22742.816446: ", "bpftool", 4488, 0),
        ("          <idle>-0       [011] ..s. 22742.816446: ", "<idle>", 0, 11),  # Linux 5.10
        ("           <...>-1234567 [001] .Ns2. 22742.816446: ", "<...>", 1234567, 1),
        ("         bpftool-9086    (   9086) [001] b..11 22742.816446: ", "bpftool", 9086, 1),
        ("         bpftool-9086    (-------) [001] b..11 22742.816446: ", "bpftool", 9086, 1),
        ("    kworker/u8:9-2921    [001] 22742.816446: ", "kworker/u8:9", 2921, 1),
        ("    a b-1 [002] x-77     [001] ..s2. 22742.816446: ", "a b-1 [002] x", 77, 1),
        ("                -77      [001] ..s2. 22742.816446: ", "", 77, 1),
    ],
)
def test_heads(head: str, task: str, pid: int, cpu: int) -> None:
    assert entries(f"{head}bpf_trace_printk: seen\n") == [TraceLine(22742816446, cpu, task, pid, "seen")]


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        ("", ""),
        ("seen\n", "seen"),
        ("two\nlines\n", "two\nlines"),
        ("a\n\n b-1 [00] c", "a\n\n b-1 [00] c"),
        ("CPU:1 [LOST", "CPU:1 [LOST"),
        (" => no function", " => no function"),
        ("x-1 [000] .... 1.000000: bpf_trace_printk: y", "x-1 [000] .... 1.000000: bpf_trace_printk: y"),
    ],
)
def test_messages_are_whole(printed: str, message: str) -> None:
    text = LINE.replace("seen", printed)
    assert shown(text + LINE) == [message, "seen"]


@given(st.text(st.characters(exclude_characters="\n")))
def test_any_message_of_one_line(message: str) -> None:
    assert shown(LINE.replace("seen", message)) == [message]


def test_what_else_is_in_a_log() -> None:
    assert entries("") == []
    assert entries("CPU:1 [LOST 123 EVENTS]\n" + LINE) == [Lost(1, 123), SEEN]
    assert entries("CPU:12 [LOST EVENTS]\n") == [Lost(12, 1)]
    assert entries(LINE + stack(MINE)) == [
        SEEN,
        Stack(
            0,
            4488,
            (
                "trace_event_raw_event_bpf_trace_printk",
                "__traceiter_bpf_trace_printk",
                "bpf_trace_printk",
                MINE,
                "bpf_test_run",
                "do_syscall_64",
            ),
        ),
    ]
    assert entries(LINE.replace("bpf_trace_printk", "tracing_mark_write")) == []
    assert entries("the rest of something\n" + LINE) == [SEEN]


@pytest.mark.parametrize(
    ("functions", "names"),
    [
        (["bpf_trace_printk", MINE, "veth_poll"], ["mine"]),
        (["bpf_trace_vprintk", OTHER, MINE, "veth_poll"], ["other", "mine"]),
        (["bpf_trace_printk", OTHER, "kprobe", MINE, "veth_poll"], ["other"]),
        (["bpf_trace_printk", "0xffffffffc0027591", "kprobe", MINE], []),
        (["bpf_trace_printk", "___bpf_prog_run", "veth_poll"], []),
        ([], []),
    ],
)
def test_the_innermost_program_printed_it(functions: list[str], names: list[str]) -> None:
    assert list(printers(functions)) == names


def test_the_lines_of_one_program() -> None:
    one, two = LINE.replace("seen", "one"), LINE.replace("seen", "two")
    assert shown(one + stack(MINE) + two + stack(OTHER), "mine") == ["one"]
    assert shown(one + stack(MINE) + two + stack(OTHER)) == ["one", "two"]
    assert shown(one + stack(MINE) + two + stack(OTHER), "min") == []


def test_a_long_name_of_which_old_tools_know_the_beginning() -> None:
    long = "bpf_prog_f2e9405d7f301126_" + "count_packets_long"
    assert shown(LINE + stack(long), "count_packets_l") == ["seen"]
    assert shown(LINE + stack(long), "count_packets") == []


def test_cpus_and_interrupts_come_between_a_line_and_its_stack() -> None:
    on_1 = LINE.replace("[000]", "[001]").replace("seen", "on 1")
    inner = LINE.replace("seen", "inner")
    assert shown(LINE + on_1 + stack(MINE) + stack(OTHER, cpu=1), "mine") == ["seen"]
    assert shown(LINE + on_1 + stack(MINE) + stack(OTHER, cpu=1), "other") == ["on 1"]
    assert shown(LINE + inner + stack(OTHER) + stack(MINE), "mine") == ["seen"]


def test_stacks_and_lines_in_separate_texts() -> None:
    reader = Reader("mine")
    assert not list(reader.lines(parse(LINE)))
    assert list(reader.lines(parse(stack(MINE)))) == [SEEN]


def test_what_cannot_be_shown_is_counted() -> None:
    reader = Reader("mine")
    text = LINE + "CPU:0 [LOST 7 EVENTS]\n" + stack(MINE) + LINE + stack("0xffffffffc0027591")
    assert not list(reader.lines(parse(text)))
    assert (reader.lost, reader.nameless) == (7, 1)
