"""Figures as a table with bars, as sentences, as JSON."""

import json

import pytest

from xdpctl.cli.terminal import COLOURS
from xdpctl.core.measure.bench import Measured, Report, Timing
from xdpctl.views.bench import as_json, as_text, conclusions
from xdpctl.views.palette import Palette

PLAIN_TEXT = Palette()


def timing(ns: float, ran: int = 1000, counted: int | None = 1000) -> Timing:
    return Timing((ns, ns, ns), ran, counted)


EMPTY = Measured("empty", 500, timing(20, counted=None), timing(20, counted=None))
PLAIN = Measured("plain", 500, timing(22), timing(44, 2000, 1500))
ATOMIC = Measured("atomic", 500, timing(22), timing(66, 2000, 2000))
OWN = Measured("per-CPU", 500, timing(22), timing(22, 2000, 2000))


def report(*programs: Measured, cpus: int = 2, busy: float = 0.0) -> Report:
    return Report("6.1", cpus, 3, busy, EMPTY, programs)


def test_a_table_with_bars() -> None:
    assert as_text(report(OWN, ATOMIC), False, None, PLAIN_TEXT, blocks=True).splitlines()[:8] == [
        "PROGRAM  NS ON 1 CPU  / EMPTY  NS ON 2 CPUS  / 1 CPU  LOST",
        "empty     20.0 ± 0.0     1.00    20.0 ± 0.0     1.00     -",
        "per-CPU   22.0 ± 0.0     1.10    22.0 ± 0.0     1.00     0",
        "atomic    22.0 ± 0.0     1.10    66.0 ± 0.0     3.00     0",
        "",
        "ns per packet: █ on 1 CPU, ░ more on 2 CPUs at once",
        "empty   ████████████████████ 20.0",
        "per-CPU ██████████████████████ 22.0",
    ]


@pytest.mark.parametrize("width", [30, 40, 80, 200])
def test_bars_fit(width: int) -> None:
    text = as_text(report(OWN, ATOMIC), False, width, PLAIN_TEXT, blocks=False)
    bars = [line for line in text.splitlines() if "##" in line]
    assert len(bars) == 3
    assert max(map(len, bars)) <= width
    assert bars[-1].startswith("atomic  #")
    assert "-" in bars[-1]


@pytest.mark.parametrize("race", [False, True])
@pytest.mark.parametrize("width", [40, 60])
def test_all_of_it_fits_a_terminal(race: bool, width: int) -> None:
    text = as_text(report(OWN, PLAIN, busy=0.5), race, width, PLAIN_TEXT, blocks=True)
    assert max(map(len, text.splitlines())) <= width


def test_where_is_no_room_are_no_bars() -> None:
    assert "#" not in as_text(report(OWN), False, 20, PLAIN_TEXT, blocks=False)


def test_colour_is_for_those_who_want_it() -> None:
    assert "\x1b[" in as_text(report(OWN), False, 80, COLOURS, blocks=True)
    assert "\x1b[" not in as_text(report(OWN), False, 80, PLAIN_TEXT, blocks=True)


def test_the_race_is_told_by_its_numbers() -> None:
    assert conclusions(report(PLAIN, ATOMIC, OWN)) == [
        "plain lost 500 of 2000 counts (25 %), and cost 2.0 times as much on 2 CPUs at once as on one",
        "atomic lost nothing, and cost 3.0 times as much on 2 CPUs at once as on one",
        "per-CPU lost nothing, and cost as much on 2 CPUs at once as on one",
        "exact and cheapest on 2 CPUs at once: per-CPU, 22.0 ns per packet",
    ]
    text = as_text(report(PLAIN, ATOMIC, OWN), True, 80, PLAIN_TEXT, blocks=True)
    assert text.splitlines()[:2] == [
        "PROGRAM  RAN ON 2 CPUS AT ONCE  COUNTED  LOST  NS ON 1 CPU  NS ON 2 CPUS",
        "plain                     2000     1500   500   22.0 ± 0.0    44.0 ± 0.0",
    ]


def test_other_numbers_are_told_otherwise() -> None:
    lucky = Measured("plain", 500, timing(22), timing(21, 1000, 1000))
    slow = Measured("per-CPU", 500, timing(22), timing(30, 1000, 999))
    assert conclusions(report(lucky, slow, cpus=1)) == [
        "plain lost nothing",
        "per-CPU lost 1 of 1000 counts (0.1 %)",
        "exact and cheapest on 1 CPU: plain, 21.0 ns per packet",
        "there is only one CPU here: nothing ran at once, so there was no race",
    ]


def test_noise_is_said() -> None:
    assert "noisy" not in as_text(report(OWN), False, 80, PLAIN_TEXT, blocks=True)
    text = as_text(report(OWN, busy=0.5), False, None, PLAIN_TEXT, blocks=True)
    assert text.endswith(
        "\nnoisy: others used 50 % of the CPUs meanwhile, so what runs at once did so only in part"
    )


def test_json() -> None:
    said = json.loads(as_json(report(PLAIN, busy=0.5)))
    assert said["schema"] == 1
    assert (said["cpus"], said["rounds"], said["kernel"]) == (2, 3, "6.1")
    assert said["noisy"] is True
    assert said["noise"] == [
        "others used 50 % of the CPUs meanwhile, so what runs at once did so only in part"
    ]
    empty, plain = said["programs"]
    assert (empty["name"], empty["lost"]) == ("empty", None)
    assert plain["all"] == {
        "ns": 44,
        "error": 0,
        "samples": [44, 44, 44],
        "ran": 2000,
        "counted": 1500,
        "lost": 500,
    }
    assert (plain["over_empty"]["ratio"], plain["all_over_one"]["ratio"], plain["lost"]) == (1.1, 2.0, 500)
    assert json.loads(as_json(report(PLAIN)))["noisy"] is False
