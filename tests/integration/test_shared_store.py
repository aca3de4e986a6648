"""Several machines: artifacts and releases in an S3-compatible storage, over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from series import make_series
from service import ME, Service

from dubbing.engines.registry import Engines
from dubbing.errors import Rejected
from dubbing.formats import decisions
from dubbing.model.job import LineCorrection
from dubbing.model.service import JobStatus
from dubbing.service.releases.places import Place
from dubbing.service.releases.roots import Roots
from dubbing.store.artifacts import ArtifactStore
from dubbing.store.database import Database
from dubbing.store.shared import SharedArtifactStore

# The storage's client library warns of its own future.
pytestmark = pytest.mark.filterwarnings("ignore::Warning:botocore", "ignore::Warning:s3fs")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    before = dict(os.environ)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    os.environ |= {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    yield url
    server.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> str:
    name = f"b{hashlib.sha256(request.node.name.encode()).hexdigest()[:16]}"
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket=name)
    return name


def objects(endpoint: str, bucket: str) -> dict[str, bytes]:
    client = boto3.client("s3", endpoint_url=endpoint)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    names = [one["Key"] for page in pages for one in page.get("Contents", [])]
    return {name: client.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}


def put(endpoint: str, bucket: str, folder: Path, prefix: str) -> None:
    client = boto3.client("s3", endpoint_url=endpoint)
    for path in folder.rglob("*"):
        if path.is_file():
            client.upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder)}")


KEY = "ab" + "0" * 62


@pytest.fixture(params=["folder", "s3"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path
) -> tuple[SharedArtifactStore, SharedArtifactStore]:
    """Two machines on one storage."""
    url = str(tmp_path / "shared")
    if request.param == "s3":
        url = f"s3://{request.getfixturevalue('bucket')}/artifacts"
    return SharedArtifactStore(tmp_path / "one", url), SharedArtifactStore(tmp_path / "two", url)


def test_what_one_machine_made_the_other_has(
    pair: tuple[SharedArtifactStore, SharedArtifactStore],
) -> None:
    one, two = pair
    assert KEY not in two
    with one.writing(KEY) as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a.txt").write_text("a")
        assert KEY not in two
    assert KEY in two
    assert (two.path(KEY) / "deep" / "a.txt").read_text() == "a"


def test_what_fails_leaves_nothing(
    pair: tuple[SharedArtifactStore, SharedArtifactStore],
) -> None:
    one, two = pair

    def fail(folder: Path) -> None:
        (folder / "a.txt").write_text("a")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        one.get_or_make(KEY, fail)
    assert KEY not in one
    assert KEY not in two


def test_only_what_others_have_and_nobody_has_used_for_long_is_trimmed(
    pair: tuple[SharedArtifactStore, SharedArtifactStore],
) -> None:
    one, _ = pair
    other = "cd" + "0" * 62
    for key in (KEY, other):
        with one.writing(key) as folder:
            (folder / "a.txt").write_bytes(b"a" * 1000)
    assert one.trim(0) == 0  # all of it is young
    long_ago = time.time() - 7200
    os.utime(ArtifactStore(one.root).path(KEY), (long_ago, long_ago))
    private = ArtifactStore(one.root).path("ef" + "0" * 62)
    private.mkdir(parents=True)
    (private / "a.txt").write_text("only here")
    os.utime(private, (long_ago, long_ago))
    assert one.trim(0) == 1000
    assert private.exists()
    assert (one.path(KEY) / "a.txt").read_bytes() == b"a" * 1000  # fetched again


@pytest.fixture
def machines(
    endpoint: str, bucket: str, tmp_path: Path, make_video: Callable[..., Path]
) -> Iterator[tuple[Service, Service]]:
    """Two machines that share nothing but a database and a storage, which holds the release."""
    make_series(tmp_path / "fated", make_video)
    put(endpoint, bucket, tmp_path / "fated", "fated")
    shutil.rmtree(tmp_path / "fated")
    database = Database(f"sqlite:///{tmp_path / 'service.db'}")
    database.upgrade()
    with Engines() as first, Engines() as second:
        yield tuple(  # type: ignore[misc]
            Service(
                database,
                SharedArtifactStore(tmp_path / name / "artifacts", f"s3://{bucket}/artifacts"),
                engines,
                tmp_path / name / "scratch",
                Roots(shared=(f"s3://{bucket}",)),
                tmp_path,
            )
            for name, engines in (("one", first), ("two", second))
        )
    database.close()


def alternately(one: Service, two: Service) -> None:
    while one.work(most=1) + two.work(most=1):
        pass


def test_a_release_in_a_storage_is_localized_by_two_machines(
    machines: tuple[Service, Service], endpoint: str, bucket: str
) -> None:
    one, two = machines
    job = one.submit(f"s3://{bucket}/fated", "en")
    alternately(one, two)
    state = one.job(job)
    assert state.status is JobStatus.COMPLETED, state.reason
    assert state.manifest == f"s3://{bucket}/fated/localized/manifest.json"
    found = objects(endpoint, bucket)
    text = found["fated/localized/manifest.json"]
    assert hashlib.sha256(text).hexdigest() == state.manifest_sha256
    for file in json.loads(text)["files"]:
        content = found[f"fated/localized/{file['path']}"]
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (
            file["sha256"],
            file["bytes"],
        )

    # A correction beside the release: only what follows is made again, and both versions are whole.
    place = Place(f"s3://{bucket}/fated", one.scratch)
    place.edit(
        place.root / "corrections.toml",
        lambda file: decisions.correct_line(file, LineCorrection(1, 2, translations={"en": "Oh!"})),
    )
    two.desk.redo(ME, job.id, "correct", {})
    before = len(two.desk.tasks(ME, job.id, episode=None, after=0, limit=1000))
    alternately(two, one)
    tasks = two.desk.tasks(ME, job.id, episode=None, after=0, limit=1000)[before - 1 :]
    assert sorted(task.stage for task in tasks) == sorted(
        # The other episode looks whether it has the same line.
        ["plan", "memory", *["translate", "caption", "synthesize", "mix", "mux"] * 2, "publish"]
    )
    found = objects(endpoint, bucket)
    versions = {name.split("/")[2] for name in found if name.startswith("fated/localized/")}
    assert len(versions) == 3  # the manifest, and a folder for each of two versions
    files = json.loads(found["fated/localized/manifest.json"])["files"]
    [srt] = [f["path"] for f in files if f["path"].endswith("ep01.en.srt")]
    assert b"Oh!" in found[f"fated/localized/{srt}"]

    # Two more: what is published and the one before it stay, whatever their names are.
    for words in ("Ah!", "Eh!"):
        published = {path.split("/")[0] for path in (file["path"] for file in files)}
        place.edit(
            place.root / "corrections.toml",
            lambda file, words=words: decisions.correct_line(
                file, LineCorrection(1, 2, translations={"en": words})
            ),
        )
        one.desk.redo(ME, job.id, "correct", {})
        alternately(one, two)
        found = objects(endpoint, bucket)
        files = json.loads(found["fated/localized/manifest.json"])["files"]
        published |= {path.split("/")[0] for path in (file["path"] for file in files)}
        versions = {name.split("/")[2] for name in found if name.startswith("fated/localized/")}
        assert versions == published | {"manifest.json"}
        assert len(published) == 2


def test_a_video_that_changed_after_it_was_planned_is_refused(
    machines: tuple[Service, Service], endpoint: str, bucket: str
) -> None:
    one, two = machines
    job = one.submit(f"s3://{bucket}/fated", "en")
    one.work(most=1)  # planned
    client = boto3.client("s3", endpoint_url=endpoint)
    client.put_object(Bucket=bucket, Key="fated/a.mp4", Body=b"another film")
    two.work()
    state = two.job(job)
    assert state.status is JobStatus.INCOMPLETE
    first, _ = two.desk.episodes(ME, job.id)
    assert "another content than when the job was planned" in first.reason


@pytest.mark.parametrize("video", ["../other/secret.mp4", "/etc/passwd", "a/../../x.mp4"])
def test_a_path_that_leaves_the_release_is_refused(
    machines: tuple[Service, Service], endpoint: str, bucket: str, video: str
) -> None:
    one, _ = machines
    client = boto3.client("s3", endpoint_url=endpoint)
    client.put_object(Bucket=bucket, Key="other/secret.mp4", Body=b"secret")
    document = {
        "schema": 1, "release": "bad", "source_language": "zh",
        "episodes": [{"number": 1, "video": video}],
    }  # fmt: skip
    client.put_object(Bucket=bucket, Key="bad/release.json", Body=json.dumps(document).encode())
    with pytest.raises(Rejected):
        Place(f"s3://{bucket}/bad", one.scratch).read()
    assert not list(one.scratch.rglob("secret.mp4"))


def test_a_release_that_is_not_there_is_named(endpoint: str, bucket: str, tmp_path: Path) -> None:
    with pytest.raises(Rejected, match=r"release\.json"):
        Place(f"s3://{bucket}/nothing", tmp_path).read()
