"""The parts of the report: intervals, verdicts, gathering, words, scales."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggfleet.compare.matrix.cells import Change, Observation, to_line
from ggfleet.compare.report import (
    make_report,
    read_drift,
    read_judged,
    tables,
    to_html,
    to_markdown,
    words,
)
from ggfleet.compare.report.answers import answers_table, headlines
from ggfleet.compare.report.charts import measure_chart
from ggfleet.compare.report.gather import Findings, gather
from ggfleet.compare.report.interval import certainty, estimate
from ggfleet.compare.report.machine import for_people, read_machine
from ggfleet.compare.report.overview import overviews
from ggfleet.compare.report.rows import cells
from ggfleet.compare.report.scale import MARGIN, WIDTH, Scale
from ggfleet.compare.report.terms import BYTES, MEMORY, SECONDS, figure
from ggfleet.compare.report.verdict import verdict
from ggfleet.errors import CompareError
from made_up_runs import FAST, LOSSY, MIDDLE, Matrix, made_up

INSTALL = Change.FIRST_INSTALL
ONE = Matrix(strategies=("a", "b"), changes=(INSTALL,), links=(FAST,), runs=3)


def taking(seconds: dict[str, Sequence[float]], matrix: Matrix = ONE) -> Findings:
    """Findings whose seconds are given, run by run."""
    runs = [
        replace(run, seconds=seconds[run.cell.strategy][run.run - 1])
        for run in made_up(replace(matrix, strategies=tuple(seconds)))
    ]
    return gather(runs, "x")


def leaders(seconds: dict[str, Sequence[float]]) -> tuple[str, ...]:
    findings = taking(seconds, replace(ONE, runs=len(next(iter(seconds.values())))))
    found = verdict(findings, INSTALL, findings.settings[0], SECONDS)
    assert found is not None
    return found.stands_out


@pytest.mark.parametrize(
    ("count", "k", "expected"), [(1, 1, 0.0), (2, 1, 0.5), (3, 1, 0.75), (6, 1, 0.96875)]
)
def test_the_certainty_is_that_of_a_fair_coin(count: int, k: int, expected: float) -> None:
    """Counted over all ways in which runs can fall below and above the true median."""
    ways = list(product((False, True), repeat=count))
    held = sum(k <= sum(way) <= count - k for way in ways)
    assert certainty(count, k) == pytest.approx(held / len(ways)) == expected


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40))
def test_an_interval_is_as_narrow_as_its_certainty_allows(values: list[float]) -> None:
    found = estimate(values)
    ordered = sorted(values)
    assert found.low <= found.median <= found.high
    assert found.low in ordered
    assert found.high in ordered
    if len(values) >= 6:
        assert found.certainty >= 0.95
        assert (
            certainty(len(values), ordered.index(found.low) + 2) < 0.95
            or found.low in (ordered[ordered.index(found.low) + 1 :])
        )
    else:
        assert (found.low, found.high) == (ordered[0], ordered[-1])


def test_who_is_clearly_apart_leads_alone() -> None:
    assert leaders({"a": (10, 11, 12), "b": (20, 21, 22)}) == ("a",)


def test_overlapping_intervals_cannot_be_told_apart() -> None:
    assert leaders({"a": (10, 11, 15), "b": (14, 21, 22), "c": (30, 31, 32)}) == ("a", "b")


def test_two_percent_and_a_tenth_of_a_second_are_nobodys_advantage() -> None:
    assert leaders({"a": (100,), "b": (101.9,), "c": (103,)}) == ("a", "b")
    assert leaders({"a": (0.01,), "b": (0.1,), "c": (0.2,)}) == ("a", "b")


def test_nobody_stands_out_where_all_are_alike() -> None:
    assert leaders({"a": (10, 11, 12), "b": (10, 11, 12)}) == ()


def test_who_failed_once_is_not_best() -> None:
    """However fast it was in the runs that were done."""
    runs = list(made_up(replace(ONE, failures=frozenset({("a", INSTALL, "fast")}))))
    quick = [replace(run, seconds=0.5, outcome=first.outcome) for run, first in zip(
        made_up(ONE), [runs[0], *list(made_up(ONE))[1:]], strict=True)]  # fmt: skip
    findings = gather(quick, "x")
    found = verdict(findings, INSTALL, findings.settings[0], SECONDS)
    assert found is not None
    assert [name for name, _ in found.ranking] == ["b"]
    assert "a in 1 of 3 runs" in " ".join(words.overall(findings))


def test_a_cell_that_was_not_measured_is_no_zero_anywhere() -> None:
    matrix = Matrix(
        strategies=("a", "b"),
        changes=(INSTALL,),
        links=(FAST, LOSSY),
        holes=frozenset({("b", INSTALL, "fast")}),
    )
    findings = gather(list(made_up(matrix)), "x")
    (hole,) = [c for c in cells(findings) if (c["strategy"], c["link"]) == ("b", "fast")]
    assert (hole["done"], hole["failed"], hole["seconds_median"]) == (0, 0, None)
    shown = tables.figures_table(findings, INSTALL, (SECONDS, BYTES))
    row = next(row for row in shown.rows if [c.text for c in row[:2]] == ["fast", "b"])
    assert [cell.text for cell in row[2:]] == ["none", "not measured", "not measured"]
    assert all(cell.value is None for cell in row[2:])
    panel = next(p for p in measure_chart(findings, INSTALL, SECONDS).panels if p.title == "fast")
    assert [(r.label, bool(r.marks)) for r in panel.rows] == [("a", True)]
    assert panel.holes == ("b",)
    assert panel.in_words.endswith("b: not measured")


def test_one_panel_stands_for_all_conditions_only_where_they_make_no_difference() -> None:
    matrix = Matrix(strategies=("a", "b"), changes=(INSTALL,), links=(FAST, LOSSY))
    findings = gather(list(made_up(matrix)), "x")
    assert [p.title for p in measure_chart(findings, INSTALL, BYTES).panels] == ["all conditions"]
    assert [p.title for p in measure_chart(findings, INSTALL, SECONDS).panels] == ["fast", "lossy"]


@pytest.mark.parametrize(
    ("best", "last", "said"),
    [(10, 12, "b with 12.0 s, 1.2 times as much"),
     (0.01, 57, "b with 57.0 s, more than 570 times as much")],
)  # fmt: skip
def test_the_widest_gap_is_told(best: float, last: float, said: str) -> None:
    """What is shown as less than a tenth of a second counts as that."""
    findings = taking({"a": (best,), "b": (last,)}, replace(ONE, runs=1))
    assert f"The widest gap: {said}." in words.sentences(findings, INSTALL)[0]


def test_little_time_is_written_without_the_digits_of_the_clock() -> None:
    few = estimate([0.003, 0.004])
    assert (SECONDS.text(0.0031), SECONDS.number(0.0999)) == ("<0.1 s", "<0.1")
    assert SECONDS.with_interval(few) == "<0.1 s"
    assert SECONDS.span([0.003, 0.25]) == "<0.1 to 0.250 s"
    assert (SECONDS.text(0), SECONDS.text(0.1)) == ("0 s", "0.100 s")


def test_the_headlines_say_who_leads_and_who_falls_behind() -> None:
    ahead = taking({"a": (10,), "b": (40,), "c": (20,)}, replace(ONE, runs=1))
    assert headlines(ahead)[0] == "Fastest: a for first install (b takes up to 4.0 times as long)."
    last = taking({"a": (10,), "b": (40,), "c": (10,), "d": (10,)}, replace(ONE, runs=1))
    told = "Slow where all others are alike: b for first install (up to 40.0 s, against 10.0 s)."
    assert headlines(last)[0] == told


def test_who_leads_as_often_as_another_is_not_called_the_most_often_best() -> None:
    matrix = Matrix(strategies=("a", "b"), changes=(INSTALL,), links=(FAST, LOSSY), runs=1)
    took = {("a", "fast"): 10.0, ("b", "fast"): 20.0, ("a", "lossy"): 90.0, ("b", "lossy"): 60.0}
    runs = [
        replace(run, seconds=took[run.cell.strategy, run.cell.link.name]) for run in made_up(matrix)
    ]
    told = headlines(gather(runs, "x"))[0]
    assert told == (
        "Fastest most often: a or b, by conditions, for first install "
        "(b takes up to 2.0 times as long)."
    )


def test_who_falls_behind_does_so_under_conditions_where_only_some_were_measured_too() -> None:
    matrix = Matrix(
        strategies=("a", "b", "c", "d", "e"), changes=(INSTALL,), links=(FAST, LOSSY), runs=1,
        holes=frozenset({("e", INSTALL, "lossy")}),
    )  # fmt: skip
    took = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 7.0, "e": 5.0}
    runs = [
        replace(run, seconds=took[run.cell.strategy] * (2 if run.cell.link == LOSSY else 1))
        for run in made_up(matrix)
    ]
    assert headlines(gather(runs, "x"))[0] == (
        "Slow where all others are alike: d and e for first install (up to 14.0 s, against 2.00 s)."
    )


def test_where_no_strategy_stands_out_the_time_is_told() -> None:
    findings = taking({"a": (100,), "b": (101,)}, replace(ONE, runs=1))
    assert headlines(findings)[0] == (
        "No strategy stands out in time: first install (100 to 101 s)."
    )


def test_a_change_that_is_soon_over_is_said_to_make_no_difference() -> None:
    findings = taking({"a": (0.2,), "b": (0.9,)}, replace(ONE, runs=1))
    told = "Over within a second with every strategy: first install (at most 0.900 s)."
    assert headlines(findings)[0] == told
    assert [cell.text for cell in answers_table(findings).rows[0][:2]] == [
        "First install", "hardly a difference",
    ]  # fmt: skip


def test_who_leads_only_where_the_first_was_not_measured_is_told_so() -> None:
    """A best among fewer is not passed off as better."""
    matrix = Matrix(
        strategies=("a", "b", "c"), changes=(INSTALL,), links=(FAST, MIDDLE, LOSSY), runs=1,
        holes=frozenset({("a", INSTALL, "lossy")}),
    )  # fmt: skip
    took = {"a": 10.0, "b": 20.0, "c": 40.0}
    findings = gather([replace(r, seconds=took[r.cell.strategy]) for r in made_up(matrix)], "x")
    _, fastest, slowest, *_ = answers_table(findings).rows[0]
    assert fastest.text == "a"
    assert fastest.note == "10.0 s, 2 of 3 conditions; elsewhere b (no a there)"
    assert (slowest.text, slowest.note) == ("c", "40.0 s, 4.0 times the best")
    assert any("8 of 9 combinations" in each for each in words.overall(findings))


def test_the_overview_shades_by_the_distance_from_the_best() -> None:
    findings = taking(
        {"d": (60,), "c": (25,), "b": (15,), "a": (10,), "e": (10.1,)}, replace(ONE, runs=1)
    )
    (only,) = overviews(findings)
    shown = [(row[0].text, row[1].text, row[1].note, row[1].kind, row[1].shade)
             for row in only.tables[0].rows]  # fmt: skip
    assert shown == [
        ("a", "10.0", "", "close", 1), ("e", "10.1", "", "close", 1), ("b", "15.0", "", "", 1),
        ("c", "25.0", "2.5 x", "", 2), ("d", "60.0", "6.0 x", "", 3),
    ]  # fmt: skip


def test_the_overview_opens_with_the_conditions_that_most_is_known_of() -> None:
    matrix = Matrix(
        strategies=("a", "b"), changes=(INSTALL,), links=(FAST, MIDDLE, LOSSY), runs=1,
        holes=frozenset({("b", INSTALL, "middle"), ("a", INSTALL, "fast")}),
    )  # fmt: skip
    told = overviews(gather(list(made_up(matrix)), "x"))
    assert [each.name for each in told] == ["lossy", "fast", "middle"]
    assert [row[0].text for row in told[1].tables[0].rows] == ["b"]


def test_single_runs_are_said_to_be_no_proof() -> None:
    findings = taking({"a": (1,), "b": (2,)}, replace(ONE, runs=1))
    assert any("single run" in sentence for sentence in words.overall(findings))
    assert "may be chance" in words.how_certain(findings)


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        ([], "holds no observation"),
        ([0, 0], "occurs twice"),
        ([0, -1], "the link fast is"),
    ],
)
def test_files_that_would_give_wrong_medians_are_refused(spoilt: list[int], message: str) -> None:
    first = next(made_up(ONE))
    slow = replace(first.cell, link=replace(FAST, mbit_s=1))
    kinds: dict[int, Observation] = {0: first, -1: replace(first, cell=slow, run=9)}
    with pytest.raises(CompareError, match=message):
        gather([kinds[each] for each in spoilt], "x")


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=9))
def test_every_mark_lies_within_its_panel(values: list[float]) -> None:
    scale = Scale(values)
    places = [scale.place(value) for value in sorted(values)]
    assert places == sorted(places)
    assert places[0] >= MARGIN
    assert places[-1] <= WIDTH - MARGIN
    assert max(scale.ticks) >= max(values) * (1 - 1e-9)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.00001, "1e-05"), (0.01234, "0.012"), (0.1234, "0.123"), (9.999, "10.0"),
     (99.96, "100"), (1234.5, "1,234")],
)  # fmt: skip
def test_figures_have_the_digits_that_count(value: float, text: str) -> None:
    assert figure(value) == text


def test_few_bytes_are_told_in_kilobytes_with_their_interval() -> None:
    assert BYTES.with_interval(estimate([26_100, 26_600, 28_000])) == "26.6 kB (26.1 to 28.0)"
    assert MEMORY.number(999) == "<0.001"


def test_markup_in_the_data_stays_text() -> None:
    """In strategies, messages and the machine, on the page and in Markdown."""
    evil = "</title><script>alert(1)</script>|*x*"
    matrix = replace(ONE, strategies=(evil,), failures=frozenset({(evil, INSTALL, "fast")}))
    runs = [replace(run, message=f"{evil}\nnext") for run in made_up(matrix)]
    report = make_report(runs, b"", "x", read_machine(json.dumps({"by": evil}), "m"))
    page = to_html(report)
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>" not in to_markdown(report).replace("\\<script\\>", "")


def test_the_same_runs_give_the_same_page() -> None:
    runs = list(made_up(ONE))
    raw = "".join(map(to_line, runs)).encode()
    pages = {to_html(make_report(runs, raw, "x", {})) for _ in range(2)}
    assert len(pages) == 1
    assert "http" not in pages.pop().replace("http-equiv", "")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"judged": {}, "model": {"strategies": {}}}', '{"judged": {"x": {}}}']
)
def test_what_is_no_judgement_is_refused(text: str) -> None:
    with pytest.raises(CompareError, match="is no judgement of a model"):
        read_judged(text, "judged.json")


DRIFT = """{"asked": ["light"], "unpinned": {"a": {"light": "1"}, "b": {"light": "2", "new": "1"}},
 "pinned": {"a": {"light": "1"}, "b": {"light": "1"}}}"""


def test_drift_is_told_by_the_packages_that_differ() -> None:
    """Also those that one host alone has; the page and the raw record have it."""
    found = read_drift(DRIFT, "drift.json")
    assert "2 of 2 packages came out different" in found.sentences[0]
    assert found.sentences[1].endswith("all hosts got the same.")
    assert [[cell.text for cell in row] for row in found.tables[0].rows] == [
        ["light", "1", "2"], ["new", "not there", "1"],
    ]  # fmt: skip
    runs = list(made_up(ONE))
    assert "not there" in to_html(make_report(runs, b"", "x", {}, drifted=found))
    pinned_too = read_drift(DRIFT.replace('"b": {"light": "1"}}}', '"b": {}}}'), "drift.json")
    assert pinned_too.sentences[1].endswith("1 did.")


@pytest.mark.parametrize(
    "text", ["", "[]", DRIFT.replace('["light"]', "[]"), DRIFT.replace('"b"', '"a"')]
)
def test_what_is_no_drift_is_refused(text: str) -> None:
    with pytest.raises(CompareError, match="is no record of drift"):
        read_drift(text, "drift.json")


@pytest.mark.parametrize("text", ["", "[1]"])
def test_what_describes_no_machine_is_refused(text: str) -> None:
    with pytest.raises(CompareError, match=r"machine\.json"):
        read_machine(text, "machine.json")


def test_a_machine_is_told_for_people() -> None:
    text = '{"memory_bytes": 4000000000, "uses": ["a", "b"], "disk": {"mb_s": 1}}'
    told = for_people(read_machine(text, "m"))
    assert dict(told) == {"Memory": "4,000 MB", "Uses": "a, b", "Disk": "Mb s: 1"}
