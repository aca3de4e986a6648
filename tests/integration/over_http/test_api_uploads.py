"""Releases that are uploaded, and what is not let in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api import Api, order, problem

from dubbing.model.service import Role
from dubbing.service.releases.roots import Roots


def test_a_release_is_uploaded_and_ordered(one: Api, pristine: Path) -> None:
    client = one.client(Role.EDITOR)
    files = ["a.mp4", "b.mp4", "glossary.csv", "release.json"]
    for name in files:
        answer = client.put(f"/v1/uploads/mine/{name}", content=(pristine / name).read_bytes())
        assert answer.status_code == 200, answer.text
        assert answer.json()["complete"] == (name == "release.json")
    arrived = client.get("/v1/uploads/mine").json()
    assert [file["name"] for file in arrived["files"]] == files
    answer = client.post("/v1/jobs", json=order(Path(arrived["release"])))
    assert answer.status_code == 201
    busy = client.put("/v1/uploads/mine/a.mp4", content=(pristine / "a.mp4").read_bytes())
    problem(busy, 409)
    one.service.work()
    assert client.get(answer.headers["location"]).json()["status"] == "completed"
    # Another team has another place for a release of the same name.
    problem(one.client(team="other").get("/v1/uploads/mine"), 404)
    subjects = [entry["subject"] for entry in one.client().get("/v1/audit").json()["entries"]]
    assert {f"mine/{name}" for name in files} <= set(subjects)


def test_a_release_may_be_uploaded_to_a_storage(one: Api, pristine: Path) -> None:
    parts = one.app.state.parts
    one.app.state.parts = replace(
        parts, desk=replace(parts.desk, roots=Roots.of(("memory://r",), ()))
    )
    client = one.client(Role.EDITOR)
    for name in ("a.mp4", "b.mp4", "glossary.csv", "release.json"):
        answer = client.put(f"/v1/uploads/mine/{name}", content=(pristine / name).read_bytes())
    assert answer.json()["release"] == "memory://r/studio/mine"
    assert answer.json()["complete"]
    body = {"release": "memory://r/studio/mine", "languages": ["en"], "profile": "fake"}
    job = client.post("/v1/jobs", json={**body, "deliverables": ["subtitles"]}).json()["id"]
    one.service.work()
    said = client.put(
        f"/v1/jobs/{job}/episodes/2/lines/1", json={"translations": {"en": "You came back."}}
    )
    assert said.status_code == 200
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"
    files = client.get(f"/v1/jobs/{job}/outputs").json()["files"]
    (path,) = (file["path"] for file in files if file["path"].endswith("ep02.en.srt"))
    assert "You came back." in client.get(f"/v1/jobs/{job}/outputs/{path}").text


@pytest.mark.parametrize(
    "name",
    ["a.exe", ".a.mp4", "manifest.json", "a%00.mp4", "a%0a.mp4", "a%5cb.mp4", "x" * 300 + ".mp4",
     "a.mp4.sh", "%2e%2e.mp4", "corrections"],
)  # fmt: skip
def test_hostile_names_are_refused(one: Api, name: str) -> None:
    problem(one.client().put(f"/v1/uploads/mine/{name}", content=b"x"), 422)
    assert not (one.service.folder / "studio" / "mine").exists()


@pytest.mark.parametrize(
    "path", ["..%2f..%2fa.mp4", "../../a.mp4", "mine/..%2fa.mp4", "mine/x/a.mp4"]
)
def test_names_that_are_paths_lead_nowhere(one: Api, path: str) -> None:
    problem(one.client().put(f"/v1/uploads/{path}", content=b"x"), 404)


def test_what_is_not_what_its_name_says_is_not_kept(one: Api, pristine: Path) -> None:
    client = one.client()
    folder = one.service.folder / "studio" / "mine"

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * (1 << 20)

    assert "text" in problem(client.put("/v1/uploads/mine/a.mp4", content=b"words"), 422)["found"]
    assert problem(client.put("/v1/uploads/mine/a.mp4", content=b""), 422)["where"] == "a.mp4"
    problem(client.put("/v1/uploads/mine/a.mp4", content=b"x" * (3 << 20)), 413)
    problem(client.put("/v1/uploads/mine/a.mp4", content=pieces()), 413)
    problem(client.put("/v1/uploads/mine/release.json", content=b"{}"), 422)
    problem(client.put("/v1/uploads/mine/release.json", content=b'{"schema": 2}'), 422)
    problem(client.put("/v1/uploads/mine/glossary.csv", content=b"\xff"), 422)
    problem(client.put("/v1/uploads/mine/cast.toml", content=b"= x"), 422)
    assert not folder.exists()
    # A file that is refused leaves what was there before.
    content = (pristine / "a.mp4").read_bytes()
    assert client.put("/v1/uploads/mine/a.mp4", content=content).status_code == 200
    problem(client.put("/v1/uploads/mine/a.mp4", content=content[: len(content) // 2]), 422)
    assert [file.name for file in folder.iterdir()] == ["a.mp4"]
    assert (folder / "a.mp4").read_bytes() == content
    # What release.json names must lie in the release.
    out = json.loads((pristine / "release.json").read_text())
    out["episodes"][0]["video"] = "../../fated/a.mp4"
    arrived = client.put("/v1/uploads/mine/release.json", content=json.dumps(out))
    assert not arrived.json()["complete"]
    assert "inside the release" in arrived.json()["problem"]
