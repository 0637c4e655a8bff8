"""What docs/reference.md says of errors is what xdpctl/errors.py says."""

import re
from collections.abc import Iterator
from pathlib import Path

import xdpctl
from xdpctl import errors
from xdpctl.errors import BadRequest, Explained, Lines, XdpctlError
from xdpctl.views import failure

ROOT = Path(xdpctl.__file__).parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text()


def below(class_: type[XdpctlError]) -> Iterator[type[XdpctlError]]:
    """It and all that is made of it in errors.py."""
    if class_.__module__ == errors.__name__:
        yield class_
        for one in class_.__subclasses__():
            yield from below(one)


LIST = [one for one in below(XdpctlError) if one is not XdpctlError] + [XdpctlError]


def test_the_list_of_codes() -> None:
    table = REFERENCE.partition("| code |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \| (.+) \|$", table, re.M)
    assert rows == [(one.code, str(one.exit_code), (one.__doc__ or "").rstrip(".")) for one in LIST]


def test_a_code_is_one_class() -> None:
    codes = [one.code for one in LIST]
    assert len({*codes}) == len(codes)


def test_each_exit_code_is_in_the_table() -> None:
    table = REFERENCE.partition("| exit code |")[2].partition("\n\n")[0]
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", table, re.M)]
    assert told == sorted({0, *(one.exit_code for one in LIST)})


def test_each_code_is_used() -> None:
    sources = [
        path.read_text() for path in Path(xdpctl.__file__).parent.rglob("*.py") if path.stem != "errors"
    ]
    names = {name for source in sources for name in re.findall(r"\w+", source)}
    assert not {one.__name__ for one in LIST} - names


def test_whatever_explains_itself_has_one_base() -> None:
    private = {
        name
        for path in Path(xdpctl.__file__).parent.rglob("*.py")
        for name in re.findall(r"^class (\w+)\((?:Base)?Exception\)", path.read_text(), re.M)
    }
    assert private == {Explained.__name__}


def test_a_hint_of_several_lines_is_one_text_of_json() -> None:
    error = Explained(Lines("a\nb"), Lines("c\n  ^"))
    told = '{"schema":1,"error":{"code":"failed","message":"a\\nb","hints":["c\\n  ^"]}}'
    assert failure.as_json(error) == told


def test_a_message_is_bounded_whatever_it_quotes() -> None:
    long = BadRequest("x" * 100_000, "y" * 100_000, Lines("z" * 100_000))
    assert [len(line) for line in (long.message, *long.hints)] == [501, 501, 100_000]
    path = "/" + "x" * 4095
    assert BadRequest(path).message == path
