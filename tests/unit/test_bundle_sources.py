"""Function folders and models."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ggfleet.bundle.sources import function_entries, model_entries
from ggfleet.errors import BundleError


def write(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_leftovers_stay_out_of_a_package(tmp_path: Path) -> None:
    """Python's, version control's and editors'."""
    folder = write(
        tmp_path,
        "function.py",
        "data/labels.txt",
        "__pycache__/function.cpython-311.pyc",
        "old.pyc",
        ".git/config",
        "function.py~",
        ".function.py.swp",
        "#function.py#",
    )
    assert sorted(e.path for e in function_entries(folder)) == ["data/labels.txt", "function.py"]


def test_programs_stay_programs(tmp_path: Path) -> None:
    """Only that bit of a mode is kept."""
    write(tmp_path, "tool", "text")
    (tmp_path / "tool").chmod(0o700)
    (tmp_path / "text").chmod(0o600)
    modes = {e.path: e.mode for e in function_entries(tmp_path)}
    assert modes == {"tool": 0o755, "text": 0o644}


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    """With what to correct."""
    with pytest.raises(BundleError, match="nowhere does not exist") as caught:
        function_entries(tmp_path / "nowhere")
    assert "`source`" in caught.value.fix


def test_a_file_is_no_function_source(tmp_path: Path) -> None:
    """Sources are folders."""
    with pytest.raises(BundleError, match="is not a folder"):
        function_entries(write(tmp_path, "function.py") / "function.py")


@pytest.mark.parametrize("target", ["function.py", "folder", "missing"])
def test_links_are_refused(tmp_path: Path, target: str) -> None:
    """To a file, to a folder, to nothing."""
    write(tmp_path, "function.py", "folder/more.py")
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(BundleError, match="link is a symbolic link"):
        function_entries(tmp_path)


def test_sockets_and_pipes_are_refused(tmp_path: Path) -> None:
    """Reading one would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BundleError, match="pipe is not a regular file"):
        function_entries(tmp_path)


def test_a_model_folder_is_its_content(tmp_path: Path) -> None:
    """Not the folder itself: the destination takes its place."""
    write(tmp_path / "saved_model", "saved_model.pb", "variables/variables.index")
    paths = sorted(e.path for e in model_entries(tmp_path / "saved_model"))
    assert paths == ["saved_model.pb", "variables/variables.index"]


def test_a_model_file_lies_directly_below_the_destination(tmp_path: Path) -> None:
    """Under its own name."""
    write(tmp_path, "digits.tflite")
    assert [e.path for e in model_entries(tmp_path / "digits.tflite")] == ["digits.tflite"]


def test_a_missing_or_empty_model_is_named(tmp_path: Path) -> None:
    """Mostly: nobody trained it yet."""
    with pytest.raises(BundleError, match="does not exist") as caught:
        model_entries(tmp_path / "saved_model")
    assert "train" in caught.value.fix
    (tmp_path / "saved_model").mkdir()
    with pytest.raises(BundleError, match="holds no file"):
        model_entries(tmp_path / "saved_model")
