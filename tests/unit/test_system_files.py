"""Files and folders appear whole or not at all, and nothing of somebody else's is replaced."""

from __future__ import annotations

import datetime as dt
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from ggfleet.errors import GgfleetError, ToolError
from ggfleet.model import Document, Json, Rendering, Severity
from ggfleet.system.documents import read_documents, write_rendering
from ggfleet.system.files import (
    FEW,
    atomic_file,
    flush_tree,
    locked,
    remove_tree,
    replace_folder,
    to_json,
    write_json,
    write_new,
)
from ggfleet.system.process import program, run

RENDERING = Rendering((Document("calls.json", []), Document("cores/a/group.json", {"Name": "a"})))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_that_fails_half_way_leaves_the_old_one_and_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def fail() -> None:
        with atomic_file(path) as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_file_is_there_with_its_mode_when_the_block_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "new/file"
    with atomic_file(path, mode=0o600) as stream:
        stream.write(b"all")
        assert not path.exists()
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"all", 0o600)


def test_json_keeps_order_and_refuses_what_is_no_json(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"b": 1, "a": "ü"})
    assert (tmp_path / "x.json").read_text() == '{\n  "b": 1,\n  "a": "ü"\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "x.json", float("nan"))


TEXTS: list[Json] = [
    {}, [], "", None, True, 0, -1.5, 1e300, 1e15, 2**70, 0.0001, "ü\u2028\x00\"\\\n", [[], {}, [[]]], {"": {"a": []}},
    {"b": [1, {"c": None}], "a": "x", "d": {"e": {"f": [True, "y"]}}}, (1, (2,)), [Severity.NOTE],
    ["x", "\"ü"], ("x",), ["x", 1], [["x"], "y", Severity.NOTE],
]  # fmt: skip


@pytest.mark.parametrize("content", TEXTS, ids=str)
def test_json_is_written_as_the_standard_library_indents_it(content: Json) -> None:
    assert to_json(content).decode() == json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def test_json_escapes_what_the_standard_library_escapes() -> None:
    letters = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    assert to_json(letters).decode() == json.dumps(letters, ensure_ascii=False) + "\n"


def test_small_numbers_are_written_otherwise_and_read_as_the_same() -> None:
    for number, written in ((1e-5, b"0.00001\n"), (-2.5e-7, b"-2.5e-7\n")):
        assert to_json(number) == written
        assert json.loads(written) == number


@pytest.mark.parametrize(
    "wrong", [{"a": {2, 3}}, [dt.date(2026, 1, 1)], [Document("x", 1)], [2**70, {1}]]
)
def test_json_takes_no_value_that_json_does_not_have(wrong: Any) -> None:
    with pytest.raises(TypeError):
        to_json(wrong)


@pytest.mark.parametrize("wrong", [[float("nan")], {"a": [None, float("inf")]}, [-float("inf")]])
def test_what_is_no_number_is_not_written_as_null(wrong: Json) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(wrong)


def test_half_of_a_character_is_not_written() -> None:
    with pytest.raises(UnicodeEncodeError):
        to_json(["\ud800"])


def test_a_new_file_takes_no_others_place(tmp_path: Path) -> None:
    place = tmp_path / "x"
    write_new(str(place), b"one")
    with pytest.raises(FileExistsError):
        write_new(str(place), b"two")
    assert place.read_bytes() == b"one"


def test_a_folder_takes_the_place_of_another(tmp_path: Path) -> None:
    for name in ("new", "place"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "new", tmp_path / "place")
    assert names(tmp_path) == ["place"]
    assert names(tmp_path / "place") == ["new"]


def test_what_a_crash_left_behind_is_cleared_up(tmp_path: Path) -> None:
    (tmp_path / ".place.old/x").mkdir(parents=True)
    (tmp_path / "new").mkdir()
    replace_folder(tmp_path / "new", tmp_path / "place")
    assert names(tmp_path) == ["place"]


def test_removing_follows_no_link_and_opens_read_only_folders(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to("kept")
    (tmp_path / "tree/shut").mkdir(parents=True)
    (tmp_path / "tree/shut/file").touch()
    (tmp_path / "tree/out").symlink_to(tmp_path / "kept")
    (tmp_path / "tree/shut").chmod(0o500)
    for name in ("tree", "link", "absent"):
        remove_tree(tmp_path / name)
    assert names(tmp_path) == ["kept"]


def test_a_locked_folder_keeps_others_out(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "a"),
        pytest.raises(GgfleetError, match="another ggfleet uses"),
        locked(tmp_path / "a", wait=False),
    ):
        pass
    with locked(tmp_path / "a", wait=False):
        pass


def test_a_shared_lock_keeps_out_who_does_not_share_it(tmp_path: Path) -> None:
    """Several may hold it at once; who wants the folder alone waits for all of them."""
    with locked(tmp_path, shared=True), locked(tmp_path, shared=True):
        assert is_refused(tmp_path, shared=False)
        assert not is_refused(tmp_path, shared=True)
    with locked(tmp_path):
        assert is_refused(tmp_path, shared=True)


def is_refused(folder: Path, *, shared: bool) -> bool:
    try:
        with locked(folder, wait=False, shared=shared):
            return False
    except GgfleetError:
        return True


def test_a_rendering_replaces_an_earlier_one_wholly(tmp_path: Path) -> None:
    write_rendering(RENDERING, tmp_path / "out")
    fewer = Rendering((Document("calls.json", []),))
    write_rendering(fewer, tmp_path / "out")
    assert names(tmp_path / "out") == [".ggfleet.json", "calls.json"]
    assert names(tmp_path) == ["out"]


def test_a_rendering_of_many_documents_is_whole(tmp_path: Path) -> None:
    """More than are flushed one by one."""
    documents = [Document(f"cores/{n}/group.json", {"Name": str(n)}) for n in range(FEW)]
    for _ in range(2):
        write_rendering(
            Rendering((*documents, Document("lines.jsonl", [1, 2], lines=True))), tmp_path / "out"
        )
    found = read_documents(tmp_path / "out")
    assert found == {**{each.path: each.content for each in documents}, "lines.jsonl": [1, 2]}
    assert names(tmp_path) == ["out"]


def test_two_documents_of_one_path_leave_the_earlier_rendering(tmp_path: Path) -> None:
    write_rendering(RENDERING, tmp_path / "out")
    with pytest.raises(FileExistsError):
        write_rendering(Rendering((Document("a", 1), Document("a", 2))), tmp_path / "out")
    assert names(tmp_path) == ["out"]
    assert read_documents(tmp_path / "out").keys() == {each.path for each in RENDERING.documents}


def test_flushing_a_folder_that_is_not_there_tells_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        flush_tree(tmp_path / "absent")


@pytest.mark.parametrize("own", ["notes.md", ".git", "cores/notes.md", "cores/a/notes.md"])
def test_a_folder_with_anything_else_is_not_replaced(tmp_path: Path, own: str) -> None:
    write_rendering(RENDERING, tmp_path / "out")
    (tmp_path / "out" / own).touch()
    with pytest.raises(GgfleetError, match="no earlier rendering"):
        write_rendering(RENDERING, tmp_path / "out")
    assert (tmp_path / "out" / own).exists()


def test_a_folder_without_the_mark_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "cores").mkdir()
    with pytest.raises(GgfleetError, match="no earlier rendering"):
        write_rendering(RENDERING, tmp_path)


def test_the_folder_one_is_in_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GgfleetError, match="the folder you are in"):
        write_rendering(RENDERING, Path())


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for _ in range(2):
        write_rendering(RENDERING, tmp_path / "link")
    assert (tmp_path / "link").readlink() == Path("real")
    assert names(tmp_path / "real") == [".ggfleet.json", "calls.json", "cores"]


def test_renderings_at_the_same_time_end_in_one_whole_rendering(tmp_path: Path) -> None:
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                write_rendering(RENDERING, tmp_path / "out")
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert names(tmp_path / "out") == [".ggfleet.json", "calls.json", "cores"]


def test_a_program_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(ToolError, match=r"sh failed with exit code 3:\nwhy"):
        run(["sh", "-c", "echo why >&2; exit 3"])
    with pytest.raises(ToolError, match="no-such-program is not installed"):
        run(["no-such-program"])
    with pytest.raises(ToolError, match="no-such-program is not installed"):
        program("no-such-program")
    assert run(["cat"], stdin="in") == "in"


def test_a_program_that_may_not_be_run_is_told_apart_from_one_that_is_missing(
    tmp_path: Path,
) -> None:
    (tmp_path / "tool").write_text("no program")
    with pytest.raises(ToolError, match="tool is not installed"):
        run(["tool"], env={"PATH": str(tmp_path)})
    with pytest.raises(ToolError, match="tool cannot be run: Permission denied"):
        run([tmp_path / "tool"])
