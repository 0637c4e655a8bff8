"""ip link: which program runs where."""

from collections.abc import Callable
from pathlib import Path

import pytest

from xdpctl.core.machine.model import AttachedProgram, Attachment, Device, IpMode, Mode, ProgId, Xdp
from xdpctl.errors import BadRequest, Refused
from xdpctl.tools import iplink, proc
from xdpctl.tools.netns import HERE, Netns

RECORDED = Path(__file__).parent.parent / "data" / "recorded"

Stub = Callable[..., Callable[[], list[str]]]


def recorded(name: str) -> bytes:
    return (RECORDED / f"{name}.json").read_bytes()


def answer(out: bytes, err: str = "", status: int = 0) -> proc.Result:
    return proc.Result(("ip",), status, out, err)


def attached(mode: IpMode, number: int, name: str = "") -> Attachment:
    return Attachment(mode, AttachedProgram(ProgId(number), name))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ip_link_none", ()),
        ("ip_link_xdpdrv", (attached(IpMode.DRV, 195, "xdp_stats_funct"),)),
        ("ip_link_xdpgeneric", (attached(IpMode.SKB, 195, "xdp_stats_funct"),)),
        (
            "ip_link_multi_SYNTHETIC",
            (attached(IpMode.DRV, 195, "xdp_stats_funct"), attached(IpMode.HW, 196, "xdp_hw")),
        ),
        ("nonroot_ip_link", (attached(IpMode.DRV, 195),)),
    ],
)
def test_the_programs_of_a_device(name: str, expected: tuple[Attachment, ...]) -> None:
    (device,) = iplink.decode(answer(recorded(name)))
    assert (device.ifname, device.ifindex) == ("sv-a", 6)
    assert device.xdp.attached == expected


def test_names_of_any_bytes() -> None:
    """As ip prints them, of any version: it escapes quotes and backslashes, and some an apostrophe."""
    names = (b"a\x01b", b"a\x1b[1m", b"\xc3\xa9", b"a\xff", b'a\\"b', b"a\\\\'", b"a\\'b", b"a{,]")
    out = b"[" + b",".join(b'{"ifname":"%s","ifalias":"\x02\xfe"}' % name for name in names) + b"]"
    found = [device.ifname for device in iplink.decode(answer(out))]
    assert found == ["a\x01b", "a\x1b[1m", "é", "a\udcff", 'a"b', "a\\'", "a'b", "a{,]"]


def test_a_bpf_link_looks_the_same() -> None:
    (device,) = iplink.decode(answer(recorded("bpflink_ip_link")))
    assert [a.mode.mode for a in device.xdp.attached] == [Mode.NATIVE]


def test_all_devices_and_those_of_a_program() -> None:
    found = iplink.decode(answer(recorded("ip_link_all_devs")))
    assert "lo" in [device.ifname for device in found]
    two = Device("x", xdp=Xdp((attached(IpMode.DRV, 1), attached(IpMode.HW, 2))))
    assert two.attachments_of(frozenset({ProgId(2), ProgId(3)})) == (attached(IpMode.HW, 2),)


@pytest.mark.parametrize(
    ("netns", "command"),
    [
        (HERE, "ip -j -d link show dev eth1"),
        (Netns("/run/netns/lab"), "nsenter --net=/run/netns/lab ip -j -d link show dev eth1"),
    ],
)
def test_the_namespace_is_entered_by_its_file(netns: Netns, command: str, stub: Stub) -> None:
    out = b'[{"ifname":"eth1"}]'
    calls = stub(command.split()[0], out)
    assert iplink.device("eth1", netns) == Device("eth1")
    assert calls() == [command]


def test_an_unknown_device_is_told_with_the_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = answer(b"", 'Device "sv-b" does not exist.\n', 1)
    monkeypatch.setattr(iplink, "devices", lambda _: (Device("lo"), Device("sv-a")))
    with pytest.raises(BadRequest) as caught:
        iplink.found("sv-b", missing, Netns("/run/netns/lab"))
    assert str(caught.value) == "there is no device 'sv-b' in netns lab\ndid you mean 'sv-a'?"


def test_failures() -> None:
    with pytest.raises(Refused, match="ip failed: Cannot open netlink socket"):
        iplink.decode(answer(b"", "Cannot open netlink socket\n", 1))
    for odd in (
        b"1: lo: <LOOPBACK>",
        b'[{"ifname":"a\x01',
        b"\xff",
        b'[{"ifname":1}]',
        b"[" * 5000,
        b'{"a":1}',
        b"",
        b"[]",
        b"[{},{}]",
        b"null",
    ):
        with pytest.raises(Refused, match="ip printed what xdpctl can't read"):
            iplink.decode(answer(odd))


def test_what_devices_received_and_sent(stub: Stub) -> None:
    out = b"""[{},{"ifname":"eth1","stats64":{"rx":{"packets":5,"bytes":300},"tx":{"packets":2}},
        "addr_info":[{"family":"inet6","local":"fe80::1"},{"family":"inet","local":"10.0.0.1"}]},
        {"ifname":"eth2"}]"""
    calls = stub("nsenter", out)
    one, other = iplink.meters(Netns("/run/netns/lab").prefix)
    assert (one.ifname, one.packets.rx.packets, one.packets.tx.packets, one.address) == (
        "eth1",
        5,
        2,
        "10.0.0.1",
    )
    assert other.address == ""
    with pytest.raises(Refused, match="nothing of what eth2 received and sent"):
        _ = other.packets
    assert calls() == ["nsenter --net=/run/netns/lab ip -s -j address show"]


@pytest.mark.parametrize(
    ("out", "err", "status", "why"),
    [
        (b"", "", 1, "ip failed: status 1, without a word"),
        (b"", "", -9, r"ip was ended by signal 9 \(SIGKILL\)"),
        (b"", "RTNETLINK answers: Operation not permitted", 2, "ip failed: RTNETLINK answers"),
        (b"", "Cannot open netlink socket: Permission denied", 1, "ip failed: Cannot open netlink"),
        (
            b"",
            "nsenter: failed to execute ip: No such file or directory",
            127,
            "ip failed: nsenter: failed to ex",
        ),
        (b"", "", 0, "ip printed what xdpctl can't read: nothing at all"),
        (b"[]", "", 0, "ip printed what xdpctl can't read: no device"),
        (b'{"ifname":"sv-a"}', "", 0, "ip printed what xdpctl can't read"),
    ],
)
def test_a_failure_is_no_missing_device(out: bytes, err: str, status: int, why: str) -> None:
    with pytest.raises(Refused, match=why):
        iplink.found("sv-a", answer(out, err, status), HERE)


def test_a_device_that_has_come_meanwhile_is_not_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iplink, "devices", lambda _: (Device("va"),))
    with pytest.raises(BadRequest) as caught:
        iplink.found("va", answer(b"", 'Device "va" does not exist.\n', 1), HERE)
    assert "did you mean" not in str(caught.value)
