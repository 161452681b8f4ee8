"""The command `ggfleet`: finds the verb, tells errors, chooses the exit code.

Exit codes: 0 done; 1 done, and the answer is no (a comparison or run that fell short); 2 the user
can put it right; 130 interrupted. A traceback means a mistake in ggfleet.
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import sys

import click
from click.shell_completion import CompletionItem

from ggfleet.cli import output
from ggfleet.errors import GgfleetError

VERBS = {
    "init": "Write a commented spec and an inventory to start from.",
    "check": "Find everything that is wrong with a spec.",
    "rules": "List what check looks for.",
    "explain": "Tell one rule: why, who says so, what to do.",
    "lock": "Pin each platform's wheels in files to review.",
    "bundle": "Build the archives: libraries, models, functions.",
    "audit": "List the archives' packages, licences and known vulnerabilities.",
    "verify": "Hold archives against their signed manifest.",
    "render": "Write what Greengrass deploys.",
    "publish": "Upload the archives to S3, each once.",
    "register": "Make the cores known to AWS: things, certificates, policies, role.",
    "unregister": "Take certificates of cores, or cores, out of AWS again.",
    "run": "Try the functions on this machine, in an embedded core.",
    "compare": "Measure how ML libraries should reach a device.",
    "advise": "Tell by which way each library, model and function should travel.",
    "calibrate": "Fit the advisor's model to measurements, and judge it.",
    "report": "Tell what was measured: a page, Markdown, tables.",
    "measure": "Measure the same on a device, as a matrix of conditions.",
    "simulate": "Simulate a library's way to a large fleet.",
    "schema": "Print the JSON Schema of the spec, for editors.",
    "completion": "Print the completion script of a shell.",
}
"""Every verb and what it does; its module is imported only when it is called, to start fast."""

INTERRUPTED = 130
MANY = 100_000
"""Values after which Python looks for cycles."""

_ANOTHER = "name another file or folder"
_ROOM = "free some space, or name another folder"
REFUSALS = {
    errno.EACCES: "change its permissions, or name another file or folder",
    errno.EPERM: "change its permissions, or name another file or folder",
    errno.EROFS: _ANOTHER,
    errno.ENOENT: _ANOTHER,
    errno.ENOTDIR: _ANOTHER,
    errno.EISDIR: _ANOTHER,
    errno.EEXIST: _ANOTHER,
    errno.ENAMETOOLONG: _ANOTHER,
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
}
"""What the machine may refuse of a path that a user named, and the fix."""


FULL = (errno.ENOSPC, errno.EDQUOT)


class _Verbs(click.Group):
    """A group that imports a verb's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"ggfleet.cli.{cmd_name}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer the verbs by the table above: asking each command would import them all."""
        verbs = [
            CompletionItem(verb, help=what)
            for verb, what in VERBS.items()
            if verb.startswith(incomplete)
        ]
        return verbs + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ggfleet", message="%(prog)s %(version)s")
def cli() -> None:
    """Greengrass fleets of Raspberry Pis and Jetsons from one YAML file."""


def main() -> None:
    """Run a verb and leave with its exit code."""
    # Large fleets make values by the 100,000 and hardly a cycle among them. Python looks for cycles
    # after every 700 values, which was a fifth of what their stacks took.
    gc.set_threshold(MANY)
    try:
        code = cli.main(standalone_mode=False, prog_name="ggfleet")
    except GgfleetError as error:
        output.tell_error(error)
        code = 2
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        output.err.print("interrupted", style="yellow")
        code = INTERRUPTED
    except OSError as error:
        code = _tell_refused(error)
    sys.exit(code or 0)


def _tell_refused(error: OSError) -> int:
    """A path that the machine refused is the user's to put right; everything else is ours."""
    # Writing to a file that is open names none.
    if error.errno not in REFUSALS or (error.filename is None and error.errno not in FULL):
        raise error
    where = "writing a file" if error.filename is None else error.filename
    reason = os.strerror(error.errno).lower()
    output.tell_error(GgfleetError(f"{where}: {reason}", fix=REFUSALS[error.errno]))
    return 2
