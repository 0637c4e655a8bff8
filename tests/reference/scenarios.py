"""A program, what user space wrote into its maps, and the frames that it is run on."""

from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from hypothesis import strategies as st

from .keys import Place
from .packets import frames, mostly
from .specs import IFINDEX, QUEUES, policy_entries, specs, toml

HERE = Place()


@dataclass(frozen=True)
class Shot:
    """A frame that the program is run on."""

    frame: bytes
    place: Place = HERE
    repeat: int = 1

    def __repr__(self) -> str:
        content = self.frame.rstrip(b"\0")
        zeros = len(self.frame) - len(content)
        return f"{content.hex()} and {zeros} zeros, {self.repeat} times, {self.place}"


@dataclass(frozen=True)
class Scenario:
    spec: dict[str, Any]
    shots: list[Shot]
    policy: dict[bytes, int] = field(default_factory=dict)
    ports: dict[int, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        policy = "".join(f"# policy {key.hex()} = {verdict}\n" for key, verdict in self.policy.items())
        ports = "".join(f"# port {slot} = {ifindex}\n" for slot, ifindex in self.ports.items())
        shots = "".join(f"# {shot}\n" for shot in self.shots)
        return f"\n{toml(self.spec)}{policy}{ports}{shots}"


cpus = st.sampled_from((0, 1))
queues = st.integers(0, QUEUES - 1)
places = st.one_of(st.builds(Place, cpus), st.builds(Place, cpus, queues, st.just(IFINDEX)))


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    spec = draw(specs())
    sizes = mostly(0, 5000, 9000) if spec.get("frags") else st.just(0)
    some_frames = st.builds(lambda frame, more: frame + bytes(more), frames(), sizes)
    shots = st.lists(st.builds(Shot, some_frames, places, mostly(1, 2, 3, 100)), max_size=12)
    many = chain.from_iterable(draw(st.tuples(*[shots] * 10)))
    redirect = spec.get("redirect", {})
    slots = st.sampled_from((0, 1, IFINDEX) if redirect.get("key") == "ifindex" else (0,))
    return Scenario(
        spec,
        sorted(many, key=lambda shot: shot.place.cpu),
        draw(policy_entries(spec["policy"])) if "policy" in spec else {},
        draw(st.dictionaries(slots, st.sampled_from((1, IFINDEX)))) if redirect else {},
    )
