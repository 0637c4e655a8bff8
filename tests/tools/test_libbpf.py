"""Where libbpf isn't installed, or is too old for a call, that is told, and can be known beforehand."""

import pytest

from xdpctl.core.machine.model import Map, MapId
from xdpctl.errors import HostLacks
from xdpctl.tools import executables, libbpf
from xdpctl.tools.libbpf import maps, programs


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "libbpf isn't installed"),
        (("libnone.so.1",), "libbpf isn't installed"),
        (("libnone.so.1", "libc.so.6"), "libc.so.6 is too old: it has no bpf_prog_test_run_opts"),
    ],
)
def test_what_is_missing(names: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that has none of the calls stands for one that is too old."""
    monkeypatch.setattr(libbpf, "NAMES", names)
    assert libbpf.installed() == (names[-1] if "libc.so.6" in names else "")
    assert not libbpf.can("bpf_prog_test_run_opts")
    with pytest.raises(HostLacks) as caught:
        programs.run(3, bytes(64))
    assert (caught.value.message, caught.value.hints) == (said, (executables.install_hint("libbpf"),))


def test_batches_have_another_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libbpf, "NAMES", ())
    with pytest.raises(HostLacks, match="which reads maps in batches\nxdpctl dump --via bpftool"):
        next(maps.batches(Map(MapId(1), "hash", "m", 4, 4, 1)))
