"""How far a bare name reaches: to be written, it is looked for in the pin directory alone."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from xdpctl.errors import BadRequest


class Reach(Struct, frozen=True):
    """To be read, it is looked for further off too, and where it was found is told."""

    pin: str
    """The pin directory."""
    defaults: tuple[str, ...]
    """The directories that come next; then all of bpffs, then the kernel."""
    tell: Callable[[str], None]

    @property
    def directories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.pin, *self.defaults)))

    def found(self, name: str, place: str) -> None:
        """`place` is a path in bpffs, or `id:N`."""
        if place.rpartition("/")[0] != self.pin:
            self.tell(f"{name} isn't in {self.pin}: reading {place}")


def is_bare(name: str) -> bool:
    """Whether it isn't told where it is, as a path or `id:N` tells."""
    return "/" not in name and not name.startswith("id:")


def not_here(kind: str, name: str, directory: str, elsewhere: Iterable[str]) -> BadRequest:
    """The refusal to write what is called so elsewhere: that may be somebody else's."""
    return BadRequest(
        f"there is no {kind} {name!r} in {directory}, and elsewhere none is written by a bare name",
        "name it by its id or path:",
        *elsewhere,
    )
