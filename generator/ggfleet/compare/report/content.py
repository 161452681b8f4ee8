"""What every form of the report holds, once: texts, tables and the order in which they come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Change, Observation
from ggfleet.compare.report import tables, words
from ggfleet.compare.report.answers import answers_table, hardly_matters
from ggfleet.compare.report.drifted import Drifted
from ggfleet.compare.report.gather import Findings, gather
from ggfleet.compare.report.judged import Judged
from ggfleet.compare.report.machine import for_people
from ggfleet.compare.report.overview import Overview, overviews
from ggfleet.compare.report.tables import Table
from ggfleet.compare.report.terms import AFTERWARDS, BYTES, CHANGES, DURING, SECONDS, STRATEGIES
from ggfleet.model import Json

TITLE = "How should ML libraries reach a device?"
LEAD = (
    "An application on a small device at the edge needs a model, a little code, and ML libraries "
    "of hundreds of megabytes. The libraries can reach the device in several ways, here called "
    "strategies. Each strategy brought the same changes to a device under the same conditions "
    "(link, disk, processors), and what that took was measured. Of every figure, lower is better."
)
RULES = (
    "A strategy that failed even once under some conditions is not called best under them: "
    "reliability comes before speed. Strategies whose intervals overlap, or whose medians are "
    f"less than 2 % (or {SECONDS.text(SECONDS.negligible)}, {BYTES.text(BYTES.negligible)}) apart, "
    "are called too close to tell apart. What took less than "
    f"{SECONDS.least:g} s is written as that: its digits would tell of the clock alone."
)
METHOD = (
    "Every change was made for real, on a device or on a host that was booted in its place, while "
    "the link, the disk and the processors were held to the conditions that this report names.",
    "Bytes are those that the device's network interface received while the change ran, with "
    "headers and repeated packets, without the measurement's own connection. Time is the "
    "device's own, from the start of the change to its end. Processor time, memory and writes "
    "are those of the control group (Linux's account of what some processes use) that the change "
    "ran in.",
    "Figures of runs that failed are in no median; the runs are counted, and their messages are "
    "shown. An empty place was not measured; it never stands for nothing.",
)


@dataclass(frozen=True)
class Section:
    """What is told of a change."""

    change: Change
    title: str
    meaning: str
    sentences: tuple[str, ...]
    figures: tuple[Table, ...]
    matters: bool
    """Whether the choice of a strategy makes a difference in time; if not, charts are folded."""


@dataclass(frozen=True)
class Report:
    """Everything that is told; `raw` are the lines of the raw data as they came."""

    findings: Findings
    raw: bytes
    machine: Mapping[str, Json]
    judged: Judged | None
    drifted: Drifted | None

    @property
    def about_machine(self) -> Mapping[str, str]:
        """What was measured on, for people; empty where nobody said it."""
        return for_people(self.machine)

    @property
    def scope(self) -> str:
        """What was measured, in one sentence."""
        return words.scope(self.findings)

    @property
    def certain(self) -> str:
        """How certain the figures are."""
        return words.how_certain(self.findings)

    @property
    def overall(self) -> tuple[str, ...]:
        """What holds over the whole matrix."""
        return words.overall(self.findings)

    @property
    def answers(self) -> Table:
        """What is best for each change, over all conditions."""
        return answers_table(self.findings)

    @property
    def overviews(self) -> list[Overview]:
        """Strategies by changes under each setting, the one that most is known of first."""
        return overviews(self.findings)

    @property
    def best(self) -> tuple[Table, ...]:
        """Who leads in time and in bytes."""
        return tuple(tables.best_table(self.findings, measure) for measure in (SECONDS, BYTES))

    @property
    def strategies(self) -> list[tuple[str, str]]:
        """Each strategy with what it does and how it is reached."""
        return [(name, _meaning(name, self.findings)) for name in self.findings.strategies]

    @property
    def glosses(self) -> list[tuple[str, str]]:
        """Each strategy in a word; one that is plugged in has none."""
        names = self.findings.strategies
        return [(name, STRATEGIES[name].title if name in STRATEGIES else "") for name in names]

    @property
    def unmeasured(self) -> list[str]:
        """The changes of which there is no run at all."""
        return [term.title for c, term in CHANGES.items() if c not in self.findings.changes]

    @property
    def sections(self) -> list[Section]:
        """One for each change that was measured."""
        return [self._section(change) for change in self.findings.changes]

    def _section(self, change: Change) -> Section:
        term = CHANGES[change]
        return Section(
            change,
            term.title,
            f"{term.meaning[0].upper()}{term.meaning[1:]}.",
            words.sentences(self.findings, change),
            tuple(
                tables.figures_table(self.findings, change, measures)
                for measures in (DURING, AFTERWARDS)
            ),
            not hardly_matters(self.findings, change),
        )


def _meaning(name: str, findings: Findings) -> str:
    controls = " or ".join(dict.fromkeys(run.control for run in findings.of(name)))
    told = STRATEGIES[name].meaning if name in STRATEGIES else ""
    return " ".join(filter(None, (told, f"Reached through: {controls}.")))


def make_report(
    observations: Iterable[Observation],
    raw: bytes,
    name: str,
    machine: Mapping[str, Json],
    judged: Judged | None = None,
    drifted: Drifted | None = None,
) -> Report:
    """Build the report of the runs in the file `name`. Raises `CompareError`, see `gather`."""
    return Report(gather(tuple(observations), name), raw, machine, judged, drifted)
