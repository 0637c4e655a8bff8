"""Where `build` writes and `load` looks and pins."""

from collections.abc import Iterable

BUILD_DIRECTORY = "bpf"
BPFFS = "/sys/fs/bpf"
PIN_DIRECTORY = f"{BPFFS}/ebpf"


def source_name(program: str) -> str:
    return f"{program}.bpf.c"


def object_name(program: str) -> str:
    return f"{program}.bpf.o"


def program_of(source_name: str) -> str:
    """The name that a file's program goes by: `count.bpf.c` and `count.c` are `count`."""
    return source_name.removesuffix(".c").removesuffix(".bpf")


def below(pins: Iterable[str], directory: str) -> tuple[str, ...]:
    """Those of the pins that lie directly in a directory."""
    return tuple(pin for pin in pins if pin.rpartition("/")[0] == directory)
