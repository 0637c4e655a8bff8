"""All checks, in their order."""

from xdpctl.core.doctor.finding import Finding, _bad
from xdpctl.core.doctor.host_facts import Facts
from xdpctl.core.doctor.kernel import (
    bpf,
    bpffs,
    btf,
    frags,
    jit,
    kernel,
    lockdown,
    memlock,
    path,
    privileges,
    unprivileged,
    xdp,
)
from xdpctl.core.doctor.tools import bpftool, clang, headers, iproute2, libbpf


def examine(facts: Facts) -> tuple[Finding, ...]:
    """All findings, the most basic first."""
    if not facts.filesystems:
        return (
            _bad("proc", "/proc isn't mounted: nothing can be judged without it", "mount -t proc proc /proc"),
        )
    return tuple(found for check in CHECKS if (found := check(facts)) is not None)


CHECKS = (
    privileges,
    kernel,
    bpf,
    xdp,
    frags,
    btf,
    jit,
    bpffs,
    lockdown,
    unprivileged,
    memlock,
    clang,
    headers,
    bpftool,
    libbpf,
    iproute2,
    path,
)
