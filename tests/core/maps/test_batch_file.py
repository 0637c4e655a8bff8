"""Elements in files: what is said of each, and what is wrong in which line."""

import io
from collections.abc import Iterator

import pytest

from xdpctl.core.maps import batch_file
from xdpctl.core.maps.batch_file import BatchColumns, Spoken, WrongLine

COUNTS = BatchColumns(("key",), ("packets", "bytes"))
FLOWS = BatchColumns(("src_ip", "port"), ("value.port", "in.a"))
SCALARS = BatchColumns(("key",), ("value",))


def read(text: str, columns: BatchColumns, values: bool) -> Iterator[Spoken]:
    blocks = batch_file.read(io.StringIO(text, newline=""), columns, values)
    return (said for block in blocks for said in block.each())


def test_a_table() -> None:
    text = 'key,packets,bytes\n0,1,2\n\n"a,b",3,4\n'
    assert [*read(text, COUNTS, True)] == [
        Spoken(2, "0", {"packets": "1", "bytes": "2"}),
        Spoken(4, "a,b", {"packets": "3", "bytes": "4"}),
    ]


def test_columns_of_the_key_and_of_the_value() -> None:
    [said] = read("in.a,port,value.port,src_ip\n1,80,90,10.0.0.1\n", FLOWS, True)
    assert (said.key, said.value) == ({"src_ip": "10.0.0.1", "port": "80"}, {"port": "90", "in.a": "1"})


def test_values_of_cpus() -> None:
    assert [*read("key,cpu,value\n0,0,5\n0,1,6\n", SCALARS, True)] == [
        Spoken(2, "0", "5", 0),
        Spoken(3, "0", "6", 1),
    ]
    text = '{"key":0,"value":11,"per_cpu":[{"cpu":0,"value":5},{"cpu":1,"value":6}]}\n{"key":1,"value":2}\n'
    assert [*read(text, SCALARS, True)] == [Spoken(1, 0, 5, 0), Spoken(1, 0, 6, 1), Spoken(2, 1, 2)]


def test_keys_alone_are_enough_to_delete() -> None:
    assert [*read("key\n7\n", COUNTS, False)] == [Spoken(2, "7")]


@pytest.mark.parametrize(
    "text", ["", "\n", "key,value\n", "key,value", "bytes,key\n", "key,cpu,packets,bytes\n"]
)
def test_of_an_empty_map(text: str) -> None:
    assert [*read(text, COUNTS, True)] == []
    assert [*read("key,value\n", FLOWS, False)] == [], "dump can't tell columns where there is no row"


def test_lines_end_where_they_end() -> None:
    assert [said.key for said in read('{"key":"a\u2028b","value":1}\n', SCALARS, True)] == ["a\u2028b"]
    assert [*read("key,value\r\n1,2\r\n", SCALARS, True)] == [Spoken(2, "1", "2")]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("word\n0\n", 1, "there is no column 'word'"),
        ("word", 1, "there is no column 'word'"),
        ("key,packet\n", 1, "there is no column 'packet'"),
        ("value,key\n", 1, "there is no column 'value'"),
        ("\nkey,packets\n", 1, "the header is missing"),
        ("key\n0\n", 1, "columns are missing: packets, bytes"),
        ("packets\n0\n", 1, "columns are missing: key"),
        ("key,packet\n0,1\n", 1, "there is no column 'packet'"),
        ("key,key,bytes\n0,1\n", 1, "a column is there twice"),
        ("key,bytes\n0,1\n0,1,2\n", 3, "it has 3 columns, the header has 2"),
        ("key,bytes\n\n0\n", 3, "it has 1 column, the header has 2"),
        ("key,cpu,bytes\n0,x,1\n", 2, "there is no CPU 'x'"),
        ('key,bytes\n0,"1\n', 2, "it is no CSV"),
        ('{"key":1,"value":2}\n{"key":1', 2, "this is no element"),
        ('{"key":1', 1, "this is no element: input data was truncated"),
        ('{"key":1,"value":"a\\ud800b"}', 1, r"this is no element: \\ud800 is half a character"),
        ('{"key":"\\ud83d\\ude00","value":"\\udc00"}', 1, r"\\udc00 is half a character"),
        ('\n{"kye":1}', 2, "this is no element: 'kye' is neither key nor value"),
        ('{"value":1}', 1, "this is no element: it has no key"),
        ('{"key":1,"value":2}\n5', 2, "this is no element: it isn't in braces"),
        ('{"key":1,"per_cpu":5}', 1, "this is no element: per_cpu is a list like"),
        ('{"key":1,"key":2,"value":3}', 1, "this is no element: 'key' is there twice"),
        ('{"key":1,"value":{"packets":1,"k\\u0065y":2,"key":2}}', 1, "'key' is there twice"),
        ('{"key":1,"per_cpu":[{"cpu":0,"value":5,"cpu":1}]}', 1, "'cpu' is there twice"),
        ('{"key":1,"value":' + "[" * 9999, 1, "this is no element: it goes too deep"),
        ('{"key":1}\n{"key":1,"key":2,"value":3}', 2, "'key' is there twice"),
        ('{"key":":","value":1}\n{"key":1,"value":3,"value":3}', 2, "'value' is there twice"),
        ('{"key":"\\u003a","value":1}\n{"key":1,"value":3,"value":3}', 2, "'value' is there twice"),
        ('{"key":1,"value":2}{"key":3,"value":4}', 1, "this is no element"),
        ('{"schema":1,"map":{},"entries":[]}', 1, "this is one object, as --json prints it"),
        ('{\n  "schema": 1,\n', 1, "this is one object, as --json prints it"),
        ('{"schema":1,"saved":"2026"}\n{"key":1}', 1, "this is a saved map"),
    ],
)
def test_what_is_wrong(text: str, line: int, reason: str) -> None:
    with pytest.raises(WrongLine, match=reason) as caught:
        [*read(text, COUNTS, True)]
    assert caught.value.line == line


@pytest.mark.parametrize(
    "text", ["[" * 9999, '{"k":1}'.replace("k", "k" * 9999), '{"k":1,"k":2}'.replace("k", "k" * 9999)]
)
def test_what_is_long_is_quoted_in_part(text: str) -> None:
    with pytest.raises(WrongLine) as caught:
        [*read(text, COUNTS, True)]
    assert len(caught.value.message) < 200


@pytest.mark.parametrize(
    "text",
    [
        "key,packets,bytes\n" + "".join(f"{n},{n},1\n" for n in range(9)) + '"1\n2",3,4\n',
        "".join(f'{{"key":{n},"value":{{"packets":{n},"bytes":1}}}}\n' for n in range(9)) + '{"key":"a:b"}\n',
        "".join(f'{{"key":{n},"value":[{n},1.5,-0.0,{1 << 70},1e3]}}\n' for n in range(9)),
    ],
)
def test_blocks_say_what_each_line_says(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = [*read(text, COUNTS, True)]
    assert len({repr(said) for said in whole}) == len(whole) >= 9
    monkeypatch.setattr(batch_file, "AT_ONCE", 2)
    assert list(map(repr, read(text, COUNTS, True))) == list(map(repr, whole))
    monkeypatch.setattr(batch_file, "_each_name_once", lambda *_: False)
    assert list(map(repr, read(text, COUNTS, True))) == list(map(repr, whole))


def test_columns() -> None:
    table = io.StringIO("packets,key,bytes\n1,2,3\n4,5,6\n", newline="")
    lines = io.StringIO('{"key":2,"value":{"bytes":3,"packets":1}}\n', newline="")
    [block] = batch_file.read(table, COUNTS, True)
    assert block.columns(("key",), ("packets", "bytes")) == ([("2", "5")], [("1", "4"), ("3", "6")])
    assert block.columns(("key",), ("packets", "more")) is None
    [block] = batch_file.read(lines, COUNTS, True)
    assert block.columns(("key",), ("packets", "bytes")) == ([[2]], [[1], [3]])
    assert block.columns(("key",), ("packets",)) is None
    assert block.columns(("a", "b"), ("packets", "bytes")) is None
