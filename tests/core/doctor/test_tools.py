"""Findings about clang, bpftool, ip and libbpf."""

import pytest
from msgspec.structs import replace

from xdpctl.core.doctor.host_facts import CommandAnswer

from .machines import BPFTOOL, CLANG, DEBIAN, FOUND, HEALTHY, IP, NOT_FOUND, UBUNTU, bad, finding, good, note


def test_clang() -> None:
    good("14.0.6 (/usr/bin/clang), compiles for BPF", finding("clang"))
    bad("not installed", "apt-get install clang", finding("clang", clang=None))
    broken = replace(CLANG, version=CommandAnswer(False, err="error while loading libLLVM\nmore\n"))
    bad("/usr/bin/clang fails: error while loading", "apt-get install clang", finding("clang", clang=broken))
    hostonly = replace(CLANG, compiled=CommandAnswer(False, err="error: unable to create target: 'bpf'\n"))
    found = finding("clang", clang=hostonly)
    bad("14.0.6 (/usr/bin/clang) can't compile for BPF: error: unable", "apt-get install clang", found)


def test_headers() -> None:
    found = finding("headers")
    good("/usr/include/linux/bpf.h, /usr/include/bpf/bpf_helpers.h", found)
    good("/usr/include/x86_64-linux-gnu/asm/types.h", found)
    missing = replace(CLANG, headers={**FOUND, "bpf/bpf_helpers.h": NOT_FOUND})
    found = finding("headers", clang=missing)
    bad("doesn't find bpf/bpf_helpers.h", "apt-get install libbpf-dev linux-libc-dev", found)
    note("without clang", "", finding("headers", clang=None))


def test_bpftool() -> None:
    good("7.1.0 (/usr/sbin/bpftool) with libbpf 1.1", finding("bpftool"))
    oldest = replace(BPFTOOL, version=CommandAnswer(True, '{"version":"4.19.304"}'))
    bad("too old", "apt-get install bpftool", finding("bpftool", bpftool=oldest))
    broken = replace(
        BPFTOOL, version=CommandAnswer(False, err="bpftool: cannot execute: required file not found\n")
    )
    bad("fails: bpftool: cannot execute", "apt-get install bpftool", finding("bpftool", bpftool=broken))
    silent = replace(BPFTOOL, version=CommandAnswer(False))
    bad("it gives no reason", "apt-get install bpftool", finding("bpftool", bpftool=silent))


@pytest.mark.parametrize(
    ("os_release", "remedy"),
    [
        (DEBIAN, "apt-get install bpftool"),
        (UBUNTU, "apt-get install linux-tools-$(uname -r)"),
        ("ID=fedora\n", "dnf install bpftool"),
        ("ID=arch\n", "pacman -S bpf"),
        ("ID=alpine\n", "apk add bpftool"),
        ("ID=nixos\n", "install bpftool with your distribution's package manager"),
    ],
)
def test_bpftool_by_distribution(os_release: str, remedy: str) -> None:
    bad("not installed", remedy, finding("bpftool", bpftool=None, os_release=os_release))


def test_wrapper_of_ubuntu() -> None:
    err = "WARNING: bpftool not found for kernel 6.8.0-31\n\n  You may need to install the following packages"
    wrapper = replace(BPFTOOL, version=CommandAnswer(False, err=err), probe=CommandAnswer(False, err=err))
    facts = replace(HEALTHY, os_release=UBUNTU, kernel="6.8.0-31-generic", bpftool=wrapper)
    says = "/usr/sbin/bpftool is a wrapper that has no bpftool for kernel 6.8.0-31-generic"
    bad(says, "apt-get install linux-tools-$(uname -r)", finding("bpftool", facts))
    note("without bpftool", "", finding("xdp", facts))


def test_iproute2() -> None:
    good("6.1.0 (/usr/sbin/ip), with JSON and XDP", finding("iproute2"))
    bad("not installed", "apt-get install iproute2", finding("iproute2", ip=None))
    busybox = replace(IP, version=CommandAnswer(False, err="ip: invalid option -- 'V'\nBusyBox v1.36.1"))
    found = finding("iproute2", ip=busybox, os_release="ID=alpine\n")
    bad("is another ip: ip: invalid option", "apk add iproute2", found)
    textual = replace(IP, links=CommandAnswer(False, err='Option "-j" is unknown'))
    bad("doesn't print JSON", "apt-get install iproute2", finding("iproute2", ip=textual))
    blind = replace(IP, help=CommandAnswer(False, err="Usage: ip link"))
    bad("too old to know XDP", "dnf install iproute", finding("iproute2", ip=blind, os_release="ID=fedora\n"))


def test_libbpf() -> None:
    good("libbpf.so.1, which reads large maps in batches", finding("libbpf"))
    note(
        "not installed: large maps are read by bpftool",
        "apt-get install libbpf-dev",
        finding("libbpf", libbpf=""),
    )
