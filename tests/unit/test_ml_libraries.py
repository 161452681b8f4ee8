"""Modules and filter of greengrass_ml_libraries, without a host."""

from __future__ import annotations

import email.message
import hashlib
import io
import tarfile
import urllib.error
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from module_support import module_of

PLUGINS = Path(__file__).parents[2] / "plugins"
URL = "http://wheels.example/w.whl"
CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def fetch() -> ModuleType:
    return module_of(PLUGINS / "modules/greengrass_fetch.py")


@pytest.fixture(scope="module")
def version() -> ModuleType:
    return module_of(PLUGINS / "modules/greengrass_library_version.py")


@pytest.fixture(scope="module")
def state() -> ModuleType:
    return module_of(PLUGINS / "modules/greengrass_library_state.py")


@pytest.fixture(scope="module")
def filters() -> dict[str, Callable[..., Any]]:
    made = module_of(PLUGINS / "filter/greengrass_ml_libraries.py").FilterModule().filters()
    return dict(made)


class Answer(io.BytesIO):
    """What a server says: a status, a length, and a body that may end early."""

    def __init__(self, status: int, body: bytes, length: int) -> None:
        super().__init__(body)
        self.status, self.headers = status, {"Content-Length": str(length)}


class Link:
    """A server of CONTENT over a link that breaks after `breaks` bytes of each answer."""

    def __init__(self, *breaks: int, ranges: bool = True, content: bytes = CONTENT) -> None:
        self.breaks, self.ranges, self.content = list(breaks), ranges, content
        self.asked: list[int] = []

    def __call__(self, _url: str, headers: dict[str, str]) -> Answer:
        start = int(headers.get("Range", "bytes=0-")[6:-1])
        self.asked.append(start)
        start = start if self.ranges else 0
        if start >= len(self.content):
            raise refusal(416)
        rest = self.content[start:]
        passed = rest[: self.breaks.pop(0)] if self.breaks else rest
        return Answer(206 if start else 200, passed, len(rest))


def refusal(status: int) -> urllib.error.HTTPError:
    return urllib.error.HTTPError(URL, status, "no", email.message.Message(), None)


def fetcher(fetch: ModuleType, folder: Path, link: Callable[..., Answer], retries: int = 3) -> Any:
    return fetch.Fetcher(folder, link, retries, sleep=lambda _: None)


def test_broken_link_is_resumed_in_the_same_run(fetch: ModuleType, tmp_path: Path) -> None:
    """Three breaks, each after some bytes: no byte comes twice."""
    link = Link(100, 1000, 1)
    made = fetcher(fetch, tmp_path, link, retries=1)
    assert made.fetch(URL, "w.whl", SHA256) is True
    assert link.asked == [0, 100, 1100, 1101]
    assert (made.bytes_fetched, (tmp_path / "w.whl").read_bytes()) == (len(CONTENT), CONTENT)
    assert made.fetch(URL, "w.whl", SHA256) is False
    assert len(link.asked) == 4


def test_link_that_brings_nothing_is_given_up_and_what_came_is_kept(
    fetch: ModuleType, tmp_path: Path
) -> None:
    """The next run, with a whole link, asks for the rest."""
    with pytest.raises(fetch.RefusedError, match="50 bytes of it are kept"):
        fetcher(fetch, tmp_path, Link(50, 0, 0, 0)).fetch(URL, "w.whl", SHA256)
    link = Link()
    fetcher(fetch, tmp_path, link).fetch(URL, "w.whl", SHA256)
    assert link.asked == [50]


def test_server_without_ranges_sends_all_again(fetch: ModuleType, tmp_path: Path) -> None:
    link = Link(100, ranges=False)
    fetcher(fetch, tmp_path, link).fetch(URL, "w.whl", SHA256)
    assert (tmp_path / "w.whl").read_bytes() == CONTENT


def test_torn_rest_of_an_earlier_run_is_fetched_anew(fetch: ModuleType, tmp_path: Path) -> None:
    """Zeros, as a power cut leaves them, and one that is longer than the file."""
    for rest in (bytes(100), bytes(len(CONTENT) + 5)):
        fetch.part_of(tmp_path / "w.whl").write_bytes(rest)
        fetcher(fetch, tmp_path, Link()).fetch(URL, "w.whl", SHA256)
        assert (tmp_path / "w.whl").read_bytes() == CONTENT
        (tmp_path / "w.whl").unlink()


def test_wrong_content_is_refused_and_nothing_stays(fetch: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(fetch.RefusedError, match="publish the file that was meant"):
        fetcher(fetch, tmp_path, Link(content=b"other")).fetch(URL, "w.whl", SHA256)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "told"), [(401, "give the user name"), (404, "correct the address")]
)
def test_refusal_of_the_server_is_not_repeated(
    fetch: ModuleType, tmp_path: Path, status: int, told: str
) -> None:
    asked = []

    def refuse(url: str, headers: dict[str, str]) -> Answer:
        asked.append(url)
        raise refusal(status)

    with pytest.raises(fetch.RefusedError, match=told):
        fetcher(fetch, tmp_path, refuse).fetch(URL, "w.whl", SHA256)
    assert len(asked) == 1


def test_names_that_leave_the_directory_are_refused(fetch: ModuleType) -> None:
    for name in ("../w.whl", "/w.whl", ".w.whl", "a/w.whl"):
        with pytest.raises(fetch.RefusedError):
            fetch.refuse_names([name])


def test_wheels_are_those_that_the_lock_allows(filters: dict[str, Callable[..., Any]]) -> None:
    """Both forms of sha256sum; wheels of other platforms are left out."""
    sums = f"{'a' * 64}  one-1.0-py3-none-any.whl\n{'b' * 64} *./two-1.0-py3-none-any.whl\n"
    pick = filters["greengrass_locked_wheels"]
    lock = f"one==1.0 \\\n  --hash=sha256:{'a' * 64}\n"
    assert pick(sums, lock) == [{"name": "one-1.0-py3-none-any.whl", "sha256": "a" * 64}]
    assert [each["name"][:3] for each in pick(sums, "one\ntwo\n", False)] == ["one", "two"]
    with pytest.raises(AnsibleFilterError, match="of another lock"):
        pick(sums, f"one==1.0 --hash=sha256:{'c' * 64}")
    with pytest.raises(AnsibleFilterError, match="write it anew"):
        pick("<html>no such file</html>", lock)


def test_archive_that_leads_out_of_its_directory_is_refused(
    version: ModuleType, tmp_path: Path
) -> None:
    for name in ("../out.py", "/out.py", "a/../../out.py"):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, "")
        with zipfile.ZipFile(tmp_path / "a.zip") as archive:
            (entry,) = archive.infolist()
            with pytest.raises(version.FailedError, match="leads out"):
                version.unpack(archive, entry, tmp_path / "tree")


def test_programs_stay_programs(version: ModuleType, tmp_path: Path) -> None:
    """Modes of an archive are those of its files; all else can be read by everybody."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name, mode in (("tool", 0o100755), ("data", 0o100600)):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            archive.writestr(entry, "x")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        for entry in archive.infolist():
            version.unpack(archive, entry, tmp_path / "tree")
    assert (tmp_path / "tree/tool").stat().st_mode & 0o111
    assert not (tmp_path / "tree/data").stat().st_mode & 0o111


def tarred(version: ModuleType, folder: Path, *entries: tuple[str, int, bytes]) -> None:
    """Unpack a tar.gz of (name, mode, type) as the module does."""
    with tarfile.open(folder / "a.tar.gz", "w:gz") as archive:
        for name, mode, kind in entries:
            info = tarfile.TarInfo(name)
            info.mode, info.type, info.linkname = mode, kind, "/etc/passwd"
            info.size = 1 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"x"))
    with tarfile.open(folder / "a.tar.gz", "r|gz") as archive:
        for entry in archive:
            version.unpack_tarred(archive, entry, folder / "tree")


def test_a_tar_is_unpacked_without_the_folder_around_it(
    version: ModuleType, tmp_path: Path
) -> None:
    """So that modules lie where those of a zip do; its size is known before."""
    top = ("libraries", 0o755, tarfile.DIRTYPE)
    files = [
        ("libraries/a/tool", 0o755, tarfile.REGTYPE),
        ("libraries/b.py", 0o600, tarfile.REGTYPE),
    ]
    tarred(version, tmp_path, top, *files)
    assert (tmp_path / "tree/a/tool").stat().st_mode & 0o111
    assert not (tmp_path / "tree/b.py").stat().st_mode & 0o111
    assert version.tarred_size(tmp_path / "a.tar.gz") == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [("../out", tarfile.REGTYPE), ("/out", tarfile.REGTYPE), ("l/../../out", tarfile.REGTYPE),
     ("l/link", tarfile.SYMTYPE), ("l/link", tarfile.LNKTYPE), ("l/null", tarfile.CHRTYPE),
     ("alone", tarfile.REGTYPE)],
)  # fmt: skip
def test_a_tar_brings_nothing_but_files_in_its_folder(
    version: ModuleType, tmp_path: Path, name: str, kind: bytes
) -> None:
    with pytest.raises(version.FailedError, match=r"leads out|no file in a folder"):
        tarred(version, tmp_path, (name, 0o644, kind))
    assert {each.name for each in tmp_path.iterdir()} <= {"a.tar.gz", "tree"}


def test_end_by_a_signal_is_explained(version: ModuleType) -> None:
    assert "instructions" in version.explain(-4, "")
    assert "memory" in version.explain(137, "Killed")


def test_version_is_named_by_all_that_makes_it(state: ModuleType) -> None:
    """Other inputs or another minor version of Python: another name; a patch of it: the same."""
    python = {"version": "3.11.2", "abi": "cpython-311"}
    name = state.name_of(["a"], python)
    assert len(name) == 16
    assert state.name_of(["a"], {**python, "version": "3.11.9"}) == name
    assert state.name_of(["b"], python) != name
    assert state.name_of(["a"], {**python, "version": "3.12.0"}) != name
    assert state.name_of(["a"], {**python, "abi": "cpython-311-aarch64"}) != name


def test_version_without_a_record_is_torn(state: ModuleType, tmp_path: Path) -> None:
    for name, record in (("whole", "{}"), ("broken", "{"), ("bare", None)):
        (tmp_path / name).mkdir()
        if record is not None:
            (tmp_path / name / state.RECORD).write_text(record)
    assert state.read_versions(tmp_path) == ({"whole": {}}, ["bare", "broken"])


def test_meter_counts_links_without_loopback_and_disk_without_mounts(tmp_path: Path) -> None:
    meter = module_of(PLUGINS / "modules/greengrass_meter.py")
    text = "Inter-|   Receive\n face |bytes\n    lo: 100 1\n  eth0: 7 1\n wlan0:30 2\n"
    assert meter.received(text) == 37
    (tmp_path / "file").write_bytes(b"x" * 10_000)
    allocated, files = meter.disk_use(tmp_path)
    assert files == 1
    assert 10_000 <= allocated < 40_000
