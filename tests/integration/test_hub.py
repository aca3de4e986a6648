"""Models of a hub: fetched from a server that answers as the hub does, pinned, and checked at every load."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import CliRunner

from dubbing.cli.main import cli
from dubbing.engines import registry, weights
from dubbing.engines.hub import HubModel
from dubbing.engines.ports import Port
from dubbing.engines.registry import Engines
from dubbing.errors import Rejected, Transient
from dubbing.formats.digest import sha256_of
from dubbing.model.job import Deliverable, Job
from dubbing.planning import orders
from dubbing.planning.config import load_profile

REVISION = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 4000


@dataclass
class Hub:
    """A server of one repository, which says what was asked of it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    breaks_after: int | None = None  # bytes of a file, once


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    one = Hub(files={"config.json": b"{}", "model.safetensors": WEIGHTS})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, *, body: bool) -> None:
            prefix = f"/studio/model/resolve/{REVISION}/"
            content = one.files.get(self.path.removeprefix(prefix))
            if content is None or not self.path.startswith(prefix):
                self.send_response(404)
                self.send_header("x-error-code", "EntryNotFound")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            start = 0
            if given := self.headers.get("range"):
                start = int(given.removeprefix("bytes=").split("-")[0])
            self.send_response(206 if start else 200)
            self.send_header("x-repo-commit", REVISION)
            self.send_header("etag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("accept-ranges", "bytes")
            if start:
                self.send_header(
                    "content-range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            self.send_header("content-length", str(len(content) - start))
            self.end_headers()
            if body:
                one.fetched.append(self.path.removeprefix(prefix))
                self.wfile.write(content[start:])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    one.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("HF_ENDPOINT", one.url)
    monkeypatch.setenv("DUBBING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    yield one
    server.shutdown()
    server.server_close()


def model(**digests: str | None) -> HubModel:
    files = {"config.json": None, "model.safetensors": hashlib.sha256(WEIGHTS).hexdigest()}
    return HubModel("studio/model", REVISION, {**files, **digests}, len(WEIGHTS))


def test_a_model_is_fetched_once_and_verified_at_every_load(hub: Hub) -> None:
    one = model()
    with pytest.raises(Rejected, match="dub models fetch tiny:one"):
        one.path("tiny:one")
    told: list[str] = []
    folder = one.fetch("tiny:one", told=told.append)
    assert told == ["config.json", "model.safetensors"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert one.path("tiny:one") == folder
    before = list(hub.fetched)
    assert one.fetch("tiny:one") == folder
    assert hub.fetched == before, "what is here is not fetched again"
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "model.safetensors",
        "digests.json",
    }


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_file_that_was_tampered_with_is_refused(hub: Hub, file: str) -> None:
    one = model()
    folder = one.fetch("tiny:one")
    content = bytearray((folder / file).read_bytes())
    content[0] ^= 1
    (folder / file).write_bytes(content)
    with pytest.raises(Rejected, match="damaged or was changed"):
        one.path("tiny:one")
    assert one.fetch("tiny:one", again=True) == folder
    one.verify("tiny:one")


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_file_is_hashed_once_and_again_whatever_was_done_to_it(
    hub: Hub, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, hashed = model(), []

    def counted(path: Path) -> str:
        hashed.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(weights, "_SETTLED_NS", -1)
    monkeypatch.setattr(weights, "sha256_of", counted)
    path = one.fetch("tiny:one") / file
    for _ in range(3):
        one.path("tiny:one")
    assert sorted(hashed) == ["config.json", "model.safetensors"]
    # As long, in place, and with its old times.
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    with path.open("r+b") as opened:
        opened.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(Rejected, match="damaged or was changed"):
        one.path("tiny:one")
    with pytest.raises(Rejected, match="damaged or was changed"):
        one.path("tiny:one")


def test_a_file_that_has_only_just_changed_is_not_trusted(hub: Hub) -> None:
    one = model()
    folder = one.fetch("tiny:one")
    one.path("tiny:one")
    (folder / "model.safetensors").write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(Rejected, match="damaged or was changed"):
        one.path("tiny:one")


def test_what_the_hub_gives_must_be_what_was_pinned(hub: Hub) -> None:
    hub.files["model.safetensors"] = b"another network"
    one = model()
    with pytest.raises(Rejected, match="gave another file"):
        one.fetch("tiny:one")
    assert not one.is_here()
    hub.files["model.safetensors"] = WEIGHTS
    one.fetch("tiny:one")


def test_a_file_that_the_hub_does_not_have_is_named(hub: Hub) -> None:
    with pytest.raises(Rejected, match=r"missing\.json"):
        model(**{"missing.json": None}).fetch("tiny:one")


def test_a_hub_that_is_away_is_a_wait(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with pytest.raises(Transient):
        model().fetch("tiny:one")


def test_those_that_fetch_at_once_fetch_once(hub: Hub) -> None:
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: model().fetch("tiny:one"), range(4)))
    assert len(folders) == 1
    assert sorted(hub.fetched) == ["config.json", "model.safetensors"]


def test_nothing_that_could_be_code_is_a_model_file() -> None:
    for file in ("modeling.py", "model.pkl", "weights.zip"):
        with pytest.raises(ValueError, match="could be code"):
            model(**{file: None})


class _Hostile:
    """What runs code as soon as it is unpickled."""

    def __init__(self, to: Path) -> None:
        self.to = to

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.to,))


@pytest.mark.torch
@pytest.mark.parametrize(
    ("port", "name", "file"),
    [
        (Port.TRANSLATOR, "nllb:600m", "pytorch_model.bin"),
        (Port.SYNTHESIZER, "xtts:v2", "model.pth"),
        (Port.TRANSCRIBER, "openai-whisper:turbo", "large-v3-turbo.pt"),
        (Port.DIARIZER, "pyannote:community-1", "segmentation/pytorch_model.bin"),
    ],
)
def test_a_checkpoint_that_would_run_code_is_refused(
    port: Port, name: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if port is Port.TRANSLATOR:
        tiny.install_translator(name, tmp_path / "cache", monkeypatch)
    elif port is Port.TRANSCRIBER:
        tiny.install_openai_whisper("turbo", tmp_path / "cache", monkeypatch)
    elif port is Port.DIARIZER:
        tiny.install_pyannote(tmp_path / "cache", monkeypatch)
    else:
        tiny.install_xtts(tmp_path / "cache", monkeypatch)
    engine = registry.create(port, name)
    found = registry.hub_of(engine)
    assert found is not None
    hostile = pickle.dumps(_Hostile(tmp_path / "ran"), protocol=2)
    (found.folder / file).write_bytes(hostile)
    # Whoever put it there has made the record of its digest fit.
    record = found.folder / "digests.json"
    digests = json.loads(record.read_text()) | {file: hashlib.sha256(hostile).hexdigest()}
    record.write_text(json.dumps(digests))
    with pytest.raises(Rejected, match="run code"), engine:
        pass
    assert not (tmp_path / "ran").exists()


def test_the_command_lists_fetches_and_verifies(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    one = model()
    monkeypatch.setattr(
        registry, "hub_of", lambda engine: one if engine.info.name == "m2m100:418m" else None
    )

    def said(*words: str, status: int = 0) -> str:
        done = CliRunner().invoke(cli, ["models", *words], standalone_mode=False)
        if status:
            assert isinstance(done.exception, Rejected)
            return str(done.exception)
        assert done.exception is None, done.exception
        return done.stdout

    [listed] = json.loads(said("list", "--json"))
    assert (listed["engine"], listed["here"], listed["licence"]) == ("m2m100:418m", False, "MIT")
    assert "dub models fetch m2m100:418m" in said("verify", "m2m100:418m", status=2)
    assert str(one.folder) in said("fetch", "m2m100:418m").replace("\n", "")
    assert "as it was pinned" in said("verify")
    assert "one of m2m100:418m" in said("fetch", "nllb:900b", status=2)


def test_a_profile_whose_models_are_not_here_is_refused_before_work_starts(
    hub: Hub, tmp_path: Path
) -> None:
    (tmp_path / "mine.toml").write_text(
        'separator = "none"\ndiarizer = "fake"\ntranscriber = "fake"\ntranslators = ["m2m100:418m"]\n'
        'synthesizers = ["fake"]\nplatform = "streaming"\n'
    )
    profile = load_profile(str(tmp_path / "mine.toml"))
    job = Job((1,), ("en",), frozenset(Deliverable), profile)
    with Engines() as engines, pytest.raises(Rejected, match="dub models fetch --profile"):
        orders.refuse_missing(job, engines)
