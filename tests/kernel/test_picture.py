"""The picture in README is of a real run: this compares it, and `make picture` draws it anew."""

import os
from xml.etree import ElementTree

from .conftest import Lab
from .pages import ROOT, on_the_pair, typed
from .picture import draw

PICTURE = ROOT / "docs" / "session.svg"
TITLE = "A counter from its build to its end"
SESSION = (
    "xdpctl build",
    "xdpctl load --dev veth0",
    "ping -q -c 3 10.77.0.2 >/dev/null",
    "xdpctl dump pkt_cnt",
    "xdpctl unload",
)


def test_the_picture_shows_what_a_run_says(lab: Lab) -> None:
    on_the_pair(lab)
    drawn = draw(TITLE, [(command, typed(lab, f"{command} 2>&1").stdout) for command in SESSION])
    if os.environ.get("XDPCTL_DRAW") == "1":
        PICTURE.write_text(drawn)
    assert PICTURE.read_text() == drawn


def test_a_picture_is_xml_whatever_was_printed() -> None:
    drawn = draw("<&>", [("a 2>&1", '  <b> & "c"\n\n')])
    assert [
        "".join(found.itertext())
        for found in ElementTree.fromstring(drawn).iter()
        if found.tag.endswith("}text")
    ] == ["# a 2>&1", '  <b> & "c"', ""]
