"""Compare answers of the sample functions with what the digits are.

    models/score.py build/models/digits/samples.jsonl answers.jsonl [--show 3] [--json]

Both files hold one JSON object a line: samples as models/train.py writes them, answers as
`ggfleet run` prints them. Needs the standard library only. Exit code 1: a function left digits
unanswered or is not accurate enough; 2: a file cannot be read.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULT_KEYS = {"id", "function", "digit", "confidence", "milliseconds"}
SHADES = " ░▒▓█"
ASCII_SHADES = " .:*#"
INK = 16
PER_ROW = 4  # 4 digits of 16 characters and the gaps between them fit 80 columns
WIDTH = 16
GAP = " " * 4

Message = dict[str, Any]
Answers = dict[str, dict[str, Message]]  # function, id, payload


class InputError(Exception):
    """A file is not what it should be. Says which line and why."""


@dataclass(frozen=True)
class Sample:
    """A test digit: `image` is 8 rows of 8 integers, 0 to 16; `label` is what it shows."""

    id: str
    image: list[list[int]]
    label: int


@dataclass(frozen=True)
class Score:
    """One function. `accuracy` is of the digits answered; milliseconds are the function's own."""

    function: str
    samples: int
    answered: int
    correct: int
    accuracy: float
    median_milliseconds: float | None

    def passes(self, at_least: float) -> bool:
        """Tell whether all digits were answered, and enough of them right."""
        return self.answered == self.samples and self.accuracy >= at_least


def main() -> int:
    """Print the scores. Returns the exit code."""
    arguments = _arguments()
    try:
        samples = read_samples(arguments.samples)
        answers, errors = read_answers(arguments.answers, arguments.function)
    except (InputError, OSError, UnicodeDecodeError) as problem:
        print(f"score.py: {problem}", file=sys.stderr)
        return 2
    scores = [score(name, samples, given) for name, given in sorted(answers.items())]
    failed = not scores or not all(s.passes(arguments.at_least) for s in scores)
    if arguments.json:
        _print_json(scores, errors, arguments.at_least, failed=failed)
    else:
        _print_text(samples[: arguments.show], answers, scores, errors)
    if failed:
        print(f"score.py: {reason(scores, arguments.at_least)}", file=sys.stderr)
    return int(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Score the answers of the sample functions.")
    parser.add_argument("samples", type=Path, help="samples.jsonl as models/train.py wrote it")
    parser.add_argument(
        "answers", type=Path, help="what `ggfleet run` printed; - is standard input"
    )
    parser.add_argument(
        "--at-least",
        type=float,
        default=0.95,
        metavar="SHARE",
        help="accuracy that each function must reach (default: 0.95)",
    )
    parser.add_argument(
        "--function",
        action="append",
        default=[],
        metavar="NAME",
        help="a function that must have answered; may be given several times",
    )
    parser.add_argument("--show", type=int, default=0, metavar="N", help="draw the first N digits")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


def read_samples(file: Path) -> list[Sample]:
    """Read the test digits."""
    samples = []
    for where, line in _lines(file):
        try:
            payload = line["payload"]
            samples.append(Sample(payload["id"], payload["image"], line["label"]))
        except (KeyError, TypeError):
            raise InputError(f"{where}: expected payload.id, payload.image and label") from None
    if not samples:
        raise InputError(f"{file}: holds no samples")
    return samples


def read_answers(file: Path, expected: list[str]) -> tuple[Answers, int]:
    """Read the answers by function and id, and count the other messages (error answers).

    A function that is expected and silent has an empty entry. Of several answers the last counts.
    """
    answers: Answers = {name: {} for name in expected}
    errors = 0
    for where, line in _lines(file):
        payload = line.get("payload") if isinstance(line, dict) else None
        if not isinstance(payload, dict):
            raise InputError(f"{where}: expected topic and payload")
        if payload.keys() >= RESULT_KEYS:
            answers.setdefault(payload["function"], {})[payload["id"]] = payload
        else:
            errors += 1
    return answers, errors


def _lines(file: Path) -> list[tuple[str, Any]]:
    text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    return [
        (f"{file}:{number}", _decoded(f"{file}:{number}", line))
        for number, line in enumerate(text.splitlines(), start=1)
        if line.strip()
    ]


def _decoded(where: str, line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError as problem:
        raise InputError(f"{where}: not JSON: {problem}") from None


def score(function: str, samples: list[Sample], given: dict[str, Message]) -> Score:
    """Score one function's answers, by id."""
    answered = [(sample.label, given[sample.id]) for sample in samples if sample.id in given]
    correct = sum(label == answer["digit"] for label, answer in answered)
    times = [float(answer["milliseconds"]) for _, answer in answered]
    return Score(
        function=function,
        samples=len(samples),
        answered=len(answered),
        correct=correct,
        accuracy=correct / len(answered) if answered else 0.0,
        median_milliseconds=round(statistics.median(times), 3) if times else None,
    )


def reason(scores: list[Score], at_least: float) -> str:
    """Say which functions fail, and why."""
    if not scores:
        return "no function answered"
    poor = [s for s in scores if not s.passes(at_least)]
    return "; ".join(
        f"{s.function} answered {s.answered} of {s.samples}, accuracy {s.accuracy:.4f}, "
        f"expected all and at least {at_least}"
        for s in poor
    )


def _print_json(scores: list[Score], errors: int, at_least: float, *, failed: bool) -> None:
    document = {
        "passed": not failed,
        "at_least": at_least,
        "other_messages": errors,
        "functions": [asdict(s) for s in scores],
    }
    print(json.dumps(document, indent=2))


def _print_text(shown: list[Sample], answers: Answers, scores: list[Score], errors: int) -> None:
    for start in range(0, len(shown), PER_ROW):
        print("\n".join(draw(shown[start : start + PER_ROW], answers, shades())) + "\n")
    print("\n".join(table(scores)))
    if errors:
        print(f"{errors} messages were no answers to a digit")


def table(scores: list[Score]) -> list[str]:
    """Lay out the scores."""
    lines = [f"{'function':<32} {'answered':>11} {'accuracy':>10} {'median ms':>11}"]
    for s in scores:
        median = "-" if s.median_milliseconds is None else f"{s.median_milliseconds:.3f}"
        counted = f"{s.answered}/{s.samples}"
        lines.append(f"{s.function:<32} {counted:>11} {s.accuracy:>10.2%} {median:>11}")
    return lines


def shades() -> str:
    """Choose characters from paper to ink that the output can carry."""
    try:
        SHADES.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return ASCII_SHADES
    return SHADES


def draw(samples: list[Sample], answers: Answers, ramp: str) -> list[str]:
    """Draw digits side by side, 80 columns at most, what they are and what each function saw."""
    pictures = [_picture(sample.image, ramp) for sample in samples]
    lines = [GAP.join(rows).rstrip() for rows in zip(*pictures, strict=True)]
    lines.append(_row([f"{s.id}: {s.label}" for s in samples]))
    for name, given in sorted(answers.items()):
        lines.append(name)
        lines.append(_row([_seen(given.get(s.id), s.label) for s in samples]))
    return lines


def _picture(image: list[list[int]], ramp: str) -> list[str]:
    return ["".join(ramp[ink * len(ramp) // (INK + 1)] * 2 for ink in row) for row in image]


def _seen(answer: Message | None, label: int) -> str:
    if answer is None:
        return "  no answer"
    wrong = "" if answer["digit"] == label else " wrong"
    return f"  {answer['digit']} {float(answer['confidence']):>6.1%}{wrong}"


def _row(cells: list[str]) -> str:
    return GAP.join(f"{cell:<{WIDTH}}" for cell in cells).rstrip()


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # end quietly when `head` has read enough
    sys.exit(main())
