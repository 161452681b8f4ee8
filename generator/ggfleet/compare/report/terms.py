"""The report's words: what is measured, in which unit, and what the names mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Change, Link, Observation, Processor, Storage
from ggfleet.compare.report.interval import Estimate


@dataclass(frozen=True)
class Measure:
    """A figure of an observation, shown as `read(observation) / scale` in `unit`.

    Differences below `negligible` (in base units) are nobody's advantage: a clock's, a packet's.
    Values below `least` are shown as less than that: their digits would tell of the clock alone.
    """

    name: str
    title: str
    unit: str
    scale: float
    read: Callable[[Observation], float | None]
    meaning: str
    negligible: float = 0
    least: float = 0

    def number(self, value: float) -> str:
        """The value in this measure's unit, without it; below a kB in MB no more than that."""
        if self.scale == MB and 0 < value < KB:
            return "<0.001"
        if self._too_little(value):
            return f"<{self.least / self.scale:g}"
        return figure(value / self.scale)

    def text(self, value: float) -> str:
        """The value with its unit; few bytes in kB."""
        if self._too_little(value):
            return f"{self.number(value)} {self.unit}"
        scale, unit = self._readable(value)
        return f"{figure(value / scale)} {unit}".rstrip()

    def with_interval(self, of: Estimate) -> str:
        """`12.3 s (11.9 to 12.8)`: the median, and its interval unless it is a point."""
        scale, _ = self._readable(of.median)
        if self._too_little(of.high):
            return self.text(of.median)
        low, high = figure(of.low / scale), figure(of.high / scale)
        return self.text(of.median) + ("" if low == high else f" ({low} to {high})")

    def span(self, values: Sequence[float]) -> str:
        """`0.59 to 1.05 s`, or one value where all are written alike."""
        least, most = self.text(min(values)), self.text(max(values))
        if least == most:
            return most
        unit = f" {self._readable(max(values))[1]}"
        return f"{least.removesuffix(unit)} to {most}"

    def _too_little(self, value: float) -> bool:
        return 0 < value < self.least

    def _readable(self, value: float) -> tuple[float, str]:
        if self.unit == "MB" and 0 < value < KB_BELOW:
            return KB, "kB"
        return self.scale, self.unit


MB = 10**6
KB = 1000
KB_BELOW = 100 * KB

SECONDS = Measure(
    "seconds", "Time", "s", 1, lambda o: o.seconds,
    "from the start of the change to its end, by the device's clock", 0.1, least=0.1,
)  # fmt: skip
BYTES = Measure(
    "received_bytes", "Bytes received", "MB", MB, lambda o: o.received_bytes,
    "what the device's network interface received; 1 MB is a million bytes", 10_000,
)  # fmt: skip
CPU = Measure(
    "cpu_seconds", "Processor time", "s", 1, lambda o: o.cpu_seconds,
    "seconds of one processor core that the change kept busy", 0.1,
)  # fmt: skip
MEMORY = Measure(
    "peak_memory_bytes", "Peak memory", "MB", MB, lambda o: o.peak_memory_bytes,
    "the most memory that the change held at once, without cached files", MB,
)  # fmt: skip
WRITTEN = Measure(
    "written_bytes", "Written to disk", "MB", MB, lambda o: o.written_bytes,
    "what the change wrote to the disk; flash storage wears by it", 100_000,
)  # fmt: skip
DISK = Measure(
    "disk_bytes", "Disk used", "MB", MB, lambda o: o.disk_bytes,
    "disk space of everything that the strategy keeps on the device after the change", 100_000,
)  # fmt: skip
FILES = Measure(
    "files", "Files", "", 1, lambda o: o.files,
    "how many files the strategy keeps on the device after the change",
)  # fmt: skip
COLD = Measure(
    "cold_inference_seconds", "First answer (cold)", "s", 1, lambda o: o.cold_inference_seconds,
    "from the start of the process to the model's first answer, nothing cached in memory, "
    "as after a boot", 0.05,
)  # fmt: skip
WARM = Measure(
    "warm_inference_seconds", "First answer (warm)", "s", 1, lambda o: o.warm_inference_seconds,
    "the same once the files are cached in memory, as after a restart of the process", 0.05,
)  # fmt: skip
LATENCY = Measure(
    "latency_seconds", "Each further answer", "ms", 1e-3, lambda o: o.latency_seconds,
    "the median time of further answers of the same process", 1e-4,
)  # fmt: skip
LEFT = Measure(
    "left_behind_bytes", "Left behind", "MB", MB, lambda o: o.left_behind_bytes,
    "bytes that remain on the disk after a failure or a removal and serve nothing", 10_000,
)  # fmt: skip

DURING = (SECONDS, BYTES, CPU, MEMORY, WRITTEN)
AFTERWARDS = (DISK, FILES, COLD, WARM, LATENCY, LEFT)
TERMINAL = (SECONDS, BYTES, DISK, COLD)
"""Those that 80 columns have room for."""
MEASURES = (*DURING, *AFTERWARDS)
"""All of them; of each, lower is better."""


@dataclass(frozen=True)
class Term:
    """A name in the raw data, as people read it, and what it means."""

    title: str
    meaning: str


CHANGES: Mapping[Change, Term] = {
    Change.FIRST_INSTALL: Term(
        "First install", "libraries, model and function reach a device that has none of them"
    ),
    Change.MODEL_ONLY: Term("Model only", "a new model; libraries and function stay as they are"),
    Change.FUNCTION_ONLY: Term(
        "Function only", "new code of the function; libraries and model stay as they are"
    ),
    Change.LIBRARY_PATCH: Term(
        "Library patch", "one library's third number goes up, as from 1.2.3 to 1.2.4"
    ),
    Change.LIBRARY_MINOR: Term(
        "Library minor", "the main library's second number goes up, as from 1.2.3 to 1.3.0"
    ),
    Change.ROLL_BACK: Term("Roll back", "back to what ran before the last change"),
    Change.REMOVE: Term("Remove", "everything that the strategy brought is taken off the device"),
}


STRATEGIES: Mapping[str, Term] = {
    "os-pip": Term(
        "pip on the device",
        "The libraries are installed beside Greengrass by pip, into a virtual environment of the "
        "operating system; model and function come apart from them.",
    ),
    "os-pip-uv": Term(
        "uv on the device", "As os-pip, but uv, a faster installer, does what pip does."
    ),
    "in-function": Term(
        "packed with the code",
        "The libraries are packed into the function's own archive, so that every change of the "
        "function carries them again.",
    ),
    "ml-resource-zip": Term(
        "one zip, unpacked",
        "The libraries are an archive of their own, a zip that the deployment names as a resource "
        "and the core unpacks; model and function are archives beside it.",
    ),
    "ml-resource-tar-gz": Term(
        "one tar.gz, unpacked", "As ml-resource-zip, but the archive is a tar.gz."
    ),
    "layered": Term(
        "several archives",
        "The libraries are several archives, so that a change moves only those whose packages "
        "changed; model and function are archives beside them.",
    ),
    "delta": Term(
        "differences only",
        "At first as ml-resource-zip; then only what changed between two versions comes over the "
        "link and is applied to the version that is there.",
    ),
    "image": Term(
        "one mounted file",
        "The libraries are one compressed file system (squashfs) that is mounted and never "
        "unpacked; model and function are archives beside it.",
    ),
}
"""What the strategies of ours do, in a word and at length; one plugged in tells its name alone."""


def figure(value: float) -> str:
    """Three digits that count: `0.0123`, `1.23`, `12.3`, `123`, `1,234`; `0` for nothing."""
    if value == 0:
        return "0"
    for least, digits in ((99.95, 0), (9.995, 1), (0.9995, 2), (0.09995, 3)):
        if abs(value) >= least:
            return f"{value:,.{digits}f}"
    return f"{value:.2g}" if abs(value) >= 1e-4 else f"{value:.0e}"  # noqa: PLR2004


def link_text(link: Link) -> str:
    """A link's shape in words."""
    parts = [f"{link.mbit_s:g} Mbit/s" if link.mbit_s else "as fast as the machine"]
    if link.round_trip_ms:
        parts.append(f"{link.round_trip_ms:g} ms there and back")
    if link.loss:
        parts.append(f"{100 * link.loss:g} % of packets lost")
    if link.drop_mb:
        parts.append(f"every connection breaks, after {link.drop_mb:g} MB on average")
    return ", ".join(parts)


def storage_text(storage: Storage) -> str:
    """A disk's speed in words."""
    if not (storage.read_mb_s or storage.write_mb_s):
        return "as fast as the machine's disk"
    speeds = ((storage.read_mb_s, "reads"), (storage.write_mb_s, "writes"))
    return ", ".join(f"{verb} {speed:g} MB/s" for speed, verb in speeds if speed)


def processor_text(processor: Processor) -> str:
    """A processor budget in words."""
    if not processor.cores:
        return "all of the machine's processors"
    return f"the time of {processor.cores:g} of the machine's processors"


def several(names: list[str], joint: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {joint} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
