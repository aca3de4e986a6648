"""Models from single addresses: fetched from a server that breaks off, has moved, or has something else."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dubbing.engines import downloads
from dubbing.engines.hub import HubModel
from dubbing.errors import Rejected, Transient

WEIGHTS = bytes(range(256)) * 4000
HOST = "https://models.example"


@dataclass
class Server:
    """What it has, and what was asked of it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, range
    breaks_after: list[int] = field(default_factory=list)  # bytes of the next answers
    resumes: bool = True
    status: int = 0  # instead of an answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    one = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("range", "")
            one.asked.append((self.path, given))
            if self.path.startswith("/moved/"):
                self.send_response(302)
                self.send_header("location", self.path.removeprefix("/moved"))
                self.end_headers()
                return
            content = one.files.get(self.path)
            if one.status or content is None:
                self.send_error(one.status or 404)
                return
            start = int(given.removeprefix("bytes=")[:-1]) if given and one.resumes else 0
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("content-length", str(len(content) - start))
            self.end_headers()
            end = start + one.breaks_after.pop(0) if one.breaks_after else len(content)
            self.wfile.write(content[start:end])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    one.url = f"http://127.0.0.1:{running.server_port}"
    monkeypatch.setenv("DUBBING_MIRROR", one.url + "/")
    monkeypatch.setenv("DUBBING_CACHE", str(tmp_path / "cache"))
    yield one
    running.shutdown()
    running.server_close()


def model(url: str, sha256: str | None = None) -> HubModel:
    sha256 = sha256 or hashlib.sha256(WEIGHTS).hexdigest()
    return HubModel("studio/net", "v1", {"net.pt": sha256}, len(WEIGHTS), {"net.pt": url})


def test_a_file_is_fetched_from_the_mirror_once_and_is_the_model(server: Server) -> None:
    server.files["/models.example/v1/net.pt"] = WEIGHTS
    one = model(f"{HOST}/v1/net.pt")
    folder = one.fetch("tiny:one")
    assert one.path("tiny:one") == folder == one.fetch("tiny:one")
    assert {path.name for path in folder.iterdir()} == {"net.pt", "digests.json"}
    assert (folder / "net.pt").read_bytes() == WEIGHTS
    assert server.asked == [("/models.example/v1/net.pt", "")]


def test_without_a_mirror_it_is_where_it_was_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUBBING_MIRROR", raising=False)
    assert downloads.mirrored(f"{HOST}/a?b=c") == f"{HOST}/a?b=c"
    monkeypatch.setenv("DUBBING_MIRROR", "https://mirror.example/models")
    assert (
        downloads.mirrored(f"{HOST}/a?b=c") == "https://mirror.example/models/models.example/a?b=c"
    )


def test_what_breaks_off_is_gone_on_with(server: Server) -> None:
    server.files["/models.example/net.pt"] = WEIGHTS
    server.breaks_after = [1000, 2000]
    model(f"{HOST}/net.pt").fetch("tiny:one")
    assert [given for _, given in server.asked] == ["", "bytes=1000-", "bytes=3000-"]


def test_what_brings_nothing_any_more_is_a_wait_and_resumed_later(server: Server) -> None:
    server.files["/models.example/net.pt"] = WEIGHTS
    server.breaks_after = [1000, 0]
    one = model(f"{HOST}/net.pt")
    with pytest.raises(Transient):
        one.fetch("tiny:one")
    assert not one.is_here()
    folder = one.fetch("tiny:one")
    assert server.asked[-1][1] == "bytes=1000-"
    assert (folder / "net.pt").read_bytes() == WEIGHTS


def test_a_server_that_can_not_resume_gives_it_all_again(server: Server) -> None:
    server.files["/models.example/net.pt"] = WEIGHTS
    server.resumes = False
    server.breaks_after = [1000]
    folder = model(f"{HOST}/net.pt").fetch("tiny:one")
    assert (folder / "net.pt").read_bytes() == WEIGHTS


def test_a_file_that_came_whole_before_it_was_renamed_is_whole(
    server: Server, tmp_path: Path
) -> None:
    server.files["/models.example/net.pt"] = WEIGHTS
    server.breaks_after = [1000, 0]
    partial = tmp_path / "partial"
    with pytest.raises(Transient):
        downloads.download(f"{HOST}/net.pt", tmp_path / "net.pt", partial)
    (part,) = partial.iterdir()
    part.write_bytes(WEIGHTS)
    downloads.download(f"{HOST}/net.pt", tmp_path / "net.pt", partial)
    assert (tmp_path / "net.pt").read_bytes() == WEIGHTS


def test_a_redirection_is_followed_and_resumed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DUBBING_MIRROR")
    server.files["/net.pt"] = WEIGHTS
    server.breaks_after = [1000]
    folder = model(f"{server.url}/moved/net.pt").fetch("tiny:one")
    assert (folder / "net.pt").read_bytes() == WEIGHTS
    assert server.asked[-1] == ("/net.pt", "bytes=1000-")


@pytest.mark.parametrize(("status", "kind"), [(404, Rejected), (403, Rejected), (503, Transient)])
def test_what_the_server_refuses_is_named(
    server: Server, status: int, kind: type[Exception]
) -> None:
    server.status = status
    with pytest.raises(kind, match=rf"models\.example/net\.pt(.|\n)*{status}"):
        model(f"{HOST}/net.pt").fetch("tiny:one")


def test_a_server_that_is_away_is_a_wait(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBBING_MIRROR", "http://127.0.0.1:1")
    with pytest.raises(Transient):
        model(f"{HOST}/net.pt").fetch("tiny:one")


def test_another_file_than_the_pinned_one_is_refused_and_not_kept(server: Server) -> None:
    server.files["/models.example/net.pt"] = b"another network"
    one = model(f"{HOST}/net.pt")
    with pytest.raises(Rejected, match="DUBBING_MIRROR"):
        one.fetch("tiny:one")
    server.files["/models.example/net.pt"] = WEIGHTS
    one.fetch("tiny:one")


def _zip(name: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, WEIGHTS)
        archive.writestr("../outside.pt", b"never written")
    return made.getvalue()


def _tar(name: str) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.size = len(WEIGHTS)
        archive.addfile(member, io.BytesIO(WEIGHTS))
    return made.getvalue()


@pytest.mark.parametrize("archive", [_zip, _tar])
def test_files_are_read_out_of_an_archive_that_is_fetched_once(
    server: Server, archive: Any
) -> None:
    server.files["/models.example/voices.zip"] = archive("voices/net.pt")
    url = f"{HOST}/voices.zip#voices/net.pt"
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    files = {"net.pt": digest, "again.pt": digest}
    folder = HubModel("studio/voices", "v1", files, 1, dict.fromkeys(files, url)).fetch("tiny:one")
    assert {path.name for path in folder.rglob("*")} == {*files, "digests.json"}
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "content",
    [_zip("voices/other.pt"), _tar("voices/other.pt"), b"no archive"],
    ids=[
        "zip",
        "tar",
        "none",
    ],  # archives hold the time, and all processes must give a test one name
)
def test_an_archive_without_the_file_is_refused_and_not_kept(
    server: Server, content: bytes
) -> None:
    server.files["/models.example/voices.zip"] = content
    one = model(f"{HOST}/voices.zip#voices/net.pt")
    with pytest.raises(Rejected, match=r"voices/net\.pt"):
        one.fetch("tiny:one")
    server.files["/models.example/voices.zip"] = _zip("voices/net.pt")
    one.fetch("tiny:one")
