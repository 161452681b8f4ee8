"""Ansible module that makes or removes one version of a set of ML libraries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_library_version
short_description: One version of a set of ML libraries, whole or not there
description:
  - Makes C(versions/NAME) below a directory - a virtual environment, an unpacked archive or a
    mounted image - lets another account import what is in it, and writes a record when all that is
    done. A version without a record is nobody's.
  - Whatever fails, the half-made version is removed, and no other is touched.
options:
  directory:
    description: The directory of the set.
    type: path
    required: true
  name:
    description: The version.
    type: str
    required: true
  state:
    description: Whether it is to be there.
    type: str
    choices: [present, absent]
    default: present
  python:
    description: The host's Python.
    type: path
    default: /usr/bin/python3
  requirements:
    description: A requirements file on the host, for a virtual environment.
    type: str
    default: ""
  require_hashes:
    description: Whether every requirement needs a hash.
    type: bool
    default: true
  wheels:
    description: A directory of wheels on the host, from which alone is installed.
    type: str
    default: ""
  index:
    description: A package index, in place of wheels.
    type: str
    default: ""
  username:
    description: For an index that asks.
    type: str
    default: ""
  password:
    description: Likewise.
    type: str
    default: ""
  uv:
    description: Where uv lies; pip is used without it.
    type: str
    default: ""
  cache:
    description: A directory for what pip or uv keep for the next attempt.
    type: str
    default: ""
  archive:
    description: A zip or tar.gz archive or squashfs image on the host.
    type: str
    default: ""
  sha256:
    description: The SHA-256 of the archive.
    type: str
    default: ""
  tree:
    description:
      - Instead of an archive, the tree that
        M(ggfleet.greengrass.greengrass_library_delta) has made of another version. It becomes part
        of this one.
    type: str
    default: ""
  form:
    description: What the archive is. Of a tar.gz the one folder around everything is left out.
    type: str
    choices: [zip, tar.gz, squashfs]
    default: zip
  compile:
    description:
      - Whether Python compiles what it installs, so that the first import does not. What came
        compiled stays as it is.
    type: bool
    default: true
  imports:
    description: Modules that must be importable.
    type: list
    elements: str
    default: []
  probe_user:
    description: The account that imports them.
    type: str
    default: nobody
  note:
    description: Kept in the record.
    type: dict
    default: {}
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Unpack an archive as a version of its own
  ggfleet.greengrass.greengrass_library_version:
    directory: /opt/greengrass-ml
    name: "{{ libraries.wanted }}"
    archive: /var/cache/tensorflow.zip
    sha256: "{{ archive_sha256 }}"
    imports: [tensorflow]
"""

RETURN = r"""
import_seconds:
  description: What the first import took.
  returned: when something was imported
  type: float
"""

import contextlib
import fcntl
import json
import os
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule

RECORD = ".ggfleet.json"
SITE = "site-packages"
COMPILED = 1.3
"""Times the bytes of all files: room for bytecode, and for blocks that are not full."""
ENVIRONMENT = 26_000_000
"""Bytes of a virtual environment before anything is installed: pip and its bytecode."""
TAG = "import sys; print(sys.implementation.cache_tag)"
PROBE = """
import importlib, sys, time
began = time.perf_counter()
for name in sys.argv[1:]:
    importlib.import_module(name)
print(time.perf_counter() - began)
"""
PROBE_SECONDS = 900
UNIT = """\
[Unit]
Description=ML libraries, version {name}
[Mount]
What={image}
Where={site}
Type=squashfs
Options=ro,loop,nodev,nosuid
[Install]
WantedBy=local-fs.target
"""


class FailedError(Exception):
    """The version cannot be made; the message says why and what to do."""


class Version:
    """One version, and how it is made. `work` is a private directory on the same file system."""

    def __init__(self, module, work: Path) -> None:
        self.module, self.work, self.wants = module, work, module.params
        self.path = Path(self.wants["directory"]) / "versions" / self.wants["name"]
        self.site = self.path / SITE

    def make(self) -> dict:
        """Make all of it but the record; return what the record says."""
        self.path.mkdir(parents=True)
        if self.wants["requirements"]:
            python = self._environment()
            environment = {}
        else:
            self._archive()
            python, environment = self.wants["python"], {"PYTHONPATH": str(self.site)}
        return {**self.wants["note"], "import_seconds": self._probe(python, environment)}

    def finish(self, record: dict) -> None:
        """Bring the tree to the disk, then the record: a power cut leaves both, or no record."""
        self._run(["sync", "--file-system", str(self.path)])
        path = self.path / RECORD
        with path.open("w") as stream:
            json.dump(record, stream)
            stream.flush()
            os.fsync(stream.fileno())
        self._run(["sync", "--file-system", str(path)])

    def remove(self) -> None:
        """Take everything away, the record first."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / RECORD).unlink()
        unit = self._unit()
        if unit.exists():
            self._run(["systemctl", "disable", "--now", unit.name])
            unit.unlink()
            self._run(["systemctl", "daemon-reload"])
        if os.path.ismount(self.site):
            raise FailedError(f"{self.site} is mounted by somebody else: unmount it")
        shutil.rmtree(self.path, ignore_errors=False)

    # A virtual environment ----------------------------------------------------------------

    def _environment(self) -> str:
        python = str(self.path / "bin/python3")
        wheels = self.wants["wheels"]
        if wheels:
            bare = 0 if self.wants["uv"] else ENVIRONMENT
            self._refuse_lack_of_disk(Path(wheels).glob("*.whl"), bare)
        self._make_environment()
        if not wheels and not self.wants["uv"]:
            # What came stays in pip's cache, so that the next attempt fetches the rest.
            wheels = str(self.work / "wheels")
            self._pip(python, "download", "--dest", wheels)
            self._refuse_lack_of_disk(Path(wheels).glob("*.whl"))
        self._install(python, ["--no-index", "--find-links", wheels] if wheels else [])
        (found,) = (self.path / "lib").glob("python3*/site-packages")
        self.site.symlink_to(found.relative_to(self.path))
        return python

    def _make_environment(self) -> None:
        if self.wants["uv"]:
            argv = [self.wants["uv"], "venv", "--quiet", "--allow-existing", "--python"]
            self._run([*argv, self.wants["python"], str(self.path)], self._told())
        else:
            self._run([self.wants["python"], "-I", "-m", "venv", str(self.path)], self._told())

    def _install(self, python: str, source: list) -> None:
        compiles = self.wants["compile"]
        if not self.wants["uv"]:
            self._pip(python, "install", "--compile" if compiles else "--no-compile", *source)
            return
        self._run(
            [self.wants["uv"], "pip", "install", "--quiet", "--python", python, "--link-mode=copy",
             *(["--compile-bytecode"] if compiles else []), *source, *self._requirements()],
            self._told(),
        )  # fmt: skip

    def _pip(self, python: str, *words: str) -> None:
        self._run([python, "-I", "-m", "pip", *words, *self._requirements()], self._told())

    def _requirements(self) -> list:
        hashes = ["--require-hashes"] if self.wants["require_hashes"] else []
        # Wheels alone: a build on the device takes hours, and runs whatever a package brings.
        return ["--only-binary", ":all:", *hashes, "-r", self.wants["requirements"]]

    def _told(self) -> dict:
        """Return what pip and uv are told by their environment.

        The index is, too, so that no listing of processes shows where a fleet's packages lie;
        credentials go by a file that only root reads.
        """
        index, hashed = self.wants["index"], self.wants["require_hashes"]
        parts = urlsplit(index)
        return {
            "HOME": str(self.work),
            "TMPDIR": str(self.work),  # /tmp may be too small, or forbid to run programs
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CACHE_DIR": f"{self.wants['cache']}/pip",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "PIP_QUIET": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
            "UV_NO_CONFIG": "1",
            "UV_CACHE_DIR": f"{self.wants['cache']}/uv",
            "UV_PYTHON_DOWNLOADS": "never",
            **({"PIP_INDEX_URL": index, "UV_DEFAULT_INDEX": index} if index else {}),
            # pip heeds no index without TLS. With hashes nobody on the way can slip anything in.
            **({"PIP_TRUSTED_HOST": parts.netloc} if parts.scheme == "http" and hashed else {}),
            **({"NETRC": str(self._netrc())} if self.wants["username"] else {}),
        }

    def _netrc(self) -> Path:
        path = self.work / "netrc"
        host = urlsplit(self.wants["index"]).hostname
        words = f"machine {host} login {self.wants['username']} password {self.wants['password']}\n"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(words)
        return path

    # An archive ---------------------------------------------------------------------------

    def _archive(self) -> None:
        if self.wants["tree"]:
            Path(self.wants["tree"]).rename(self.site)
            self._compile()
            return
        archive = Path(self.wants["archive"])
        found = self.module.sha256(str(archive))
        if found != self.wants["sha256"]:
            raise FailedError(
                f"{archive} has the SHA-256 {found}, not {self.wants['sha256']}: copy the archive"
                " that was meant, or write down the digest of this one"
            )
        self.site.mkdir()
        if self.wants["form"] == "squashfs":
            self._mount(archive)
        else:
            self._unpack(archive)

    def _unpack(self, archive: Path) -> None:
        form = self.wants["form"]
        try:
            if form == "zip":
                self._refuse_lack_of_disk([archive])
                with zipfile.ZipFile(archive) as opened:
                    for entry in opened.infolist():
                        unpack(opened, entry, self.site)
            else:
                self._refuse_lack_of_disk([], int(tarred_size(archive) * COMPILED))
                with tarfile.open(archive, "r|gz") as opened:
                    for entry in opened:
                        unpack_tarred(opened, entry, self.site)
        except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError) as error:
            raise FailedError(f"{archive} is no {form} archive: {error}") from error
        self._compile()

    def _compile(self) -> None:
        # Doing again what the bundle did would take longer, and part this tree from its digest.
        if self.wants["compile"] and not self._is_compiled():
            # Templates and tests for other Pythons do not compile, and nobody imports them.
            self.module.run_command(
                [self.wants["python"], "-I", "-m", "compileall", "-q", "-j", "0", str(self.site)]
            )

    def _is_compiled(self) -> bool:
        """Tell whether most sources came with what this Python makes of them, not a stray one."""
        tag = self._run([self.wants["python"], "-I", "-c", TAG]).strip()
        made = sum(1 for _ in self.site.rglob(f"*.{tag}.pyc"))
        return made > sum(1 for _ in self.site.rglob("*.py")) // 2

    def _mount(self, archive: Path) -> None:
        image = self.path / "image.squashfs"
        shutil.move(str(archive), image)
        unit = self._unit()
        unit.write_text(UNIT.format(name=self.path.name, image=image, site=self.site))
        self._run(["systemctl", "daemon-reload"])
        self._run(["systemctl", "enable", "--now", unit.name])

    def _unit(self) -> Path:
        name = self._run(["systemd-escape", "--path", "--suffix=mount", str(self.site)]).strip()
        return Path("/etc/systemd/system", name)

    # Both ---------------------------------------------------------------------------------

    def _probe(self, python: str, environment: dict) -> float:
        """Import as an account without rights does, which also proves that it can read the tree."""
        if not self.wants["imports"]:
            return 0.0
        words = [f"{name}={value}" for name, value in environment.items()]
        as_account = ["runuser", "-u", self.wants["probe_user"], "--", "env", "--chdir=/"]
        settings = ["HOME=/nonexistent", "PYTHONDONTWRITEBYTECODE=1", *words]
        ask = ["timeout", str(PROBE_SECONDS), python, "-c", PROBE, *self.wants["imports"]]
        out = self._run([*as_account, *settings, *ask])
        return round(float(out.split()[-1]), 3)

    def _refuse_lack_of_disk(self, archives, more: int = 0) -> None:
        needed = int(sum(unpacked_size(path) for path in archives) * COMPILED) + more
        free = shutil.disk_usage(self.path).free
        if needed > free:
            raise FailedError(
                f"{needed >> 20} MiB are needed to unpack below {self.wants['directory']}, and"
                f" {free >> 20} are free: free disk space, or name another directory"
            )

    def _run(self, argv, environment=None) -> str:
        status, out, err = self.module.run_command(argv, environ_update=environment or {})
        if status != 0:
            raise FailedError(f"{Path(argv[0]).name}: {explain(status, err or out)}")
        return out


def explain(status: int, said: str) -> str:
    """Return the end of what a program said, and what its status means."""
    lines = [line for line in said.strip().splitlines() if line.strip()][-8:]
    if status in (-4, 132):
        lines.append("the processor lacks instructions that these libraries were built for")
    if status in (-9, 137):
        lines.append("it was killed, most likely for want of memory")
    return " | ".join(lines) or f"exit status {status}"


def unpacked_size(path: Path) -> int:
    """Return the bytes of all files in a zip archive or wheel."""
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def tarred_size(path: Path) -> int:
    """Return the bytes of all files in a tar.gz archive, which has to be read to its end."""
    with tarfile.open(path, "r|gz") as archive:
        return sum(entry.size for entry in archive)


def unpack(archive, entry, folder: Path) -> None:
    """Unpack one entry with its mode; refuse a path that leads out."""
    path = folder.joinpath(*inside(archive.filename, entry.filename))
    if entry.is_dir():
        path.mkdir(parents=True, exist_ok=True)
        return
    with archive.open(entry) as source:
        write(source, path, entry.external_attr >> 16)


def unpack_tarred(archive, entry, folder: Path) -> None:
    """Likewise one entry of a tar without the folder around all; refuse links and devices."""
    parts = inside(archive.name, entry.name)[1:]
    if entry.isdir():
        folder.joinpath(*parts).mkdir(parents=True, exist_ok=True)
        return
    if not entry.isfile() or not parts:
        raise FailedError(f"{archive.name} holds {entry.name}, which is no file in a folder")
    write(archive.extractfile(entry), folder.joinpath(*parts), entry.mode)


def inside(archive, name: str) -> tuple:
    """Return the parts of a path; refuse one that leads out."""
    parts = Path(name).parts
    if name.startswith("/") or ".." in parts:
        raise FailedError(f"{archive} holds {name}, which leads out of the directory")
    return parts


def write(source, path: Path, mode: int) -> None:
    """Write a new file, which programs may be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    if mode & stat.S_IXUSR:
        path.chmod(0o755)


@contextlib.contextmanager
def alone(directory: Path):
    """Keep a second run out. A run whose connection was cut goes on for a while on the host."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FailedError(
                f"another run still works on {directory}: wait for its end, then run again"
            ) from error
        yield


@contextlib.contextmanager
def workspace(directory: Path):
    """Make a private directory on the file system of the versions."""
    (directory / ".tmp").mkdir(mode=0o700, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=directory / ".tmp") as work:
            yield Path(work)
    finally:
        shutil.rmtree(directory / ".tmp", ignore_errors=True)


def make(version: Version) -> dict:
    """Make a version, or leave nothing of it."""
    try:
        if version.path.exists():
            version.remove()  # left by a run that was killed
        record = {**version.make(), "installed": int(time.time())}
        version.finish(record)
    except BaseException:
        with contextlib.suppress(OSError, FailedError):
            version.remove()
        raise
    return record


def run(module) -> dict:
    """Bring the version into its state; return what is to be told."""
    directory = Path(module.params["directory"])
    path = directory / "versions" / module.params["name"]
    present = module.params["state"] == "present"
    changed = (path / RECORD).exists() != present if present else path.exists()
    if module.check_mode or not changed:
        return {"changed": changed}
    with alone(directory), workspace(directory) as work:
        version = Version(module, work)
        if not present:
            version.remove()
            return {"changed": True}
        began = time.monotonic()
        record = make(version)
        return {"changed": True, **record, "seconds": round(time.monotonic() - began, 1)}


def main() -> None:
    """Read the arguments and do it."""
    text = {"type": "str", "default": ""}
    yes = {"type": "bool", "default": True}
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "python": {"type": "path", "default": "/usr/bin/python3"},
            "requirements": text,
            "require_hashes": yes,
            "wheels": text,
            "index": text,
            "username": text,
            "password": {**text, "no_log": True},
            "uv": text,
            "cache": text,
            "archive": text,
            "sha256": text,
            "tree": text,
            "form": {"type": "str", "choices": ["zip", "tar.gz", "squashfs"], "default": "zip"},
            "compile": yes,
            "imports": {"type": "list", "elements": "str", "default": []},
            "probe_user": {"type": "str", "default": "nobody"},
            "note": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    os.umask(0o022)
    try:
        module.exit_json(**run(module))
    except FailedError as error:
        module.fail_json(msg=f"{error}. What was served before still is.")
    except OSError as error:
        module.fail_json(
            msg=f"{error}: what was made is removed, and what was served before still is."
        )


if __name__ == "__main__":
    main()
