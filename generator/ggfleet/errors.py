"""The one family of exceptions that mean: the user can put this right.

An exception from here ends a command with exit code 2, its message and its fix, and no traceback.
Any built-in exception that reaches the top is a mistake in ggfleet itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

SPEC = "FLEET.YML"
"""The spec in a command, where its path is not known."""


class GgfleetError(Exception):
    """What went wrong, and what to do about it.

    `message` is one sentence without a full stop; `fix` tells the next step, or is empty.
    """

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class SpecError(GgfleetError):
    """The spec has problems of severity error; each has its place in the file.

    `problems` are `ggfleet.model.Problem`s; this module stands below the model, hence `object`.
    """

    def __init__(self, problems: Sequence[object]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the spec")
        self.problems = problems


class PendingError(GgfleetError):
    """A document needs values that nothing has produced yet.

    `pending` are pairs of what is missing and the fix; the message has a line for each of both.
    """

    def __init__(self, pending: Iterable[tuple[str, str]]) -> None:
        self.pending = tuple(pending)
        by_fix: dict[str, list[str]] = {}
        for what, fix in self.pending:
            by_fix.setdefault(fix, []).append(what)
        lines = [line for fix, whats in by_fix.items() for line in (*whats, f"  fix: {fix}")]
        super().__init__("not known yet:\n" + "\n".join(f"  {line}" for line in lines))

    def of_spec(self, path: str) -> PendingError:
        """The same with the spec's path in commands, which those who make documents do not know."""
        return PendingError((what, fix.replace(SPEC, path)) for what, fix in self.pending)


class BundleError(GgfleetError):
    """An archive cannot be built: no fitting wheel, a missing source, a package over its limit."""


class ToolError(GgfleetError):
    """A program that ggfleet calls is missing or has failed."""


class CloudError(GgfleetError):
    """An AWS endpoint refused or did not answer."""


class CoreError(GgfleetError):
    """The embedded core cannot run this deployment."""


class CompareError(GgfleetError):
    """A strategy could not be measured."""
