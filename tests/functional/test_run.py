"""`ggfleet run`: from a spec to answers, with the unmodified SDK, in one command."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from functional.ggfleet_command import ROOT, SAMPLE, ggfleet
from functional.small_fleet import lines, small_fleet
from ggfleet.system.files import locked
from unit.wheelmaker import make_wheel


def answers(stdout: str) -> list[dict[str, object]]:
    return [json.loads(line)["payload"] for line in stdout.splitlines()]


@pytest.mark.parametrize("isolation", ["none", "container"])
def test_messages_in_answers_out(tmp_path: Path, isolation: str) -> None:
    """The function finds its library and its model as ML resources, and its answers come out."""
    small_fleet(tmp_path, isolation)
    done = ggfleet("run", cwd=tmp_path, stdin=lines({"n": 1}, {"n": 2}))
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout) == [
        {"lib": 42, "model": "first", "files": ["weights"], "echo": {"n": n}} for n in (1, 2)
    ]
    assert "2 messages in, 2 answers out, 0 dropped, 0 failed" in done.stderr


def test_answers_and_counts_come_as_one_document(tmp_path: Path) -> None:
    """With --json: nothing is printed before the end, and the exit code is as without."""
    small_fleet(tmp_path)
    done = ggfleet("run", "--json", cwd=tmp_path, stdin=lines({"n": 1}, {"divide": 0}))
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert (told["core"], told["platform"]) == ("pc-1", "pc")
    assert [each["payload"]["echo"] for each in told["answers"]] == [{"n": 1}]
    assert told["answers"][0]["topic"] == "small/result"
    assert [told[key] for key in ("sent", "answered", "dropped", "failed")] == [2, 1, 0, 1]


def test_a_message_without_subscription_is_dropped_and_said_so(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    text = lines({"n": 1}, topic="small/other") + lines({"answer_on": "small/nobody"})
    done = ggfleet("run", cwd=tmp_path, stdin=text)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "dropped: small/other from cloud" in done.stderr
    assert "dropped: small/nobody from" in done.stderr
    assert "2 messages in, 0 answers out, 2 dropped" in done.stderr


def test_a_failing_call_is_told_and_the_next_is_answered(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    done = ggfleet("run", cwd=tmp_path, stdin=lines({"divide": 0}, {"n": 2}))
    assert done.returncode == 1
    assert [answer["echo"] for answer in answers(done.stdout)] == [{"n": 2}]
    assert "division by zero" in done.stderr


def test_more_messages_than_a_queue_holds_are_all_answered(tmp_path: Path) -> None:
    """A V1 core drops what exceeds 1,024 waiting messages; the command sends no faster."""
    small_fleet(tmp_path)
    done = ggfleet("run", cwd=tmp_path, stdin=lines(*({"n": n} for n in range(1500))))
    assert done.returncode == 0, done.stderr[-2000:]
    assert [answer["echo"] for answer in answers(done.stdout)] == [{"n": n} for n in range(1500)]


def test_a_second_run_fetches_only_what_changed(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    ggfleet("run", cwd=tmp_path, stdin=lines({}))
    (tmp_path / "m/weights").write_text("second")
    done = ggfleet("run", cwd=tmp_path, stdin=lines({}))
    assert answers(done.stdout)[0]["model"] == "second"
    manifest = json.loads((tmp_path / "build/bundles/manifest.json").read_text())
    (model,) = [a for a in manifest["archives"] if a["part"] == "models"]
    assert f"{model['size'] / 10**6:.1f} MB fetched, 1 files unpacked" in done.stderr


def test_the_same_function_answers_as_a_v2_component(tmp_path: Path) -> None:
    """The spec, the code and the messages are those of V1; only `components:` is new."""
    spec = small_fleet(tmp_path)
    done = ggfleet("run", "--v2", cwd=tmp_path, stdin=lines({"n": 1}))
    assert done.returncode == 2
    assert "add `components: {prefix: com.example}`" in done.stderr
    spec.write_text(spec.read_text() + "components: {prefix: com.example}\n")
    done = ggfleet("run", "--v2", cwd=tmp_path, stdin=lines({"n": 1}, {"n": 2}))
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout) == [
        {"lib": 42, "model": "first", "files": ["weights"], "echo": {"n": n}} for n in (1, 2)
    ]


def test_what_the_v2_core_does_not_run_is_said(tmp_path: Path) -> None:
    """A fleet with client devices, shadows and secrets is tried without them; the rest answers."""
    spec = small_fleet(tmp_path)
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-s-AbCdEf"
    text = spec.read_text().replace("models: [m]", "models: [m]\n    resources: {s: ro}")
    text += "  - {from: button, topic: buttons/pressed, to: fn}\n"
    text += "  - {from: fn, topic: $aws/things/pc-1/shadow/update, to: shadow}\n"
    text += "client_devices:\n  button: {cores: pcs}\n"
    text += f"resources:\n  s: {{secret: '{arn}'}}\n"
    spec.write_text(text + "components: {prefix: com.example}\n")
    done = ggfleet("run", "--v2", cwd=tmp_path, stdin=lines({"n": 1}))
    assert done.returncode == 0, done.stderr
    assert answers(done.stdout)[0]["echo"] == {"n": 1}
    said = " ".join(done.stderr.split())
    for name in ("clientdevices.Auth", "clientdevices.mqtt.Bridge", "ShadowManager"):
        assert f"aws.greengrass.{name}: is AWS's, and the embedded core does not run it" in said
    assert "functions get the secrets that the trial is given, or none" in said


def test_an_answer_comes_while_the_input_is_still_open(tmp_path: Path) -> None:
    """Whoever types messages, or pipes a sensor in, sees each answer when it is there."""
    small_fleet(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "ggfleet", "run"],
        cwd=tmp_path, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines({"n": 1}))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["payload"]["echo"] == {"n": 1}
        process.stdin.close()
        process.stdin = None
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_reader_that_goes_away_ends_the_run_without_traceback(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    (tmp_path / "many.jsonl").write_text(lines(*({"n": "x" * 500} for _ in range(600))))
    done = subprocess.run(
        f"{sys.executable} -m ggfleet run --messages many.jsonl | head -c 10",
        shell=True, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert len(done.stdout) == 10
    assert "Traceback" not in done.stderr


def test_two_runs_in_one_folder_do_not_mix(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    with locked(tmp_path / "build/run/core"):
        done = ggfleet("run", cwd=tmp_path, stdin=lines({}))
    assert done.returncode == 2
    assert "another ggfleet uses" in done.stderr
    assert "--root" in done.stderr


def test_a_line_that_is_no_message_is_named(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    done = ggfleet("run", cwd=tmp_path, stdin=lines({}) + '\n{"topic": 1}\n')
    assert done.returncode == 2
    assert "<stdin>:3 is no message" in done.stderr


def test_no_core_for_this_machine_is_told_with_the_reason() -> None:
    done = ggfleet("run", SAMPLE, "--platform", "pi", "--which")
    if done.returncode == 0:
        pytest.skip("this machine runs archives for a Raspberry Pi")
    assert "pi is aarch64, this machine x86_64" in done.stderr


@pytest.mark.ml
def test_the_sample_recognises_real_digits_in_three_ways(tmp_path: Path) -> None:
    """450 digits through the embedded core, TensorFlow as ML resource in both isolations, LiteRT in
    the package: each function at least 95 % right, and the same prediction from all three."""
    samples = ROOT / "build/models/digits/samples.jsonl"
    if not samples.exists():
        pytest.skip("the sample model is not trained: `make model`")
    malformed = '{"topic": "digits/request", "payload": {"id": "bad", "image": [1]}}\n'
    done = ggfleet("run", SAMPLE, "--root", tmp_path, stdin=malformed + samples.read_text())
    assert done.returncode == 0, done.stderr[-3000:]
    labels = {}
    for line in samples.read_text().splitlines():
        sample = json.loads(line)
        labels[sample["payload"]["id"]] = sample["label"]
    results: dict[str, dict[str, int]] = {}
    errors = set()
    for line in done.stdout.splitlines():
        message = json.loads(line)
        answer = message["payload"]
        if message["topic"] == "digits/error":
            errors.add((answer["function"], answer["id"]))
        else:
            results.setdefault(answer["function"], {})[answer["id"]] = answer["digit"]
    functions = {"digits-container", "digits-process", "digits-edge"}
    assert errors == {(function, "bad") for function in functions}
    assert set(results) == functions
    for answered in results.values():
        assert answered.keys() == labels.keys()
        right = sum(answered[id_] == label for id_, label in labels.items())
        assert right / len(labels) >= 0.95
    assert results["digits-container"] == results["digits-process"] == results["digits-edge"]


def test_libraries_of_a_tar_gz_are_found_on_either_core(tmp_path: Path) -> None:
    """V1 unpacks it as the resource, V2's component by itself; both in its one folder."""
    spec = small_fleet(tmp_path)
    text = spec.read_text().replace("/mllibs}", "/mllibs, archive: tar.gz}")
    spec.write_text(text + "components: {prefix: com.example}\n")
    code = tmp_path / "code/function.py"
    code.write_text(code.read_text().replace('"/mllibs"', '"/mllibs/libraries"'))
    for options in ([], ["--v2"]):
        done = ggfleet("run", *options, cwd=tmp_path, stdin=lines({"n": 1}))
        assert done.returncode == 0, done.stderr
        assert answers(done.stdout)[0]["lib"] == 42
    [archive] = (tmp_path / "build/bundles/libraries").glob("*.tar.gz")
    assert archive.is_file()


@pytest.mark.parametrize("options", [[], ["--v2"]])
def test_only_the_layer_that_changed_is_fetched(tmp_path: Path, options: list[str]) -> None:
    """A second library of the set moves: the archive of the first is there already."""
    spec = small_fleet(tmp_path)
    text = spec.read_text().replace("/mllibs}", "/mllibs, layers: {first: [tinylib]}}")
    spec.write_text(text + "components: {prefix: com.example}\n")
    code = tmp_path / "code/function.py"
    both = code.read_text().replace(
        '+ "/mllibs")',
        '+ "/mllibs/first")\nsys.path.append(os.environ["AWS_GG_RESOURCE_PREFIX"].rstrip("/") + "/mllibs/rest")',
    )
    code.write_text(
        both.replace("import tinylib", "import tinylib, other").replace(
            "tinylib.value", "[tinylib.value, other.V]"
        )
    )
    for version in ("1.0", "2.0"):
        make_wheel(tmp_path / "wheels", "other", version, files={"other.py": f"V = {version}\n"})
        pins = f"--no-index\n--find-links wheels\ntinylib==1.0\nother=={version}\n"
        (tmp_path / "tinylib.txt").write_text(pins)
        done = ggfleet("run", *options, cwd=tmp_path, stdin=lines({"n": 1}))
        assert done.returncode == 0, done.stderr
        assert answers(done.stdout)[0]["lib"] == [42, float(version)]
    manifest = json.loads((tmp_path / "build/bundles/manifest.json").read_text())
    [rest] = [each for each in manifest["archives"] if each["name"] == "tinylib-rest"]
    # Both would be twice as many files.
    assert f" fetched, {rest['files']} files unpacked" in " ".join(done.stderr.split())
