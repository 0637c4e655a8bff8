"""Why a tool refused, in words that help: text in, explanation out."""

import re

from msgspec import Struct

from xdpctl.errors import MORE_IN_LOG, Lines, NotPermitted, Refused, VerifierRejected, XdpctlError

_NOT_PERMITTED = r"Operation not permitted|-EPERM\b"
"""libbpf 1.6 and later name an error by its constant."""


class Explanation(Struct, frozen=True):
    message: str
    hints: tuple[str, ...] = ()
    error: type[XdpctlError] = Refused


def not_permitted(reason: str) -> bool:
    return re.search(_NOT_PERMITTED, reason) is not None


def load_failure(reason: str, log: str) -> Explanation:
    """Why `bpftool prog load` failed: its own words on stdout, libbpf's and the verifier's on stderr."""
    begun = log.partition("-- BEGIN PROG LOAD LOG --\n")[2]
    verifier, ended, _ = begun.partition("-- END PROG LOAD LOG --")
    if ended and "processed" in verifier:
        return _verifier_rejection(verifier, log)
    if not_permitted(log) or not_permitted(reason):
        return Explanation("not permitted to load BPF programs", ("run xdpctl as root",), NotPermitted)
    for pattern, message, *hints in _LOAD_PATTERNS:
        found = re.search(pattern, log + "\n" + reason)
        if found:
            return Explanation(found.expand(message), tuple(hints))
    said = [line for line in log.splitlines() if line.startswith("libbpf: ")]
    return Explanation(said[0].removeprefix("libbpf: ") if said else reason, tuple(said[1:3]))


_LINKED = "link it with the object that has that: bpftool gen object BOTH.o ONE.o OTHER.o"
_LOAD_PATTERNS = (
    (
        r"failed to pin program|can't pin BPF object: path '(?s:.*)' already exists"
        r"|failed to pin map: (?:File exists|-EEXIST)",
        "something is pinned there already",
        "xdpctl status shows what, and where",
    ),
    (
        r"already has pin path|couldn't reuse pinned map at '([^']+)'",
        r"a map is pinned by its own definition (LIBBPF_PIN_BY_NAME)",
        "delete the line __uint(pinning, LIBBPF_PIN_BY_NAME): xdpctl pins the maps itself",
    ),
    (
        r"map '(\w+)': failed to create: (?:Invalid argument|-EINVAL)",
        r"the kernel refused the definition of map \1",
        "check its max_entries (at least 1), key (4 bytes for an array) and flags",
    ),
    (
        r"map '(\w+)': failed to create: (?:Argument list too long|Cannot allocate memory|-E2BIG|-ENOMEM)",
        r"map \1 is too large for this machine",
        "make max_entries or the value smaller",
    ),
    (
        r"legacy map definitions",
        r'the object defines maps in SEC("maps"), which libbpf 1.0 and later refuse',
        "build it from its source: `xdpctl build FILE.c --convert` writes the maps in today's form",
    ),
    (r"BTF is required", "the object has no BTF, which its maps need", "compile it with -g"),
    (
        r"failed to find BTF for extern '(\w+)' \[\d+\] section",
        r"the object lacks \1, which it declares",
        _LINKED,
    ),
    (
        r"unrecognized extern section '(\S+)'",
        r"the object lacks something of section \1, which it declares",
        _LINKED,
    ),
    (
        r"failed to find BTF for extern '(\w+)'",
        r"the program calls \1, which a BPF program can't",
        "such functions are for user space",
    ),
    (
        r"'(\w+)': BPF program load failed: (?:Invalid argument|-EINVAL)\nlibbpf: prog '\1': failed to load",
        r"the kernel refused \1 before verifying it, and gives no reason",
        'if its section is "xdp.frags" (frags = true), that needs Linux 5.18 or newer',
    ),
)


def _verifier_rejection(verifier: str, log: str) -> Explanation:
    program = re.search(r"prog '(\w+)'", log)
    lines = [line for line in verifier.splitlines() if line.strip()]
    end = next(i for i, line in enumerate(lines) if line.startswith("processed "))
    start = end
    while start and not re.match(r"\d+: |; |from \d+ to \d+|R\d+=", lines[start - 1]):
        start -= 1
    reasons = [line.strip() for line in lines[start:end]] or ["it gave no reason"]
    source = [m for m in (re.match(_SOURCE, line) for line in lines[:start]) if m and m["code"]]
    where = f" at {source[-1]['file']}:{source[-1]['line']}" if source and source[-1]["file"] else ""
    code = (source[-1]["code"].strip(),) if source else ()
    advice = [say for pattern, say in _VERIFIER_ADVICE if re.search(pattern, "\n".join(reasons))][:1]
    more = [reason for reason in reasons[1:] if not reason.startswith(("cur state", "old state"))]
    return Explanation(
        f"the verifier rejected {program[1] if program else 'the program'}{where}: {reasons[0]}",
        (*code, *more, *advice, MORE_IN_LOG),
        VerifierRejected,
    )


_VERIFIER_ADVICE = (
    ("map_value_or_null", "a lookup may find nothing: compare its pointer with NULL first"),
    ("invalid access to packet", "the packet may end before: compare with data_end first"),
    ("pkt_end prohibited", "calculate with data, and only compare with data_end"),
    ("type=map_value expected=map_ptr", 'the map lacks SEC(".maps") behind its name'),
    ("type=scalar expected=fp", "a helper wants the address of the key or value: &key"),
    ("GPL-restricted", 'say that the program is under the GPL: char LICENSE[] SEC("license") = "GPL";'),
    ("unknown#188", "bpf_xdp_get_buff_len, which frags = true calls, needs Linux 5.18 or newer"),
    ("invalid func unknown#", "the program calls a helper that this kernel is too old to have"),
    ("unknown opcode 8d", "compile it with -O2"),
    ("infinite loop", "bound the loop: the verifier wants to see that it ends"),
    ("invalid access to map value", "the pointer's type is larger than the map's value: make them the same"),
)


def lacks_headers(said: str) -> bool:
    """Whether clang failed because the system lacks a header that comes in packages."""
    return re.search(r"fatal error: '(?:bpf|linux|asm)/[^']*' file not found", said) is not None


def compile_failure(said: str, code: str) -> tuple[str, ...]:
    """What to do about clang's commonest complaints on BPF; whether includes are missing the code tells."""
    if "SEC(" in code and not re.search(_MAY_BRING_SEC, code):
        return ("include what SEC comes from: #include <linux/bpf.h> and #include <bpf/bpf_helpers.h>",)
    return tuple(say for pattern, say in _CLANG_ADVICE if re.search(pattern, said))[:1]


def missing_returns(said: str) -> tuple[str, ...]:
    """Where clang saw that a function may end without a result, which for a program is its verdict."""
    found = re.findall(r"^(\S+:\d+):\d+: warning: non-void function does not return a value", said, re.M)
    return tuple(
        f"{place}: a way to this place returns nothing, so that the verdict isn't known" for place in found
    )


def first_place(said: str, name: str) -> str:
    """Where clang first warned of a name; empty where it didn't."""
    found = re.search(rf"^(\S+:\d+):\d+: \w+: .*'{re.escape(name)}'", said, re.M)
    return found[1] if found else ""


def screenful(said: str) -> str:
    """clang's words from the first error on, without what led there, as many as can be read at once."""
    lines = said.splitlines()
    first = next((i for i, line in enumerate(lines) if " error: " in line), 0)
    left = len(lines) - first - SCREENFUL
    more = [f"... and {left} more lines"] if left > 0 else []
    return "\n".join([*lines[first : first + SCREENFUL], *more])


SCREENFUL = 18
_MAY_BRING_SEC = r'#\s*include\s*(?:"|<(?!linux/|uapi/|asm/|net|arpa/|sys/|std))'
_UNKNOWN = (
    r"(?:undeclared identifier|unknown type name|undeclared function|implicit declaration of function"
    r"|incomplete (?:definition of )?type) '((?:struct )?\w+)"
)


def unknown_names(said: str) -> tuple[str, ...]:
    """What clang hasn't seen a declaration of, in the order of its words."""
    return tuple(dict.fromkeys(re.findall(_UNKNOWN, said)))


_CLANG_ADVICE = (
    (
        r"gnu/stubs-32\.h|stdio\.h|stdlib\.h",
        "headers of the C library are for user space; to print, use bpf_printk of <bpf/bpf_helpers.h>",
    ),
    (
        r"incomplete type 'struct bpf_(?:map_def|elf_map)'",
        "its maps have the form from before libbpf 1.0: build it with --convert",
    ),
    (r"fatal error: '[^']+' file not found", "tell where the header is: -I DIR"),
    (r"'__(?:float|fix|add|sub|mul|div)(?=\w*[sd]f)\w++'", "BPF has no floating point: count in integers"),
    (r"Cannot select:.* = s(?:div|rem)", "BPF divides unsigned numbers only: make them unsigned"),
    (r"stack limit|stack size", "the stack has 512 bytes: put large things into a per-CPU array map"),
)


_SOURCE = r"; (?P<code>.*?)(?: @ (?P<file>[^ ]+):(?P<line>\d+))?$"
"""A line of the verifier's log that quotes the C; kernels before 6.8 don't say from where."""


_BY_THE_KERNEL = r"(?m)^(?:Error|RTNETLINK answers|(?:libbpf: )?Kernel error message): "
"""As ip passes its words on, and libbpf."""
_BEFORE_THE_KERNEL = r"(?m)^(?:Cannot find device|Couldn't retrieve pinned program|nsenter:) "
_WHATEVER_THE_MODE = (
    r"already|at the same time|Can't replace|not match|busy|exists|No such|[Pp]ermi(?:tted|ssion)"
)
"""Somebody has the device, or it isn't there, or isn't for us: no driver was asked."""


def told_by_ip(said: str) -> bool:
    """Whether it was told why nothing was done: by the kernel, or by ip (or nsenter) before it asked."""
    return bool(re.search(_BY_THE_KERNEL, said) or re.search(_BEFORE_THE_KERNEL, said))


def mode_refused(said: str) -> bool:
    """Whether a device doesn't take a program in this mode as things are, so that it may in another.

    Each driver has words of its own for that.
    """
    return bool(re.search(_BY_THE_KERNEL, said)) and not re.search(_WHATEVER_THE_MODE, said)


def held_by_link(reason: str) -> bool:
    return "Can't replace active BPF XDP link" in reason


def attach_failure(reason: str) -> tuple[str, ...]:
    """What to do where a device doesn't take a program, or doesn't let go of it."""
    if "MTU is too large" in reason:
        return (
            Lines(
                "lower the MTU (on veth: that of the peer) to 3498 or less: ip link set DEVICE mtu 1500\n"
                "or build with --frags, which takes packets of several buffers, or use --mode generic"
            ),
        )
    if "does not support XDP in native mode" in reason:
        return ("use --mode generic: this driver has no native XDP",)
    if "can't be active at the same time" in reason or "already attached" in reason:
        return ("another program came first: xdpctl status shows it",)
    if "does not match expected" in reason:
        return ("another program runs there by now, or none: xdpctl status shows it",)
    if held_by_link(reason):
        return ("a bpf link holds it: find it with `bpftool link show`, then `bpftool link detach id N`",)
    if "RTNETLINK answers: Invalid argument" in reason:
        return ("offloading takes a card and a driver that can; others do native or generic mode",)
    return ()
