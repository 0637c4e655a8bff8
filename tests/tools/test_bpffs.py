"""bpffs and files, acted on without a process."""

from pathlib import Path

import pytest

from xdpctl.tools import bpffs, proc


def test_acts(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    assert bpffs.act(("mkdir", str(directory))).ok
    for name in "abc":
        (directory / name).touch()
    assert bpffs.entries(str(directory)) == ("a", "b", "c")
    assert bpffs.act(("rm", f"{directory}/a", f"{directory}/b")).ok
    assert bpffs.act(("rm", "-f", f"{directory}/b", f"{directory}/c")).ok
    assert bpffs.act(("rmdir", str(directory))).ok
    assert bpffs.entries(str(directory)) == ()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("mkdir", "."), "mkdir: {}/.: File exists"),
        (("mkdir", "no/d"), "mkdir: {}/no/d: No such file or directory"),
        (("rmdir", "no"), "rmdir: {}/no: No such file or directory"),
        (("rm", "no"), "rm: {}/no: No such file or directory"),
    ],
)
def test_failures_are_told_as_by_the_commands(words: tuple[str, str], says: str, tmp_path: Path) -> None:
    done = bpffs.act((words[0], f"{tmp_path}/{words[1]}"))
    assert (done.ok, done.err) == (False, says.format(tmp_path))


def test_they_are_shown_like_other_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    monkeypatch.setattr(proc, "_show", lines.append)
    bpffs.act(("mkdir", f"{tmp_path}/a b"))
    assert lines == [f"mkdir '{tmp_path}/a b'"]
