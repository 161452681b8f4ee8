"""The life of a core: starts, crashes, timeouts, restarts, refusals, the end."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from ggfleet.errors import CoreError
from ggfleet.localcore import EmbeddedCore, Failed, Machine, Restarted
from localcore_harness import (
    ANSWER_TIMEOUT,
    ECHO,
    PYTHON,
    act_group,
    alive_in_group,
    echo_group,
    running,
    sdk,
    wait_for,
)
from localcore_support import Group, arn, package


def test_a_call_over_its_timeout_is_killed_and_the_function_comes_back(tmp_path: Path) -> None:
    with running(act_group(timeout=1), tmp_path) as run:
        assert run.ask("counted") == 1
        first = run.core.health()[0]["ProcessId"]
        run.core.send("in/slow", b'{"do": "sleep", "seconds": 60}')
        failed = run.event(Failed)
        assert (failed.topic, failed.kind) == ("in/slow", "Unhandled")
        assert failed.reason == "the call timed out after 1 s"
        assert "timed out after 1 s" in run.event(Restarted).reason
        assert run.ask("counted") == 1  # a new process: its globals begin anew
        assert run.core.health()[0]["ProcessId"] != first


def test_a_process_that_dies_is_started_again_and_waiting_messages_are_kept(tmp_path: Path) -> None:
    with running(act_group(), tmp_path) as run:
        run.core.send("in/a", b'{"do": "crash"}')
        assert run.ask("counted") == 1
        assert run.event(Failed).reason == "the process ended with exit code 7"
        assert (
            "ended with exit code 7; it is started again in 0.05 s" in run.event(Restarted).reason
        )
        os.kill(int(str(run.core.health()[0]["ProcessId"])), signal.SIGKILL)
        assert run.ask("counted") == 1


def test_a_function_that_cannot_be_loaded_is_named_with_its_last_lines(tmp_path: Path) -> None:
    group = Group()
    code = "print('loading')\nraise RuntimeError('no model')\n"
    group.function("broken", package(code))
    with (
        pytest.raises(
            CoreError, match=r"line-vision-broken cannot be loaded: .*no model"
        ) as caught,
        running(group, tmp_path),
    ):
        pass
    assert "  loading\n" in caught.value.message
    assert "line-vision-broken.log" in caught.value.fix


def test_a_function_that_does_not_get_ready_in_time_is_named(tmp_path: Path) -> None:
    group = Group()
    group.function("slow", package("import time\ntime.sleep(60)\n"))
    with running(group, tmp_path, start=False) as run:
        begin = time.monotonic()
        with pytest.raises(CoreError, match=r"line-vision-slow is not ready after 0\.5 s"):
            run.core.start(timeout=0.5)
        assert time.monotonic() - begin < 10


def test_no_process_is_left_after_the_stop(tmp_path: Path) -> None:
    code = "import subprocess\nsubprocess.Popen(['sleep', '600'])\n" + ECHO
    group = echo_group()
    group.function("echo", package(code, sdk()))
    group.functions.pop()
    with running(group, tmp_path) as run:
        leader = int(str(run.core.health()[0]["ProcessId"]))
        assert len(alive_in_group(leader)) == 2
    wait_for(lambda: not alive_in_group(leader))


def test_the_core_starts_from_what_is_in_force(tmp_path: Path) -> None:
    """After a refused deployment the old one serves, and a start needs no deployment."""
    group = echo_group()
    with running(group, tmp_path, start=False):
        pass
    old = group.load(tmp_path / "documents")
    key = "s3://line-vision-greengrass/ggfleet/line-vision/functions/echo-gateway.zip"
    content = group.store.objects[key]
    group.store.objects[key] = package("", sdk())
    group.store.lies[key] = "0" * 64
    with EmbeddedCore(old, group.store, tmp_path / "greengrass", python=PYTHON) as core:
        with pytest.raises(CoreError, match="the checksum is wrong"):
            core.deploy()
        core.start()
        core.send("in/x", b"1")
        assert core.next_answer(ANSWER_TIMEOUT) is not None
    assert content != group.store.objects[key]


def test_one_root_has_one_core(tmp_path: Path) -> None:
    group = echo_group()
    with running(group, tmp_path, start=False) as run:
        second = EmbeddedCore(run.core.deployment, group.store, tmp_path / "greengrass")
        with pytest.raises(CoreError, match="another core uses"), second:
            pass


def test_a_start_without_a_deployment_says_what_to_do(tmp_path: Path) -> None:
    group = echo_group()
    deployment = group.load(tmp_path / "documents")
    with EmbeddedCore(deployment, group.store, tmp_path / "greengrass", python=PYTHON) as core:
        with pytest.raises(CoreError, match="is not in force") as caught:
            core.start()
        with pytest.raises(CoreError, match="does not run"):
            core.send("in", b"")
    assert caught.value.fix == "deploy first"


def test_a_namespace_that_is_refused_falls_back_and_says_why(tmp_path: Path) -> None:
    group = act_group(variables={"PYTHONPATH": "/mllibs"})
    machine = Machine(os.environ, probe=lambda _folder, _python: "Operation not permitted")
    lines: list[str] = []
    deployment = group.load(tmp_path / "documents")
    root = tmp_path / "greengrass"
    core = EmbeddedCore(
        deployment, group.store, root, python=PYTHON, log=lines.append, machine=machine
    )
    with core:
        report = core.deploy()
        core.start()
    assert report.isolation == "relocated"
    said = [line for line in lines if line.startswith("isolation")]
    assert said == ["isolation of containers: relocated (Operation not permitted)"]


def test_the_log_is_bounded_as_the_logger_says(tmp_path: Path) -> None:
    code = "print('x' * 900)\n" * 30 + ECHO
    group = echo_group()
    group.function("echo", package(code, sdk()))
    group.functions.pop()
    group.loggers.append(
        {"Id": "l", "Component": "Lambda", "Type": "FileSystem", "Level": "INFO", "Space": 10}
    )
    with running(group, tmp_path) as run:
        log = run.core.layout.log("eu-west-1", "123456789012", "line-vision-echo")
        wait_for(log.with_suffix(".log.1").exists)
    assert log.stat().st_size <= 10 * 1024


def test_the_protocol_refuses_strangers(tmp_path: Path) -> None:
    """By HTTP, without the SDK: tokens, foreign work, wrong calls; health needs no token."""
    opener = build_opener(ProxyHandler({}))
    with running(echo_group(), tmp_path) as run:
        wait_for(lambda: run.core.health()[0]["WorkerState"] == "Waiting")
        health = json.loads(opener.open(run.core.health_url, timeout=5).read())
        assert health[0]["FuncArn"] == arn("echo")
        assert health[0]["WorkerState"] == "Waiting"
        base = run.core.health_url.replace("health/workers", "functions/")

        def status(method: str, path: str, token: str = "", **headers: str) -> tuple[int, str]:
            request = Request(base + path, b"", {"Authorization": token, **headers}, method=method)
            try:
                return opener.open(request, timeout=5).status, ""
            except HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        assert status("POST", arn("echo"))[0] == 403
        assert status("GET", f"{arn('echo')}/work", "wrong")[0] == 403
        environment = Path(f"/proc/{health[0]['ProcessId']}/environ").read_bytes().split(b"\0")
        token = dict(v.split(b"=", 1) for v in environment if v)[
            b"AWS_CONTAINER_AUTHORIZATION_TOKEN"
        ].decode()
        assert status("POST", arn("echo"), token)[0] == 202
        assert status("GET", f"{arn('other')}/work", token)[0] == 403
        assert status("DELETE", arn("echo"), token)[0] in (404, 501)
        assert status("PUT", f"{arn('echo')}/initialized", token)[0] == 400
        router = "arn:aws:lambda:::function:GGRouter"
        bad = {"X-Amz-Client-Context": "!"}
        assert status("POST", router, token, **bad)[0] == 400
        forged = {
            "X-Amz-Client-Context": "eyJjdXN0b20iOiB7InNvdXJjZSI6ICJjbG91ZCIsICJzdWJqZWN0IjogIngifX0="
        }
        assert status("POST", router, token, **forged) == (403, "cloud is not who asks")
        assert status("POST", arn("echo"), token, **{"X-Amz-Invocation-Type": "X"})[0] == 400
