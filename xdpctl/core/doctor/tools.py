"""Checks of the programs and libraries that xdpctl drives."""

import re

import msgspec

from xdpctl.core.doctor.finding import MINIMUM, Finding, _bad, _good, _note
from xdpctl.core.doctor.host_facts import Facts, version_of
from xdpctl.core.machine import answers, packages
from xdpctl.core.machine.model import Device


def libbpf(facts: Facts) -> Finding:
    if facts.libbpf:
        return _good("libbpf", f"{facts.libbpf}, which reads large maps in batches")
    without = "not installed: large maps are read by bpftool, and no single CPU's value can be written"
    return _note("libbpf", without, facts.install("libbpf"))


def clang(facts: Facts) -> Finding:
    found, remedy = facts.clang, facts.install("clang")
    if found is None:
        return _bad("clang", "not installed", remedy)
    version = re.search(r"version (\S+)", found.version.out)
    if version is None:
        return _bad("clang", f"{found.path} fails: {found.version.reason}", remedy)
    name = f"{version[1]} ({found.path})"
    if not found.compiled.ok:
        return _bad("clang", f"{name} can't compile for BPF: {found.compiled.reason}", remedy)
    return _good("clang", f"{name}, compiles for BPF")


def headers(facts: Facts) -> Finding:
    if facts.clang is None or not facts.clang.compiled.ok:
        return _note("headers", "can't be looked for without clang")
    missing = [name for name, answer in facts.clang.headers.items() if not answer.ok]
    if missing:
        return _bad("headers", f"clang doesn't find {', '.join(missing)}", facts.install("headers"))
    places = (re.search(rf"\S*/{re.escape(name)}", a.out) for name, a in facts.clang.headers.items())
    return _good("headers", ", ".join(place[0] for place in places if place))


class BpftoolVersion(msgspec.Struct, frozen=True):
    version: str
    libbpf_version: str = ""


def bpftool(facts: Facts) -> Finding:
    found, remedy = facts.bpftool, facts.install("bpftool")
    if found is None:
        return _bad("bpftool", "not installed", remedy)
    if "not found for kernel" in found.version.err:
        wrapper = f"{found.path} is a wrapper that has no bpftool for kernel {facts.kernel}"
        return _bad("bpftool", wrapper, packages.wrapper_remedy(facts.os_release, facts.kernel) or remedy)
    try:
        version = answers.read(found.version.said.encode(), BpftoolVersion)
    except ValueError:
        return _bad("bpftool", f"{found.path} fails: {found.version.reason}", remedy)
    name = f"{version.version} ({found.path})"
    if version_of(version.version) < MINIMUM:
        return _bad("bpftool", f"{name} is too old", remedy)
    return _good(
        "bpftool", f"{name} with libbpf {version.libbpf_version}" if version.libbpf_version else name
    )


def iproute2(facts: Facts) -> Finding:
    found, remedy = facts.ip, facts.install("ip")
    if found is None:
        return _bad("iproute2", "not installed", remedy)
    version = re.search(r"iproute2-(?:ss)?([^\s,]+)", found.version.out)
    if version is None:
        return _bad("iproute2", f"{found.path} is another ip: {found.version.reason}", remedy)
    name = f"{version[1]} ({found.path})"
    try:
        answers.read(found.links.said.encode(), tuple[Device, ...])
    except ValueError:
        return _bad("iproute2", f"{name} doesn't print JSON: {found.links.reason}", remedy)
    if "xdpgeneric" not in found.help.out + found.help.err:
        return _bad("iproute2", f"{name} is too old to know XDP", remedy)
    return _good("iproute2", f"{name}, with JSON and XDP")
