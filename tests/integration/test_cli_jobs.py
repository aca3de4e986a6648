"""`dub jobs` and `dub tokens` as a user runs them, against a service on a port of this machine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forks
import pytest
from api import Api, api
from series import make_series

from dubbing.api.server import run
from dubbing.model.service import Role

NO_JOB = "0" * 32


@dataclass(frozen=True)
class Remote:
    """A service that is at work, and the command that drives it."""

    it: Api
    url: str
    token: str

    def __call__(self, *arguments: object, status: int = 0, **environment: str) -> str:
        given = {
            **os.environ,
            "DUBBING_API_URL": self.url,
            "DUBBING_API_TOKEN": self.token,
            "DUBBING_DATABASE_URL": self.it.service.database.url,
            **environment,
        }
        done = forks.run(
            [str(argument) for argument in arguments], given, Path.cwd(), timeout_s=120
        )
        assert done.returncode == status, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr if status else done.stdout

    def json(self, *arguments: object, status: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", status=status))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    folder = tmp_path_factory.mktemp("remote")
    make_series(folder / "fated", make_video)
    return folder


@pytest.fixture(scope="module")
def dub(folder: Path) -> Iterator[Remote]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            it.service.work()

    with api(folder) as it:
        threads = [
            threading.Thread(target=run, args=(it.app, "127.0.0.1", port, stop)),
            threading.Thread(target=work),
        ]
        for thread in threads:
            thread.start()
        _wait_for(port)
        yield Remote(it, f"http://127.0.0.1:{port}", it.token(Role.EDITOR))
        stop.set()
        for thread in threads:
            thread.join()


def copy(folder: Path, name: str) -> Path:
    """The release under another name, as if nothing of it had been published."""
    nothing = shutil.ignore_patterns("localized")
    return Path(shutil.copytree(folder / "fated", folder / name, ignore=nothing))


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the API does not listen")


@pytest.fixture(scope="module")
def job(dub: Remote, folder: Path) -> str:
    """A job that has completed."""
    ended = dub.json(
        "jobs", "submit", folder / "fated", "--to", "en,es-419", "--profile", "fake", "--wait"
    )
    assert ended["status"] == "completed"
    return str(ended["id"])


def test_a_job_is_submitted_watched_and_shown(dub: Remote, job: str) -> None:
    assert [one["id"] for one in dub.json("jobs", "list", "--status", "completed")] == [job]
    assert "fated" in dub("jobs", "list")
    shown = dub("jobs", "show", job)
    assert "completed" in shown
    assert "2 localized" in shown
    assert dub.json("jobs", "watch", job)["episodes"]["localized"] == 2


def test_what_was_published_is_fetched_once(dub: Remote, job: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = dub.json("jobs", "fetch", job, "--out", out)
    assert first["fetched"] == first["files"] > 10
    published = dub.it.service.folder / "fated" / "localized"
    for file in published.rglob("*"):
        if file.is_file():
            assert (out / file.relative_to(published)).read_bytes() == file.read_bytes()
    (out / "report.html").unlink()
    (out / "ep01/en/ep01.en.srt").write_text("mine")
    assert dub.json("jobs", "fetch", job, "--out", out)["fetched"] == 2


def test_a_line_is_corrected_and_a_voice_chosen(dub: Remote, job: str) -> None:
    correct = ("jobs", "correct", job)
    dub(*correct, "--episode", 1, "--line", 2, "--language", "en", "--text", "You came back.")
    assert dub.json("jobs", "watch", job)["status"] == "completed"
    assert dub.json("jobs", "lines", job, "--episode", 1)["lines"][1]["text"] == "You came back."
    dub(*correct, "--character", "c1", "--name", "Shen Qing")
    dub("jobs", "watch", job)
    assert "Shen Qing" in dub("jobs", "lines", job, "--episode", 1, "--language", "en")
    assert "no such line" in dub(*correct, "--episode", 1, "--line", 99, "--source", "x", status=2)
    assert "no voice" in dub(
        *correct, "--character", "c1", "--language", "en", "--voice", "nobody", status=2
    )


def test_a_job_waits_for_review(dub: Remote, folder: Path) -> None:
    release = copy(folder, "reviewed")
    submit = ("jobs", "submit", release, "--to", "en", "--profile", "fake", "--no-dub")
    submitted = dub.json(*submit, "--episodes", "1", "--review", "release")["id"]
    while not dub.json("jobs", "show", submitted)["waits_for"]:
        time.sleep(0.2)
    assert "review of the release" in dub("jobs", "show", submitted)
    dub("jobs", "prioritize", submitted, "urgent")
    dub("jobs", "approve", submitted, "--gate", "release")
    assert dub.json("jobs", "watch", submitted)["status"] == "completed"


def test_a_folder_of_this_machine_is_sent(dub: Remote, folder: Path) -> None:
    ended = dub.json(
        "jobs", "submit", folder / "fated", "--upload", "--to", "en", "--profile", "fake",
        "--no-dub", "--wait",
    )  # fmt: skip
    assert ended["status"] == "completed"
    assert ended["order"]["release"] == str(folder.resolve() / "studio" / "fated")


def test_a_job_that_fails_is_told_with_its_reason(dub: Remote, folder: Path) -> None:
    release = copy(folder, "broken")
    for name in ("a.mp4", "b.mp4"):
        (release / name).write_text(f"words of {name}")
    submit = ("jobs", "submit", release, "--to", "en", "--profile", "fake")
    told = dub(*submit, "--wait", status=1)
    assert "ep01 failed" in told
    assert "found text" in told
    failed = dub.json("jobs", "list", "--status", "failed")[0]["id"]
    for name in ("a.mp4", "b.mp4"):
        shutil.copyfile(folder / "fated" / name, release / name)
    dub("jobs", "retry", failed)
    assert dub.json("jobs", "watch", failed)["status"] == "completed"


def test_a_job_is_paused_resumed_and_cancelled(dub: Remote, folder: Path) -> None:
    release = copy(folder, "paused")
    submit = ("jobs", "submit", release, "--to", "en", "--profile", "fake", "--key", "k1")
    submitted = dub(*submit, "--review", "release").strip()
    assert dub(*submit, "--review", "release").strip() == submitted
    assert "is paused" in dub("jobs", "pause", submitted)
    assert "is running" in dub("jobs", "resume", submitted)
    assert "is cancelled" in dub("jobs", "cancel", submitted)
    assert "cancelled" in dub("jobs", "resume", submitted, status=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("submit", "/etc", "--to", "en"), "DUBBING_RELEASE_ROOTS"),
        (("submit", "fated", "--to", "en", "--episodes", "x"), "--episodes"),
        (("show", "7"), "no id of a job"),
        (("show", NO_JOB), "a job of your team"),
        (("cancel", NO_JOB), "a job of your team"),
        (("correct", NO_JOB, "--line", "1"), "--line needs --episode"),
        (("list", "--status", "lost"), "status"),
        (("list", "--api", "ftp://x"), "--api"),
    ],
)
def test_what_a_user_can_mend_is_theirs(dub: Remote, arguments: tuple[str, ...], said: str) -> None:
    assert said in dub("jobs", *arguments, status=2)


def test_who_may_not_is_told_so(dub: Remote) -> None:
    viewer = {"DUBBING_API_TOKEN": dub.it.token(Role.VIEWER)}
    assert "the role viewer" in dub("jobs", "pause", NO_JOB, status=2, **viewer)
    assert "unknown or revoked" in dub("jobs", "list", status=2, DUBBING_API_TOKEN="dub_x")  # noqa: S106
    assert "no token" in dub("jobs", "list", status=2, DUBBING_API_TOKEN="")
    away = {"DUBBING_API_URL": "http://127.0.0.1:1"}
    assert "does not answer" in dub("jobs", "list", status=1, **away)


def test_the_operator_makes_and_revokes_tokens(dub: Remote, tmp_path: Path) -> None:
    secret = dub("tokens", "create", "Bo", "--team", "studio", "--role", "viewer").strip()
    assert secret.startswith("dub_")
    dub("jobs", "list", DUBBING_API_TOKEN=secret)
    listed = dub.json("tokens", "list", "--team", "studio")
    made = next(token for token in listed if token["name"] == "Bo")
    assert "Bo" in dub("tokens", "list")
    dub("tokens", "revoke", made["id"])
    assert "revoked" in dub("jobs", "list", status=2, DUBBING_API_TOKEN=secret)
    assert "the id of a token" in dub("tokens", "revoke", "nothing", status=2)
    assert "part of a path" in dub("tokens", "create", "x", "--team", "../x", status=2)
    # On a machine where no service has run yet.
    fresh = {"DUBBING_DATABASE_URL": f"sqlite:///{tmp_path / 'fresh.db'}"}
    made_first = dub("tokens", "create", "Mei", "--team", "a", "--role", "admin", **fresh)
    assert made_first.startswith("dub_")
