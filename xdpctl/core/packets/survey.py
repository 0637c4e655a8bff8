"""What is known of packets before the first of them goes anywhere."""

from collections.abc import Iterator, Mapping

from msgspec import Struct


class Survey(Struct, frozen=True):
    """Of all of them."""

    runs: int
    not_run: Mapping[str, int]
    """Why packets can't be run, and how many of them."""
    cut: int
    """Packets of which the capture holds only the beginning."""
    widest: int
    """How long the longest name of a packet is."""
    longest: int
    """Bytes of the longest packet that can be run."""
    broken: str = ""
    """That the file is cut off or damaged, and where; empty where it isn't."""

    def notes(self, done: str, doing: str) -> Iterator[str]:
        """What is to be told of those that aren't taken as they are: `run` and `running`."""
        for reason, count in self.not_run.items():
            yield f"not {done}, because {reason}: {count} of the packets"
        if self.broken:
            yield f"{self.broken}: {doing} the packets before that"
        if self.cut:
            yield f"cut in the capture, and {done} as what is left of them: {self.cut} of the packets"
