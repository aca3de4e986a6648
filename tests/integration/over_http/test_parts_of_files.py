"""What was published, in parts: as a browser's player asks for it, and who goes on with a download."""

from __future__ import annotations

import email
import email.policy
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from api import Api, order, problem
from starlette.testclient import TestClient

from dubbing.service.releases.roots import Roots


@dataclass(frozen=True)
class Published:
    """A file that can be fetched."""

    client: TestClient
    url: str
    content: bytes

    @property
    def etag(self) -> str:
        return f'"{hashlib.sha256(self.content).hexdigest()}"'

    def get(self, method: str = "GET", **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.request(method, self.url, headers=named)


@pytest.fixture(scope="module", params=["folder", "storage"])
def file(request: pytest.FixtureRequest, done: tuple[Api, str], pristine: Path) -> Published:
    it, job = done
    client = it.client()
    if request.param == "storage":
        parts = it.app.state.parts
        roots = Roots.of(("memory://parts",), ())
        it.app.state.parts = replace(parts, desk=replace(parts.desk, roots=roots))
        for name in ("a.mp4", "b.mp4", "glossary.csv", "release.json"):
            client.put(f"/v1/uploads/mine/{name}", content=(pristine / name).read_bytes())
        answer = client.post("/v1/jobs", json=order("memory://parts/studio/mine"))
        job = answer.json()["id"]
        it.service.work()
        it.app.state.parts = parts
    files = client.get(f"/v1/jobs/{job}/outputs").json()["files"]
    path = next(one["path"] for one in files if one["path"].endswith("ep01.mp4"))
    url = f"/v1/jobs/{job}/outputs/{path}"
    return Published(client, url, client.get(url).content)


RANGES: dict[str, Callable[[bytes], bytes]] = {
    "bytes=0-": lambda all_: all_,
    "bytes=0-0": lambda all_: all_[:1],
    "bytes=0-99": lambda all_: all_[:100],
    "bytes=100-300000": lambda all_: all_[100:300_001],
    "bytes=-1": lambda all_: all_[-1:],
    "bytes=-500": lambda all_: all_[-500:],
    "bytes=-99999999999": lambda all_: all_,
    "bytes=1000-99999999999": lambda all_: all_[1000:],
    "BYTES = 5-9": lambda all_: all_[5:10],
    "bytes=5-9,6-20": lambda all_: all_[5:21],  # one part, since they overlap
    "bytes=5-9, 99999999999-": lambda all_: all_[5:10],
}


@pytest.mark.parametrize("asked", RANGES)
def test_a_part_is_what_was_asked_for(file: Published, asked: str) -> None:
    part = RANGES[asked](file.content)
    answer = file.get(Range=asked)
    assert answer.status_code == 206
    assert answer.content == part
    start = file.content.find(part) if len(part) > 8 else None
    first, _, rest = answer.headers["content-range"].removeprefix("bytes ").partition("-")
    last, _, length = rest.partition("/")
    assert int(last) - int(first) + 1 == len(part) == int(answer.headers["content-length"])
    assert file.content[int(first) : int(last) + 1] == part
    assert start is None or start <= int(first)
    assert (int(length), answer.headers["etag"]) == (len(file.content), file.etag)
    assert answer.headers["content-type"] == "video/mp4"
    head = file.get("HEAD", Range=asked)
    assert (head.status_code, head.content) == (206, b"")
    assert head.headers == answer.headers


@pytest.mark.parametrize(
    "asked",
    ["", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=9-5", "bytes=1-2,x", "lines=0-5", "0-5",
     "bytes=+1-5", "bytes=1.0-5", "bytes=" + ",".join(["0-1"] * 200)],
)  # fmt: skip
def test_what_is_no_range_is_answered_with_the_whole(file: Published, asked: str) -> None:
    answer = file.get(Range=asked)
    assert answer.status_code == 200
    assert answer.content == file.content
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize("asked", ["bytes=99999999999-", "bytes=-0", "bytes=88888888-99999999,-0"])
def test_a_part_that_the_file_does_not_have_is_refused(file: Published, asked: str) -> None:
    answer = file.get(Range=asked)
    problem(answer, 416)
    assert answer.headers["content-range"] == f"bytes */{len(file.content)}"


def test_several_parts_come_in_one_answer(file: Published) -> None:
    answer = file.get(Range="bytes=-100, 0-9, 500-599")
    assert answer.status_code == 206
    assert len(answer.content) == int(answer.headers["content-length"])
    header = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(header + answer.content, policy=email.policy.HTTP)
    length = len(file.content)
    found = [
        (part["content-range"], part["content-type"], part.get_payload(decode=True))
        for part in message.iter_parts()  # type: ignore[attr-defined]
    ]
    assert found == [
        (f"bytes {start}-{end - 1}/{length}", "video/mp4", file.content[start:end])
        for start, end in ((0, 10), (500, 600), (length - 100, length))
    ]


def test_head_says_what_get_would(file: Published) -> None:
    head, get = file.get("HEAD"), file.get()
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers
    assert head.headers["content-length"] == str(len(file.content))
    manifest = file.url[: file.url.index("/outputs") + 8]
    assert file.client.head(manifest).headers == file.client.get(manifest).headers
    assert file.client.head(f"{manifest}/nothing.mp4").status_code == 404
    assert file.client.head(manifest, headers={"Authorization": "Bearer x"}).status_code == 401


def test_what_is_known_is_not_sent_again(file: Published) -> None:
    for known in (file.etag, f'"x", {file.etag}', f"W/{file.etag}", "*"):
        for method in ("GET", "HEAD"):
            answer = file.get(method, If_None_Match=known)
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == file.etag
    for known in ('"x"', "", file.etag.strip('"')):
        assert file.get(If_None_Match=known).status_code == 200
    # Before ranges, as RFC 9110, 13.2.2, has it.
    assert file.get(If_None_Match=file.etag, Range="bytes=0-5").status_code == 304


def test_a_part_of_another_version_is_not_given(file: Published) -> None:
    same = file.get(If_Range=file.etag, Range="bytes=0-5")
    assert (same.status_code, same.content) == (206, file.content[:6])
    for other in ('"x"', f"W/{file.etag}", "Wed, 21 Oct 2015 07:28:00 GMT"):
        answer = file.get(If_Range=other, Range="bytes=0-5")
        assert (answer.status_code, answer.content) == (200, file.content)


def test_a_player_that_jumps_about_gets_the_whole_file(file: Published) -> None:
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(file.content), 70_001):
            yield file.get(Range=f"bytes={start}-{start + 70_000}").content

    assert b"".join(pieces()) == file.content
