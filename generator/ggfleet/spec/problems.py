"""Everything found wrong in one file, and where each part of the file stands."""

from __future__ import annotations

from collections.abc import Iterable

from ggfleet.model import Place, Problem, Severity

SIMILARITY = 0.6
"""How alike a name must be to be offered; difflib's own default, good at one or two slips."""


class Problems:
    """Collects problems and the places of document paths.

    A path is written as a person would: `functions.classify.memory`, `subscriptions[2].to`.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []
        self._places: dict[str, Place] = {"": Place(file, 1, 1)}

    def locate(self, path: str, place: Place) -> None:
        """Remember where a path stands."""
        self._places[path] = place

    def place(self, path: str) -> Place:
        """Where a path stands; for a path that the file lacks, where its parent stands."""
        while path not in self._places:
            path = parent(path)
        return self._places[path]

    def error(self, path: str, message: str, fix: str, place: Place | None = None) -> None:
        """Record an error."""
        self.found.append(Problem(place or self.place(path), path, message, fix))

    def warning(self, path: str, message: str, fix: str) -> None:
        """Record a warning."""
        self.found.append(Problem(self.place(path), path, message, fix, Severity.WARNING))

    def touches(self, path: str) -> bool:
        """Whether a problem was already found at a path, below it, or at one of its parents.

        A rule stays silent there: it would judge a value that nobody wrote.
        """
        return any(_related(problem.path, path) for problem in self.found)

    def sorted(self) -> list[Problem]:
        """All problems in the order of the file, each once."""
        return sorted(set(self.found))


def parent(path: str) -> str:
    """The path of the surrounding part: `a.b[2]` -> `a.b` -> `a` -> empty."""
    cut = max(path.rfind("."), path.rfind("["))
    return path[:cut] if cut > 0 else ""


def _related(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return short != "" and (long == short or long.startswith((f"{short}.", f"{short}[")))


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like a misspelt one, or nothing."""
    import difflib  # noqa: PLC0415 - a spec without a slip does without

    by_folded = {candidate.lower(): candidate for candidate in known}
    matches = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=SIMILARITY)
    return by_folded[matches[0]] if matches else ""


def suggestion(name: str, known: Iterable[str]) -> str:
    """The fix for an unknown name: the nearest known one, else all of them."""
    names = list(known)
    close = nearest(name, names)
    if close:
        return f"did you mean {close}?"
    return f"known here: {', '.join(names)}" if names else "none is defined"
