"""Ansible module that downloads files of known digests, and goes on where a cut link stopped it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_fetch
short_description: Downloads files of known SHA-256, and resumes
description:
  - What has come of a file is kept beside it, and the next attempt, in this run or a later one,
    asks for the rest. A server that does not know ranges (RFC 9110) sends the whole file again.
  - A file gets its name only when its SHA-256 is right.
options:
  url:
    description: What the names are appended to.
    type: str
    required: true
  files:
    description: C(name) and C(sha256) of each file.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name at the server and on the host.
        type: str
        required: true
      sha256:
        description: Its SHA-256, 64 hexadecimal digits.
        type: str
        required: true
  dest:
    description: A directory that exists. Other files in it are removed.
    type: path
    required: true
  username:
    description: For a server that asks. Not sent to where it redirects.
    type: str
    default: ""
  password:
    description: Likewise.
    type: str
    default: ""
  retries:
    description: Attempts in a row that bring nothing before the run fails.
    type: int
    default: 5
  timeout:
    description: Seconds without a byte after which an attempt has failed.
    type: int
    default: 30
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Fetch two wheels
  ggfleet.greengrass.greengrass_fetch:
    url: https://artifacts.example.com/wheels
    files:
      - name: numpy-2.4.6-cp311-cp311-manylinux_2_28_aarch64.whl
        sha256: "{{ numpy_sha256 }}"
    dest: /var/cache/wheels
"""

RETURN = r"""
bytes_fetched:
  description: Bytes of files that came over the link in this run.
  returned: always
  type: int
"""

import hashlib
import http.client
import os
import shutil
import time
import urllib.error
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import open_url

CHUNK = 1 << 18
PAUSE = 1.0
"""Seconds before the second attempt; each further pause is twice as long."""
AGAIN = (408, 425, 429, 500, 502, 503, 504)
CUT = (OSError, http.client.HTTPException)
"""How a link fails: both can come in the middle of a file."""
NO_SUCH_RANGE = 416
PARTIAL = 206


class RefusedError(Exception):
    """No further attempt can help; the message says what can."""


class Fetcher:
    """Fetches into one directory; `request` opens a URL with headers, as open_url does."""

    def __init__(self, dest, request, retries, sleep=time.sleep):
        self.dest, self.request = dest, request
        self.retries, self.sleep = retries, sleep
        self.bytes_fetched = 0

    def fetch(self, url: str, name: str, sha256: str) -> bool:
        """Make one file present; tell whether it was not."""
        path = self.dest / name
        if path.is_file() and digest_of(path) == sha256:
            return False
        part = part_of(path)
        resumed = part.exists()
        self._complete(url, part)
        if digest_of(part) != sha256 and resumed:
            part.unlink()  # what was there may be of another file, or torn by a power cut
            self._complete(url, part)
        found = digest_of(part)
        if found != sha256:
            part.unlink()
            raise RefusedError(
                f"{url} has the SHA-256 {found}, not {sha256}: publish the file that was meant, or"
                " write down the digest of this one"
            )
        part.replace(path)
        return True

    def _complete(self, url: str, part: Path) -> None:
        vain, pause = 0, PAUSE
        while True:
            before = self.bytes_fetched
            try:
                return self._attempt(url, part)
            except urllib.error.HTTPError as error:
                if error.code not in AGAIN:
                    raise RefusedError(explain(url, error)) from error
                failure = error
            except CUT as error:
                refuse_full_disk(error, part)
                failure = error
            came = self.bytes_fetched > before
            vain, pause = (0, PAUSE) if came else (vain + 1, pause * 2)
            if vain >= self.retries:
                raise RefusedError(
                    f"{url} could not be fetched: {failure}; {size_of(part)} bytes of it are kept,"
                    " run again when the link is back"
                )
            self.sleep(pause)

    def _attempt(self, url: str, part: Path) -> None:
        offset = size_of(part)
        try:
            answer = self.request(url, {"Range": f"bytes={offset}-"} if offset else {})
        except urllib.error.HTTPError as error:
            if offset and error.code == NO_SUCH_RANGE:
                return  # all is there; the digest tells whether it is right
            raise
        with answer:
            goes_on = offset > 0 and answer.status == PARTIAL
            length = int(answer.headers.get("Content-Length") or 0)
            refuse_too_large(url, length, part)
            self._pour(answer, part, "ab" if goes_on else "wb")
            if length and size_of(part) < length + (offset if goes_on else 0):
                raise http.client.IncompleteRead(b"")

    def _pour(self, answer, part: Path, mode: str) -> None:
        with part.open(mode) as stream:
            while True:
                chunk = answer.read(CHUNK)
                if not chunk:
                    break
                stream.write(chunk)
                self.bytes_fetched += len(chunk)
            stream.flush()
            os.fsync(stream.fileno())


def part_of(path: Path) -> Path:
    """Return where a file lies until it is whole."""
    return path.with_name(f".{path.name}.part")


def size_of(path: Path) -> int:
    """Return the bytes of a file, 0 without one."""
    return path.stat().st_size if path.exists() else 0


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()


def explain(url: str, error: urllib.error.HTTPError) -> str:
    """Return what an answer of the server means."""
    if error.code in (401, 403):
        return f"{url}: the server says {error.code}: give the user name and password it asks for"
    return f"{url}: the server says {error.code}: correct the address"


def refuse_full_disk(error: BaseException, part: Path) -> None:
    """Raise what a full disk means; another error is left to the caller."""
    if getattr(error, "filename", None) is None and getattr(error, "errno", None) in (28, 122):
        raise RefusedError(
            f"no disk space is left in {part.parent}: free some, then run again"
        ) from error


def refuse_too_large(url: str, length: int, part: Path) -> None:
    """Raise before the first byte of what cannot fit."""
    free = shutil.disk_usage(part.parent).free
    if length > free:
        raise RefusedError(
            f"{url} brings {length} bytes, and {free} are free in {part.parent}: free disk space"
        )


def refuse_names(names) -> None:
    """Raise for a name that would leave the directory."""
    for name in names:
        if name != Path(name).name or name.startswith("."):
            raise RefusedError(f"{name!r} is no plain file name: correct the list of files")


def remove_others(dest: Path, names) -> bool:
    """Remove what is in the directory besides the files and their parts; tell whether there was."""
    wanted = set(names) | {part_of(dest / name).name for name in names}
    others = [path for path in dest.iterdir() if path.name not in wanted and path.is_file()]
    for path in others:
        path.unlink()
    return bool(others)


def run(module, dest: Path) -> None:
    """Fetch everything and report."""
    wanted = module.params["files"]
    names = [file["name"] for file in wanted]
    refuse_names(names)
    if module.check_mode:
        module.exit_json(
            changed=not all((dest / name).is_file() for name in names), bytes_fetched=0
        )

    def request(url, headers):
        return open_url(
            url, headers=headers, timeout=module.params["timeout"], http_agent="ggfleet",
            url_username=module.params["username"] or None,
            url_password=module.params["password"] or None,
            force_basic_auth=bool(module.params["username"]),
            unredirected_headers=["Authorization"],
        )  # fmt: skip

    changed = remove_others(dest, names)
    fetcher = Fetcher(dest, request, module.params["retries"])
    for file in wanted:
        url = f"{module.params['url'].rstrip('/')}/{file['name']}"
        changed |= fetcher.fetch(url, file["name"], file["sha256"])
    module.exit_json(changed=changed, bytes_fetched=fetcher.bytes_fetched)


def main() -> None:
    """Read the arguments and fetch."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            "url": text,
            "files": {
                "type": "list", "elements": "dict", "required": True,
                "options": {"name": text, "sha256": text},
            },
            "dest": {"type": "path", "required": True},
            "username": {"type": "str", "default": ""},
            "password": {"type": "str", "default": "", "no_log": True},
            "retries": {"type": "int", "default": 5},
            "timeout": {"type": "int", "default": 30},
        },
        supports_check_mode=True,
    )  # fmt: skip
    os.umask(0o022)
    try:
        run(module, Path(module.params["dest"]))
    except RefusedError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
