"""Findings about a machine, as text or JSON."""

from collections.abc import Sequence

from xdpctl.core.doctor.finding import Finding, State, healthy
from xdpctl.core.values.json_text import SCHEMA, to_json
from xdpctl.core.values.visible import visible

STYLES = {State.GOOD: "green", State.BAD: "bold red", State.NOTE: "yellow"}


def as_json(findings: Sequence[Finding]) -> str:
    checks = [{"name": f.name, "state": f.state, "found": f.found, "remedy": f.remedy} for f in findings]
    whole = {"schema": SCHEMA, "ok": healthy(findings), "checks": checks}
    return to_json(whole)


def as_lines(findings: Sequence[Finding]) -> str:
    """One line for each check, for a pipe."""
    width = max(len(f.name) for f in findings)
    return "\n".join(
        visible(f"{f.state:<4}  {f.name:<{width}}  {f.found}{f'; mend: {f.remedy}' if f.remedy else ''}")
        for f in findings
    )


def as_text(findings: Sequence[Finding], width: int, colour: bool) -> str:
    """For a terminal: lines are wrapped, each remedy has its own."""
    import io

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for f in findings:
        grid.add_row(Text(f.state, STYLES[f.state]), Text.assemble((f.name, "bold"), f": {visible(f.found)}"))
        if f.remedy:
            grid.add_row("", Text.assemble(("mend: ", "bold"), visible(f.remedy)))
    console = Console(
        file=io.StringIO(), width=width, color_system="standard" if colour else None, no_color=not colour
    )
    with console.capture() as printed:
        console.print(grid)
    return "\n".join(line.rstrip() for line in printed.get().splitlines())
