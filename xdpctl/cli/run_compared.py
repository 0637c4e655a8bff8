"""What `run --against` prints: where two programs differ."""

from collections.abc import Iterator

import typer

from xdpctl.cli import session
from xdpctl.core.packets.comparison import Difference, Totals
from xdpctl.errors import NotAsItShouldBe
from xdpctl.ops import run
from xdpctl.views import run_compared as view

COUNTED = 1000
"""Counts are compared after each of so many packets."""
LISTED = 20
"""Of packets on which they differ, so many are shown if nothing else is asked for."""


def compare(prepared: run.Prepared, comparison: run.Comparison, each: bool, json: bool) -> None:
    """Maps are read after each packet where that takes little, or all are asked for."""
    totals, survey = Totals(), prepared.survey
    quick = prepared.through_libbpf and survey.runs <= COUNTED and comparison.maps_are_small
    with_counts = each or prepared.few or quick
    found = _found(comparison.differences(with_counts), totals)
    listed = found if each or prepared.few else _first(found)
    if json:
        programs = (comparison.one.program, comparison.other.program)
        objects = (target.object for target, _ in prepared.places)
        session.stream([view.json_start(*zip(programs, objects, strict=True))])
        session.stream(view.json_differences(listed))
        maps = comparison.of_maps()
        session.stream([view.json_end(totals, maps, survey.not_run, survey.cut)])
    else:
        session.stream(view.difference_lines(listed, survey.widest))
        maps = comparison.of_maps()
        if totals.differ > LISTED and not each:
            session.note(f"these are the first {LISTED} of {totals.differ}: --each shows all")
        if maps and not with_counts:
            session.note("counts were compared in the end: --each does so after each packet")
        session.stream(view.map_tables(maps))
        session.say_lines(view.summary(totals, maps, len(comparison.other.maps)))
    for told in totals.no_actions:
        session.note(told)
    if totals.differ or maps:
        raise typer.Exit(NotAsItShouldBe.exit_code)


def _found(differences: Iterator[Difference | None], totals: Totals) -> Iterator[Difference]:
    for difference in differences:
        totals.add(difference)
        if difference is not None:
            yield difference


def _first(found: Iterator[Difference]) -> Iterator[Difference]:
    """All are counted."""
    for number, difference in enumerate(found):
        if number < LISTED:
            yield difference
