"""The modules that change a host in one round trip, without a host."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from module_support import module_of

PLUGINS = Path(__file__).parents[2] / "plugins"
# Modules that take their arguments as JSON: the action plugin checks what they document.
PAIRS = sorted(path.stem for path in (PLUGINS / "action").glob("*.py"))
LEAN = [name for name in PAIRS if name not in {"greengrass_inputs", "greengrass_report"}]


def documented(options: dict[str, Any]) -> dict[str, Any]:
    """Return a module's documented options in the form of an argument specification."""
    found = {}
    for name, option in options.items():
        kept = {key: value for key, value in option.items() if key != "description"}
        if "suboptions" in kept:
            kept["options"] = documented(kept.pop("suboptions"))
        found[name] = kept
    return found


def ask(name: str, **asked: Any) -> dict[str, Any]:
    """Run a module as Ansible does, with its arguments put in, and return its result."""
    text = (PLUGINS / f"modules/{name}.py").read_text()
    words = {"_ansible_check_mode": False, "_ansible_diff": True, **asked}
    program = text.replace("<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>", json.dumps(words))
    argv = [sys.executable, "-I", "-"]
    done = subprocess.run(argv, input=program, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def state(check: bool = False, **asked: Any) -> dict[str, Any]:
    """Run greengrass_state with owners that are the user who runs the tests."""
    lists = ("absent", "groups", "users", "directories", "files")
    nothing: dict[str, Any] = {name: [] for name in lists}
    return ask(
        "greengrass_state", **{**nothing, "sysctls": {}, "_ansible_check_mode": check, **asked}
    )


def owned(path: Path, mode: str, **more: Any) -> dict[str, Any]:
    """Return what is wanted of a path."""
    return {"path": str(path), "owner": "root", "group": "root", "mode": mode, **more}


def mode_of(path: Path) -> int:
    """Return the permissions of a path."""
    return stat.S_IMODE(path.stat().st_mode)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to root")


@pytest.mark.parametrize("name", PAIRS)
def test_action_plugin_checks_what_the_module_documents(name: str) -> None:
    """Names, types, defaults and choices, those of suboptions too."""
    documentation = yaml.safe_load(module_of(PLUGINS / f"modules/{name}.py").DOCUMENTATION)
    checked = module_of(PLUGINS / f"action/{name}.py").ARGUMENTS
    assert checked == documented(documentation["options"])


@pytest.mark.parametrize("name", LEAN)
def test_module_needs_nothing_but_python(name: str) -> None:
    """No import from Ansible, which is what makes a module slow to start on a board."""
    assert "import ansible" not in (text := (PLUGINS / f"modules/{name}.py").read_text())
    assert "from ansible" not in text
    assert text.startswith("#!/usr/bin/python\n")


@as_root
def test_files_are_written_whole_and_only_when_they_differ(tmp_path: Path) -> None:
    """The second time nothing is changed; nothing is left beside."""
    tmp_path.chmod(0o755)
    folder, file = tmp_path / "etc", tmp_path / "etc/unit"
    wanted: dict[str, Any] = {
        "directories": [owned(folder, "0750")],
        "files": [owned(file, "0640", content="text\n", secret=False)],
    }
    first, second = state(**wanted), state(**wanted)
    assert first["changes"] == [f"directory {folder} made", f"file {file} written"]
    assert (second["changed"], second["changes"], second["diff"]) == (False, [], [])
    assert (file.read_text(), mode_of(file), mode_of(folder)) == ("text\n", 0o640, 0o750)
    assert [path.name for path in folder.iterdir()] == ["unit"]


@as_root
def test_what_a_directory_lies_in_is_made_too(tmp_path: Path) -> None:
    """With the same mode, as the classic nucleus needs it: /greengrass/v2 on a fresh host."""
    tmp_path.chmod(0o755)
    deep = tmp_path / "greengrass/v2"
    assert state(directories=[owned(deep, "0755")])["changes"] == [f"directory {deep} made"]
    assert (mode_of(deep.parent), mode_of(deep)) == (0o755, 0o755)


@as_root
def test_check_mode_foretells_and_changes_nothing(tmp_path: Path) -> None:
    """Also for owners that do not exist yet."""
    made = tmp_path / "made"
    wanted = {**owned(made, "0755"), "owner": "nobody-there"}
    found = state(check=True, directories=[wanted], absent=[str(tmp_path)])
    assert found["changes"] == [f"{tmp_path} removed", f"directory {made} made"]
    assert not made.exists()


@as_root
def test_mode_is_corrected_without_writing(tmp_path: Path) -> None:
    """The content stays where it lies, which its inode tells."""
    file = tmp_path / "key"
    file.write_text("secret")
    inode = file.stat().st_ino
    found = state(files=[owned(file, "0600", content="secret", secret=True)])
    assert found["changes"] == [f"{file}: root:root 0600"]
    assert (mode_of(file), file.stat().st_ino) == (0o600, inode)


@as_root
def test_secret_content_is_in_no_difference(tmp_path: Path) -> None:
    """Of two files that are written, one is shown; the result holds nothing of the other."""
    open_file, secret = tmp_path / "open", tmp_path / "secret"
    files = [
        owned(open_file, "0644", content="shown", secret=False),
        owned(secret, "0600", content="never shown", secret=True),
    ]
    found = state(files=files)
    assert [each["after"] for each in found["diff"]] == ["shown"]
    assert "never shown" not in json.dumps(found)


@as_root
def test_unknown_owner_is_refused_with_what_was_done_before(tmp_path: Path) -> None:
    """The message names path and owner."""
    made = tmp_path / "made"
    wanted = {**owned(tmp_path / "other", "0755"), "owner": "nobody-there"}
    found = state(directories=[owned(made, "0755"), wanted])
    assert found["failed"]
    assert "other is to belong to nobody-there:root, and the host has no such" in found["msg"]
    assert found["changes"][0] == f"directory {made} made"


@as_root
def test_links_are_replaced_and_not_followed(tmp_path: Path) -> None:
    """What somebody has linked elsewhere stays as it is."""
    elsewhere, file = tmp_path / "elsewhere", tmp_path / "file"
    elsewhere.write_text("same")
    file.symlink_to(elsewhere)
    state(files=[owned(file, "0600", content="same", secret=False)])
    assert not file.is_symlink()
    assert mode_of(elsewhere) != 0o600


def test_what_is_absent_already_is_no_change(tmp_path: Path) -> None:
    """Neither in check mode nor out of it."""
    gone = str(tmp_path / "gone")
    assert not state(absent=[gone])["changed"]
    assert not state(check=True, absent=[gone])["changed"]


def test_kernel_setting_that_does_not_hold_is_told(tmp_path: Path) -> None:
    """The message names the setting, what it must be, and what the kernel says."""
    module = module_of(PLUGINS / "modules/greengrass_state.py")
    assert module.kernel_values({"kernel.nosuchsetting": "1"}) == {"kernel.nosuchsetting": []}
    with pytest.raises(module.RefusedError, match=r"must be 1, and the kernel says missing\. A"):
        module.must_hold({"kernel.nosuchsetting": ["1"]})


@pytest.fixture
def parts(tmp_path: Path) -> Path:
    """Return an archive of two parts, one of which a program writes to."""
    source = tmp_path / "source/core"
    for name in ("bin/daemon", "var/log"):
        (source / name).parent.mkdir(parents=True)
        (source / name).write_text(f"new {name}")
    archive = tmp_path / "core.tar"
    subprocess.run(["tar", "-cf", archive, "-C", source.parent, "core"], check=True)
    return archive


def unpack(archive: Path, into: Path, needs: str = "bin/daemon") -> dict[str, Any]:
    """Run greengrass_unpack for a unit that nobody has."""
    return ask(
        "greengrass_unpack", archive=str(archive), directory=str(into), prefix="core", needs=needs,
        otherwise="not ours.", replaced=["bin", "lib"], kept=["var"], unit="no-such.service",
    )  # fmt: skip


def systemctl_or_skip(module: ModuleType) -> None:
    """Skip where no systemd answers: the module asks it before it replaces anything."""
    try:
        module.stop("no-such.service")
    except (OSError, module.RefusedError):
        pytest.skip("systemctl does not answer here; tests/fleet has hosts on which it does")


def test_parts_are_replaced_and_what_is_written_to_is_kept(tmp_path: Path, parts: Path) -> None:
    """A part that the archive lacks is passed over; nothing is left of the unpacking."""
    systemctl_or_skip(module_of(PLUGINS / "modules/greengrass_unpack.py"))
    into = tmp_path / "into"
    (into / "var").mkdir(parents=True)
    (into / "bin").mkdir()
    (into / "bin/old").write_text("old")
    assert unpack(parts, into)["parts"] == ["bin"]
    assert sorted(path.name for path in into.iterdir()) == ["bin", "var"]
    assert [path.name for path in (into / "bin").iterdir()] == ["daemon"]
    assert not list((into / "var").iterdir())


def test_archive_of_something_else_is_refused_before_anything_is_replaced(
    tmp_path: Path, parts: Path
) -> None:
    """The message is the role's; nothing is left of the unpacking."""
    into = tmp_path / "into"
    into.mkdir()
    found = unpack(parts, into, needs="bin/other")
    assert (found["failed"], found["msg"]) == (True, "not ours.")
    assert not list(into.iterdir())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_is_named_with_what_was_needed_and_what_to_do(
    tmp_path: Path, number: int
) -> None:
    """Any other error of the system stays as it is."""
    module = module_of(PLUGINS / "modules/greengrass_state.py")
    with pytest.raises(module.RefusedError) as refused, module.room_for(tmp_path / "key", 1675):
        raise OSError(number, os.strerror(number))
    said = str(refused.value)
    assert re.fullmatch(
        rf"the disk at /\S* is full: {tmp_path}/key needs 1675 bytes and an inode, (\d+ are|no inode is) free\."
        r" Make room there, then run again\. What was at that path is unchanged",
        said,
    )
    with pytest.raises(PermissionError), module.room_for(tmp_path / "key", 1675):
        raise PermissionError(errno.EACCES, "")


@pytest.mark.parametrize(
    ("held", "told"), [(None, False), ("old", False), ("new", True), ("new\n", False)]
)
def test_note_is_compared_as_a_whole(tmp_path: Path, held: str | None, told: bool) -> None:
    """A unit without a note was started with something else, for all that is known."""
    note = tmp_path / "note"
    if held is not None:
        note.write_text(held)
    assert module_of(PLUGINS / "modules/greengrass_unit.py").is_noted(note, "new") is told
