"""Where `build` writes and `load` looks and pins."""

from pathlib import Path

BUILD_DIRECTORY = Path("bpf")
PIN_DIRECTORY = "/sys/fs/bpf/ebpf"


def source_path(out: Path, program: str) -> Path:
    return out / f"{program}.bpf.c"


def object_path(out: Path, program: str) -> Path:
    return out / f"{program}.bpf.o"


def program_of(source: Path) -> str:
    """The name that a file's program goes by: `count.bpf.c` and `count.c` are `count`."""
    return source.name.removesuffix(".c").removesuffix(".bpf")
