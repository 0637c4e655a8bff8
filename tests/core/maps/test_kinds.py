"""What maps are called and for."""

import pytest

from xdpctl.core.maps.kinds import ABOUT, FLAGS, flag_names
from xdpctl.core.spec.words import Flag, MapType


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (0, ()),
        (1, ("no_prealloc",)),
        (1 << 7 | 1 << 10, ("rdonly_prog", "mmapable")),
        (1 << 30 | 1, ("no_prealloc", "0x40000000")),
    ],
)
def test_flags(flags: int, names: tuple[str, ...]) -> None:
    assert flag_names(flags) == names


def test_all_that_build_knows_is_told_of() -> None:
    assert {*MapType} <= {*ABOUT}
    assert {*Flag} <= {*FLAGS}
