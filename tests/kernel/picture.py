"""A session in a terminal, as an SVG: its text can be selected, and it suits light pages and dark ones."""

from collections.abc import Iterator, Sequence
from html import escape

SIZE, LINE, MARGIN, BAR = 14, 20, 20, 30
CHARACTER = 0.61 * SIZE
"""The width of the widest of the usual fonts."""
HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img"
     width="{width}" height="{height}" viewBox="0 0 {width} {height}">
<title>{title}</title>
<style>
text {{ font: {size}px "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d0d4da; white-space: pre; }}
.prompt {{ fill: #8fce7c; }}
.command {{ fill: #ffffff; font-weight: bold; }}
</style>
<rect x="0.5" y="0.5" width="{inner_width}" height="{inner_height}" rx="8" fill="#1d2127" stroke="#6b7380"/>
<circle cx="20" cy="17" r="5" fill="#6b7380"/>
<circle cx="38" cy="17" r="5" fill="#6b7380"/>
<circle cx="56" cy="17" r="5" fill="#6b7380"/>
"""


def draw(title: str, session: Sequence[tuple[str, str]]) -> str:
    """Of commands and what they printed."""
    lines = [*_lines(session)]
    columns = max(len(command or printed) + 2 * bool(command) for command, printed in lines)
    width, height = round(columns * CHARACTER) + 2 * MARGIN, BAR + len(lines) * LINE + MARGIN
    head = HEAD.format(
        title=escape(title),
        width=width,
        height=height,
        inner_width=width - 1,
        inner_height=height - 1,
        size=SIZE,
    )
    return head + "".join(_text(i, *line) for i, line in enumerate(lines)) + "</svg>\n"


def _lines(session: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """A command or a line that was printed."""
    for command, printed in session:
        yield command, ""
        yield from (("", line) for line in printed.splitlines())


def _text(number: int, command: str, printed: str) -> str:
    words = escape(command or printed, quote=False)
    if command:
        words = f'<tspan class="prompt"># </tspan><tspan class="command">{words}</tspan>'
    return f'<text x="{MARGIN}" y="{BAR + (number + 1) * LINE}" xml:space="preserve">{words}</text>\n'
