"""Two directories that change places; also where the kernel can't exchange names in bpffs."""

import errno
from pathlib import Path

import pytest

from xdpctl.tools import renaming


@pytest.mark.parametrize("at_once", [True, False])
def test_two_directories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    if not at_once:
        monkeypatch.setattr(renaming, "_rename", refuse)
    one, other = tmp_path / "one", tmp_path / "other"
    for directory, names in ((one, ("both", "mine", "same")), (other, ("both", "yours"))):
        directory.mkdir()
        for name in names:
            (directory / name).write_text(directory.name)
    (other / "same").hardlink_to(one / "same")
    renaming.exchange(str(one), str(other))
    found = {str(p.relative_to(tmp_path)): p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == {
        "one/both": "other",
        "one/yours": "other",
        "one/same": "one",
        "other/both": "one",
        "other/mine": "one",
        "other/same": "one",
    }
    renaming.exchange(str(one), str(other))
    assert sorted(path.name for path in one.iterdir()) == ["both", "mine", "same"]
