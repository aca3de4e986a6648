"""Two teams on one service: whatever one asks, of whatever route and with whatever release, it neither learns
nor changes anything of the other's."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from api import Api, api, order, problem
from starlette.testclient import TestClient
from test_api_access import ask

from dubbing.api.auth import NEEDS
from dubbing.model.service import JobStatus
from dubbing.service.desk import Actor
from dubbing.service.news.webhooks import Webhooks
from dubbing.service.releases.places import Place
from dubbing.service.releases.roots import Roots


@dataclass(frozen=True)
class Two:
    """A team with a release that was uploaded and localized, and another team that would like to have it."""

    it: Api
    studio: TestClient
    rival: TestClient
    job: str
    token: str

    @property
    def home(self) -> Path:
        """The folder in which each team has its own."""
        return self.it.service.folder / "releases"

    @property
    def secrets(self) -> list[str]:
        """What an answer to the other team must not hold."""
        lines = self.studio.get(f"/v1/jobs/{self.job}/episodes/1/lines").json()["lines"]
        said = [line["source"] for line in lines] + [line["text"] for line in lines]
        return [str(self.home / "studio"), "Mei of the studio", *said]

    def state(self) -> tuple[dict[str, str], list[str], str]:
        """Every file of the team, all that the API tells it, and its audit log."""
        files = {
            str(path): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((self.home / "studio").rglob("*"))
            if path.is_file()
        }
        told = [
            self.studio.get(route.split()[1].replace(":path", "").format(**self.known)).text
            for route in NEEDS
            if route.startswith("GET") and "/audit" not in route
        ]
        return files, told, self.studio.get("/v1/audit").text

    @property
    def known(self) -> dict[str, object]:
        return {
            "job": self.job, "episode": 1, "release": "fated", "path": "ep01/en/ep01.en.srt",
        }  # fmt: skip


@pytest.fixture(scope="module")
def localized(pristine: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("two")
    shutil.copytree(pristine, folder / "releases" / "studio" / "fated")
    with _api(folder) as it:
        _order_and_work(it)
    return folder


def _api(folder: Path) -> Any:
    roots = Roots.of((str(folder / "releases"),), ())
    return api(folder, roots=roots, webhooks=Webhooks("secret", ("hooks.internal",)))


def _order_and_work(it: Api) -> str:
    body = order(it.service.folder / "releases" / "studio" / "fated", "en")
    answer = it.client().post("/v1/jobs", json=body)
    assert answer.status_code == 201, answer.text
    it.service.work()
    return str(answer.json()["id"])


@pytest.fixture
def two(localized: Path, tmp_path: Path) -> Iterator[Two]:
    """Anew for each test, with all that was made."""
    for name in ("releases", "artifacts"):
        shutil.copytree(localized / name, tmp_path / name)
    with _api(tmp_path) as it:
        job = _order_and_work(it)
        studio = it.client()
        token = studio.post("/v1/tokens", json={"name": "Mei of the studio"}).json()["id"]
        yield Two(it, studio, it.client(team="rival"), job, token)


# What the other team is answered, of routes that don't name a job.
ELSEWHERE = {
    "GET /v1/me": 200,
    "POST /v1/jobs": 422,
    "GET /v1/jobs": 200,
    "GET /v1/uploads/{release}": 404,
    "PUT /v1/uploads/{release}/{name}": 422,  # it is no video; and it would go to a place of its own
    "POST /v1/tokens": 201,
    "GET /v1/tokens": 200,
    "DELETE /v1/tokens/{token}": 404,
    "GET /v1/webhook-secret": 200,
    "GET /v1/audit": 200,
}


@pytest.mark.parametrize("route", NEEDS)
def test_no_route_leads_to_another_team(two: Two, route: str) -> None:
    before, secrets = two.state(), two.secrets
    method, path = route.split()
    body = {"json": order(two.home / "studio" / "fated")} if route == "POST /v1/jobs" else {}
    if body:
        answer = two.rival.request(method, path, **body)
    else:
        path = path.replace("{token}", two.token).replace("{release}", "fated")
        answer = ask(two.rival, method, path.replace(":path", ""), two.job)
    expected = 404 if "{job}" in route else ELSEWHERE[route]
    assert answer.status_code == expected, answer.text
    found = answer.text.replace(str(body.get("json", {}).get("release")), "")  # what it sent itself
    assert [one for one in (*secrets, "fated/localized") if one in found] == []
    assert two.state() == before


def test_every_route_is_part_of_the_matrix(two: Two) -> None:
    open_ = {"/v1/health", "/v1/health/live", "/v1/openapi.json", "/docs", "/docs/oauth2-redirect"}
    asked = {f"{m} {p}" for m, p in two.it.routes() if p not in open_}
    heads = {one for one in asked if one.startswith("HEAD")}
    assert asked - heads == set(NEEDS)
    for head in heads:
        path = head.split()[1].replace(":path", "").format(**two.known)
        assert two.rival.head(path).status_code == 404
        assert two.studio.head(path).status_code == 200
    assert set(ELSEWHERE) == {route for route in NEEDS if "{job}" not in route}


# Ways to name the other team's release, from the folder in which both have theirs.
WAYS = (
    "{home}/studio/fated",
    "file://{home}/studio/fated",
    "{home}/rival/../studio/fated",
    "{home}/rival/%2e%2e/studio/fated",
    "{home}/rival/..%2fstudio/fated",
    "{home}/rival/link",
    "file://{home}/rival/link",
    "{home}/rival/up/studio/fated",
    "{home}/rival/deep/../link",
    "{home}/STUDIO/fated",
    "{home}/ｓtudio/fated",
    "{home}/studio/fated/localized",
    "{home}",
    "local://{home}/studio/fated",
    "s3://releases/studio/fated",
    "memory://{home}/studio/fated",
    "http://127.0.0.1{home}/studio/fated",
    "simplecache::file://{home}/studio/fated",
    "{home}/rival/own::{home}/studio/fated",
)


def test_another_teams_release_can_be_neither_ordered_nor_published_over(
    two: Two, pristine: Path, subtests: pytest.Subtests
) -> None:
    rival = two.home / "rival"
    (rival / "deep").mkdir(parents=True)
    shutil.copytree(pristine, rival / "own")
    (rival / "link").symlink_to(two.home / "studio" / "fated")
    (rival / "up").symlink_to("..")
    before = two.state()
    for way in WAYS:
        with subtests.test(way):
            _refused(two.rival, way.format(home=two.home), rival / "own")
    assert two.it.service.work() == 0
    assert two.state() == before


def _refused(client: TestClient, url: str, own: Path) -> None:
    for body in (
        order(url),
        order(url, "fr", replace=True),
        order(own, out=url, replace=True),
        order(own, out=f"{url}/localized", replace=True),
    ):
        said = problem(client.post("/v1/jobs", json=body), 422)
        assert "studio" not in said["expected"]


def _link(name: str, to: str) -> Callable[[Path, Path], None]:
    def make(own: Path, theirs: Path) -> None:
        (own / name).unlink(missing_ok=True)
        (own / name).symlink_to(theirs / to)

    return make


def _named(field: str, value: str) -> Callable[[Path, Path], None]:
    def make(own: Path, theirs: Path) -> None:
        document = json.loads((own / "release.json").read_text())
        name = value.replace("THEIRS", str(theirs))
        if field in ("video", "bed"):
            document["episodes"][0][field] = name
        else:
            document[field] = name
        (own / "release.json").write_text(json.dumps(document))

    return make


INSIDE: dict[str, Callable[[Path, Path], None]] = {
    "what is published": _link("localized", "localized"),
    "a video": _link("a.mp4", "a.mp4"),
    "the glossary": _link("glossary.csv", "glossary.csv"),
    "the corrections": _link("corrections.toml", "corrections.toml"),
    "the cast": _link("cast.toml", "cast.toml"),
    "a video by its name": _named("video", "../../studio/fated/a.mp4"),
    "a video by its whole name": _named("video", "THEIRS/a.mp4"),
    "a stem by its name": _named("bed", "../../studio/fated/a.mp4"),
    "a glossary by its name": _named("glossary", "../../studio/fated/glossary.csv"),
    "a cast by its name": _named("cast", "../../studio/fated/cast.toml"),
}


@pytest.mark.parametrize("what", INSIDE)
@pytest.mark.parametrize("when", ["before it is ordered", "after it is planned"])
def test_no_link_and_no_name_in_a_release_leads_to_another_team(
    two: Two, pristine: Path, what: str, when: str
) -> None:
    theirs, own = two.home / "studio" / "fated", two.home / "rival" / "own"
    for name in ("corrections.toml", "cast.toml"):
        (theirs / name).write_text("")
    shutil.copytree(pristine, own)
    before = two.state()
    body = order(own, "fr", replace=True, deliverables=["subtitles"])
    if when.startswith("before"):
        INSIDE[what](own, theirs)
        job = two.rival.post("/v1/jobs", json=body).json()["id"]
    else:
        job = two.rival.post("/v1/jobs", json=body).json()["id"]
        two.it.service.work(most=1)
        INSIDE[what](own, theirs)
    two.it.service.work()
    job_state = two.it.service.desk.job(Actor("x", "rival"), job)
    if when.startswith("before") or what == "what is published":
        assert job_state.status is JobStatus.FAILED, job_state
        episodes = two.rival.get(f"/v1/jobs/{job}/episodes").json()["episodes"]
        reasons = " ".join([job_state.reason, *(one["reason"] for one in episodes)])
        assert "link" in reasons or "release's folder" in reasons
    # A correction goes to the own file, or nowhere.
    line = {"translations": {"fr": "Tu es revenu."}}
    two.rival.put(f"/v1/jobs/{job}/episodes/1/lines/1", json=line)
    two.rival.put(f"/v1/jobs/{job}/glossary", json={"terms": []})
    two.rival.put(f"/v1/jobs/{job}/cast", json={"characters": {"c1": {"name": "x"}}})
    two.it.service.work()
    assert two.state() == before


def test_an_upload_does_not_follow_a_link_to_another_team(two: Two, pristine: Path) -> None:
    (two.home / "rival").mkdir()
    (two.home / "rival" / "fated").symlink_to(two.home / "studio" / "fated")
    before = two.state()
    content = (pristine / "a.mp4").read_bytes()
    problem(two.rival.put("/v1/uploads/fated/a.mp4", content=content), 422)
    problem(two.rival.get("/v1/uploads/fated"), 422)
    assert two.state() == before


def test_a_manifest_that_was_tampered_with_gives_out_nothing_of_another_team(
    two: Two, pristine: Path
) -> None:
    own = two.home / "rival" / "own"
    shutil.copytree(pristine, own)
    job = two.rival.post("/v1/jobs", json=order(own, deliverables=["subtitles"])).json()["id"]
    two.it.service.work()
    out = own / "localized"
    theirs = two.home / "studio" / "fated" / "release.json"
    (out / "link.json").symlink_to(theirs)
    document = json.loads((out / "manifest.json").read_text())
    names = ["../../../studio/fated/release.json", str(theirs), "link.json", "ep01/../link.json"]
    size = theirs.stat().st_size
    like = document["files"][0]
    document["files"] += [like | {"path": name, "bytes": size} for name in names]
    (out / "manifest.json").write_text(json.dumps(document))
    for name in (*names, "%2e%2e/%2e%2e/%2e%2e/studio/fated/release.json"):
        answer = two.rival.get(f"/v1/jobs/{job}/outputs/{name}")
        assert answer.status_code in (404, 422), answer.text
        assert "episodes" not in answer.text


def test_releases_of_two_teams_in_a_storage_are_apart(two: Two, pristine: Path) -> None:
    parts = two.it.app.state.parts
    desk = replace(parts.desk, roots=Roots.of(("memory://two",), ()))
    two.it.app.state.parts = replace(parts, desk=desk)
    for client in (two.studio, two.rival):
        for name in ("a.mp4", "b.mp4", "glossary.csv", "release.json"):
            content = (pristine / name).read_bytes()
            answer = client.put(f"/v1/uploads/mine/{name}", content=content)
            assert answer.status_code == 200, answer.text
    for url in (
        "memory://two/studio/mine", "memory://two/rival/../studio/mine", "memory:///two/studio/mine",
        "memory://two/rival/%2e%2e/studio/mine", "memory://two/rival/mine::memory://two/studio/mine",
        "memory://TWO/studio/mine", "MEMORY://two/studio/mine",
    ):  # fmt: skip
        problem(two.rival.post("/v1/jobs", json=order(url)), 422)
        body = order("memory://two/rival/mine", out=url)
        problem(two.rival.post("/v1/jobs", json=body), 422)


def test_a_name_in_a_release_on_the_web_leads_to_no_other_team(tmp_path: Path) -> None:
    asked: list[str] = []

    class Files(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Files, directory=str(tmp_path / "web"))
    document = {
        "schema": 1, "release": "fated", "source_language": "zh",
        "episodes": [{"number": 1, "video": "第1集 #1%2e.mp4"}],
    }  # fmt: skip
    for name, video in (
        ("studio/fated", "第1集 #1%2e.mp4"),
        ("rival/a", "%2e%2e/%2e%2e/studio/fated/第1集 #1%2e.mp4"),
        ("rival/b", "../../studio/fated/第1集 #1%2e.mp4"),
        ("rival/c", "..%2f..%2fstudio/fated/第1集 #1%2e.mp4"),
    ):
        folder = tmp_path / "web" / name
        folder.mkdir(parents=True)
        (folder / "第1集 #1%2e.mp4").write_text("theirs")
        document["episodes"] = [{"number": 1, "video": video}]
        (folder / "release.json").write_text(json.dumps(document))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        (episode,) = Place(f"{url}/studio/fated", tmp_path / "s").read().episodes
        assert episode.video.name == "第1集 #1%2e.mp4"
        asked.clear()
        for name in "abc":
            with pytest.raises(Exception, match=r"release's folder"):
                Place(f"{url}/rival/{name}", tmp_path / name).read()
        assert [path for path in asked if not path.startswith("/rival/")] == []
    finally:
        server.shutdown()
        server.server_close()
