"""The API from outside: what goes in, what comes out, and what people decide meanwhile."""

from __future__ import annotations

import hashlib
import threading

import pytest
from api import NO_JOB, Api, events, order, problem, release_of, submitted

from dubbing.model.service import Role


def test_a_release_goes_in_and_comes_out(one: Api) -> None:
    client = one.client(Role.EDITOR)
    answer = client.post("/v1/jobs", json=order(release_of(one), correlation_id="c-1"))
    assert answer.status_code == 201
    job = answer.json()
    assert job["status"] == "accepted"
    assert job["order"]["correlation_id"] == "c-1"
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    problem(client.get(f"/v1/jobs/{job['id']}/outputs"), 409)

    one.service.work()

    found = client.get(answer.headers["location"]).json()
    assert found["status"] == "completed"
    assert found["episodes"] == {"running": 0, "localized": 2, "failed": 0}
    assert found["progress"]["done"] > 10
    assert found["waits_for"] == []
    manifest = client.get(f"/v1/jobs/{job['id']}/outputs")
    assert hashlib.sha256(manifest.content).hexdigest() == found["manifest_sha256"]
    for file in manifest.json()["files"]:
        fetched = client.get(f"/v1/jobs/{job['id']}/outputs/{file['path']}")
        assert hashlib.sha256(fetched.content).hexdigest() == file["sha256"]
        assert fetched.headers["content-length"] == str(file["bytes"])
        assert fetched.headers["etag"] == f'"{file["sha256"]}"'
        kind = fetched.headers["content-type"].partition(";")[0]
        assert kind.partition("/")[0] in ("video", "audio", "text", "application")
        if file["path"].endswith(".mp4"):
            assert kind == "video/mp4"


@pytest.mark.parametrize(
    "path",
    ["manifest.json", "../release.json", "..%2frelease.json", "%2e%2e/release.json", "/etc/passwd"],
)
def test_what_the_manifest_does_not_name_is_not_given_out(done: tuple[Api, str], path: str) -> None:
    it, job = done
    problem(it.client().get(f"/v1/jobs/{job}/outputs/{path}"), 404)


def test_the_same_key_is_the_same_job(one: Api) -> None:
    client = one.client()
    body = order(release_of(one))
    first = client.post("/v1/jobs", json=body, headers={"Idempotency-Key": "k"})
    again = client.post("/v1/jobs", json=body, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = order(release_of(one), "es-419")
    problem(client.post("/v1/jobs", json=other, headers={"Idempotency-Key": "k"}), 409)
    elsewhere = one.client(team="other").post(
        "/v1/jobs", json=body, headers={"Idempotency-Key": "k"}
    )
    assert elsewhere.status_code == 201
    assert elsewhere.json()["id"] != first.json()["id"]


def test_jobs_are_listed_page_by_page(one: Api) -> None:
    client = one.client()
    ids = [submitted(one, client) for _ in range(5)]
    client.post(f"/v1/jobs/{ids[0]}/cancel")
    pages: list[list[str]] = []
    after: dict[str, str] = {}
    while True:
        page = client.get("/v1/jobs", params={"limit": "2", **after}).json()
        pages.append([job["id"] for job in page["jobs"]])
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [len(page) for page in pages] == [2, 2, 1]
    assert sorted(id_ for page in pages for id_ in page) == sorted(ids)
    cancelled = client.get("/v1/jobs", params={"status": "cancelled"}).json()["jobs"]
    assert [job["id"] for job in cancelled] == [ids[0]]
    problem(client.get("/v1/jobs", params={"after": NO_JOB}), 404)
    problem(client.get("/v1/jobs", params={"limit": "0"}), 422)


def test_lines_tell_what_is_made_of_them(done: tuple[Api, str]) -> None:
    it, job = done
    found = it.client(Role.VIEWER).get(
        f"/v1/jobs/{job}/episodes/1/lines", params={"language": "es-419"}
    )
    lines = found.json()
    assert lines["made"] == {"transcript": True, "translation": True, "dub": True}
    assert [line["number"] for line in lines["lines"]] == [1, 2, 3, 4]
    for line in lines["lines"]:
        assert line["source"]
        assert line["text"]
        assert line["voice"]
        assert line["character"].startswith("c")
        assert line["fit"]
        assert line["review"] == []
    assert lines["speech_without_line"] == []
    first = it.client().get(f"/v1/jobs/{job}/episodes/1/lines").json()
    assert first["language"] == "en"
    problem(it.client().get(f"/v1/jobs/{job}/episodes/9/lines"), 404)
    said = problem(it.client().get(f"/v1/jobs/{job}/episodes/1/lines?language=fr"), 422)
    assert said["expected"] == "one of en, es-419"


def test_lines_can_be_read_and_are_refused_before_they_are_made(one: Api) -> None:
    client = one.client()
    job = submitted(one, client)
    problem(client.get(f"/v1/jobs/{job}/episodes/1/lines"), 409)  # no plan yet
    one.service.work(most=1)
    lines = client.get(f"/v1/jobs/{job}/episodes/1/lines").json()
    assert lines["made"] == {"transcript": False, "translation": False, "dub": False}
    assert lines["lines"] == []
    said = client.put(f"/v1/jobs/{job}/episodes/1/lines/1", json={"source": "x"})
    assert "transcript" in problem(said, 409)["found"]


# The stages that a translated line goes through.
OF_A_LINE = ("translate", "caption", "synthesize", "mix")


def test_only_what_follows_from_a_correction_is_redone(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client, "en", "es-419")
    one.service.work()
    before = client.get(f"/v1/jobs/{job}/tasks", params={"limit": 500}).json()["tasks"]
    path = f"/v1/jobs/{job}/episodes/1/lines/2"

    answer = client.put(path, json={"translations": {"en": "You came back."}})
    assert answer.status_code == 200
    assert answer.json()["status"] == "running"
    one.service.work()

    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"
    after = client.get(
        f"/v1/jobs/{job}/tasks", params={"limit": 500, "after": before[-1]["id"]}
    ).json()["tasks"]
    redone = {(t["stage"], t["episode"], t["language"]) for t in after}
    stages = {(stage, 1, "en") for stage in ("memory", *OF_A_LINE)} | {("mux", 1, None)}
    # The other episode looks whether it has the same line, and comes out as it was.
    looked = {(stage, 2, "en") for stage in OF_A_LINE} | {("mux", 2, None)}
    assert redone == stages | looked | {("plan", None, None), ("publish", None, None)}
    lines = client.get(f"/v1/jobs/{job}/episodes/1/lines").json()["lines"]
    assert lines[1]["text"] == "You came back."
    subtitles = client.get(f"/v1/jobs/{job}/outputs/ep01/en/ep01.en.srt").text
    assert "You came back." in subtitles

    file = release_of(one) / "corrections.toml"
    written = file.read_bytes()
    for url, body in (
        (f"/v1/jobs/{job}/episodes/1/lines/99", {"source": "x"}),
        (path, {"speaker": "s9"}),
        (path, {"translations": {"fr": "x"}}),
        (path, {}),
        (path, {"translation": {"en": "x"}}),
        (path, {"source": "a\0b"}),
    ):
        problem(client.put(url, json=body), 422)
    assert file.read_bytes() == written
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_the_cast_is_seen_and_decided(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client)
    one.service.work()
    cast = client.get(f"/v1/jobs/{job}/cast").json()
    assert [one["character"] for one in cast["characters"]] == ["c1", "c2", "c3"]
    assert cast["characters"][0]["episodes"] == [1, 2]
    before = cast["characters"][0]["voices"]["en"]
    assert before["decided"] is False
    other = next(v["name"] for v in cast["choices"]["en"] if v["name"] != before["voice"])

    for body in (
        {"c1": {"voices": {"en": "nobody"}}},
        {"c1": {"voices": {"fr": other}}},
        {"c77": {"name": "x"}},
        {"../c1": {"name": "x"}},
    ):
        problem(client.put(f"/v1/jobs/{job}/cast", json={"characters": body}), 422)
    assert not (release_of(one) / "cast.toml").exists()

    body = {"characters": {"c1": {"name": "Shen Qing", "voices": {"en": other}}}}
    assert client.put(f"/v1/jobs/{job}/cast", json=body).status_code == 200
    one.service.work()
    cast = client.get(f"/v1/jobs/{job}/cast").json()
    assert cast["characters"][0]["name"] == "Shen Qing"
    assert cast["characters"][0]["voices"]["en"] == {"voice": other, "decided": True}
    line = client.get(f"/v1/jobs/{job}/episodes/1/lines").json()["lines"][0]
    assert (line["label"], line["voice"]) == ("Shen Qing", other)


def test_the_glossary_is_read_and_replaced(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client)
    file = release_of(one) / "glossary.csv"
    written = file.read_bytes()
    path = f"/v1/jobs/{job}/glossary"
    assert client.get(path).json()["terms"][0]["target"] == "Thou"
    assert client.get(path, params={"form": "csv"}).content == written

    for body in (
        {"csv": "source,target\n"},
        {"csv": 'source,language,target,note\n"' + "x" * 200_000 + '",en,x,\n'},
        {"terms": [{"source": "你", "language": "en"}]},
        {"terms": [], "csv": ""},
        {},
    ):
        problem(client.put(path, json=body), 422)
    assert file.read_bytes() == written
    assert sorted(p.name for p in file.parent.iterdir()) == [
        "a.mp4", "b.mp4", "glossary.csv", "release.json",
    ]  # fmt: skip

    terms = [{"source": '沈,"清', "language": "en", "target": "Shen Qing", "note": "she"}]
    assert client.put(path, json={"terms": terms}).status_code == 200
    assert client.get(path).json()["terms"] == terms
    text = "source,language,target\n沈清,en,Shen\n"
    assert client.put(path, json={"csv": text}).status_code == 200
    assert file.read_text("utf-8") == text
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_a_job_waits_for_people_and_shows_it(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client, review=["translation", "release"])
    one.service.work()
    found = client.get(f"/v1/jobs/{job}").json()
    assert found["waits_for"] == [{"gate": "translation", "episodes": [1, 2]}]
    approve = f"/v1/jobs/{job}/approve"
    problem(client.post(approve, json={"gate": "script"}), 409)
    assert client.post(approve, json={"gate": "translation"}).status_code == 200
    one.service.work()
    found = client.get(f"/v1/jobs/{job}").json()
    assert found["waits_for"] == [{"gate": "release", "episodes": []}]
    assert client.post(approve, json={"gate": "release"}).status_code == 200
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_a_job_is_paused_hurried_resumed_and_cancelled(one: Api) -> None:
    client = one.client(Role.EDITOR)
    job = submitted(one, client)

    def told(verb: str) -> str:
        answer = client.post(f"/v1/jobs/{job}/{verb}")
        assert answer.status_code == 200, answer.text
        return str(answer.json()["status"])

    assert told("pause") == "paused"
    assert told("pause") == "paused"
    assert one.service.work() == 0
    answer = client.put(f"/v1/jobs/{job}/priority", json={"priority": "urgent"})
    assert answer.json()["order"]["priority"] == "urgent"
    assert told("resume") == "running"
    one.service.work(most=3)
    assert told("cancel") == "cancelled"
    problem(client.post(f"/v1/jobs/{job}/resume"), 409)
    problem(client.post(f"/v1/jobs/{job}/retry"), 409)


def test_what_failed_is_tried_again(one: Api) -> None:
    client = one.client(Role.EDITOR)
    video = release_of(one) / "b.mp4"
    content = video.read_bytes()
    video.write_bytes(b"no video")
    job = submitted(one, client)
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "incomplete"
    second = client.get(f"/v1/jobs/{job}/episodes").json()["episodes"][1]
    assert second["status"] == "failed"
    assert "text" in second["reason"]
    video.write_bytes(content)
    problem(client.post(f"/v1/jobs/{job}/retry", json={"episodes": [1]}), 409)
    assert client.post(f"/v1/jobs/{job}/retry", json={"episodes": [2]}).status_code == 200
    one.service.work()
    assert client.get(f"/v1/jobs/{job}").json()["status"] == "completed"


def test_a_job_is_watched_until_it_has_ended(one: Api) -> None:
    client = one.client(Role.VIEWER)
    job = submitted(one, one.client())
    worker = threading.Thread(target=one.service.work)
    worker.start()
    answer = client.get(f"/v1/jobs/{job}/events")
    worker.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    told = events(answer.text)
    kinds = [kind for kind, _, _ in told]
    assert kinds[-1] == "job"
    assert told[-1][1]["status"] == "completed"
    localized = [d["number"] for k, d, _ in told if k == "episode" and d["status"] == "localized"]
    assert sorted(localized) == [1, 2]

    # Who comes back knowing all is told nothing; who knows less is told all.
    mark = told[-1][2]
    again = client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": mark})
    assert again.status_code == 204
    late = events(client.get(f"/v1/jobs/{job}/events", headers={"Last-Event-ID": "old"}).text)
    assert [kind for kind, _, _ in late] == ["episode", "episode", "job"]
    problem(client.get(f"/v1/jobs/{NO_JOB}/events"), 404)
