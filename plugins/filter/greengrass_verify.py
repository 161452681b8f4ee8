"""Filter that judges what greengrass_verify has read of a core.

Python and not conditions in YAML: Ansible would compile each of them anew for every host.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Finding = dict[str, Any]
State = dict[str, Any]


def finding(severity: str, what: str, fix: str) -> Finding:
    """Return a finding in the form that greengrass_report takes."""
    return {"holds": False, "severity": severity, "what": what, "fix": fix}


def verify_findings(state: State, wanted: dict[str, Any]) -> list[Finding]:
    """Return what does not hold of a core, to be told with its fix.

    `state` is what greengrass_core_state returned, `wanted` the inputs of the role by their names
    without its prefix. To add a check, add it to the group that it belongs to.
    """
    logs = (
        "ggc/var/log/system/runtime.log and crash.log"
        if wanted["runtime"] == "V1"
        else "logs/greengrass.log and loader.log"
    )
    return [
        *unit_findings(state["units"]),
        *program_findings(state, f"{wanted['directory']}/{logs}"),
        *part_findings(state, wanted["directory"]),
        *configuration_findings(state),
        *connection_findings(state, wanted),
        *component_findings(state, wanted["components"]),
    ]


def unit_findings(units: list[dict[str, str]]) -> list[Finding]:
    """Judge the units of the core."""
    broken = [unit for unit in units if unit["ActiveState"] != "active"]
    restarted = [
        unit for unit in units if unit not in broken and unit["NRestarts"] not in ("0", "")
    ]
    named = " --unit=".join(unit["Id"] for unit in broken + restarted)
    journal = f"journalctl --unit={named} tells why"
    told = []
    if broken:
        names = ", ".join(unit["Id"] for unit in broken)
        states = ", ".join(dict.fromkeys(unit["ActiveState"] for unit in broken))
        told.append(finding(
            "error",
            f"{names} is not active ({states}).",
            f"{journal}; run playbooks/site.yml again when the cause is gone.",
        ))  # fmt: skip
    if restarted:
        names = ", ".join(unit["Id"] for unit in restarted)
        told.append(finding("warning", f"systemd had to restart {names}.", f"{journal}."))
    return told


def program_findings(state: State, logs: str) -> list[Finding]:
    """Judge whether the core answers. Of a nucleus that has left its log, nothing is known."""
    fix = f"read {logs} beside it."
    nucleus = state["states"].get("aws.greengrass.Nucleus", "FINISHED")
    told = []
    if state["health"]:
        told.append(finding("error", f"the core does not answer: {state['health']}.", fix))
    # A nucleus that has done its part is finished.
    if nucleus not in ("RUNNING", "FINISHED"):
        told.append(finding("error", f"the nucleus is {nucleus}.", fix))
    return told


def part_findings(state: State, directory: str) -> list[Finding]:
    """Judge components of a classic nucleus and functions of a V1 core."""
    components = [name for name, now in state["states"].items() if now in ("ERRORED", "BROKEN")]
    functions = [
        worker["FuncArn"]
        for worker in state["workers"]
        if worker.get("WorkerState") in ("FailedInitialization", "Terminated")
    ]
    told = []
    if components:
        told.append(finding(
            "warning",
            f"components have failed: {', '.join(components)}.",
            f"read their logs in {directory}/logs.",
        ))  # fmt: skip
    if functions:
        told.append(finding(
            "warning",
            f"functions have failed: {', '.join(functions)}.",
            f"read their logs in {directory}/ggc/var/log/user.",
        ))  # fmt: skip
    return told


def configuration_findings(state: State) -> list[Finding]:
    """Judge the configuration that the core holds."""
    if state["unreadable"]:
        return [finding(
            "error",
            f"the configuration that the core holds cannot be read: {state['unreadable']}.",
            "run playbooks/site.yml; if that changes nothing, the core has not come far enough to "
            "write it.",
        )]  # fmt: skip
    if not state["empty"]:
        return []
    return [finding(
        "error",
        f"the configuration that the core holds has no {', no '.join(state['empty'])}: it would "
        "never be deployed to.",
        "the first start came before the configuration, or a claim failed; run "
        "playbooks/site.yml, and look for the reason in the core's log.",
    )]  # fmt: skip


def connection_findings(state: State, wanted: dict[str, Any]) -> list[Finding]:
    """Judge the connection; of a core that does not run, other findings say enough."""
    runs = all(unit["ActiveState"] == "active" for unit in state["units"])
    if wanted["connection"] == "ignore" or state["connections"] or not runs:
        return []
    seconds = wanted["connection_timeout"]
    return [finding(
        "error" if wanted["connection"] == "error" else "warning",
        "the core runs and is not connected: none of its processes has a connection to port "
        f"{' or '.join(map(str, wanted['endpoint_ports']))} of another machine"
        f"{f' (waited {seconds} s)' if seconds > 0 else ''}. Its log last said: "
        f"{state['told'] or 'nothing about it'}",
        "look for the cause in this order: endpoint and port reachable "
        "(greengrass_preflight_endpoints), clock, certificate active with a policy in AWS IoT, "
        "endpoint of the same account and kind (ATS) as the root CA, no other core with this "
        "thing name.",
    )]  # fmt: skip


def component_findings(state: State, wanted: list[str]) -> list[Finding]:
    """Judge which components the core was given."""
    if not (missing := [name for name in wanted if name not in state["components"]]):
        return []
    return [finding(
        "error",
        f"the core has no component {', '.join(missing)}; it has "
        f"{', '.join(state['components']) or 'none'}.",
        "look for the deployment in AWS IoT (ggfleet apply), and for its failure in the core's "
        "log.",
    )]  # fmt: skip


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., list[Finding]]]:
        """Return the filters by name."""
        return {"greengrass_verify_findings": verify_findings}
