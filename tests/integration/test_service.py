"""A job's way through the service: with fakes for engines, and everything else real."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from series import make_series
from service import ME, Service, service
from sqlalchemy import text
from structlog.testing import capture_logs

from dubbing.errors import Rejected
from dubbing.formats import decisions
from dubbing.model.job import LineCorrection
from dubbing.model.service import (
    EpisodeStatus,
    Gate,
    JobState,
    JobStatus,
    Limits,
    Priority,
    Queue,
    Task,
)
from dubbing.service.desk import Actor, Conflict, NotFound
from dubbing.store import jobs, tasks
from dubbing.store.database import now_ms


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory, make_video: Callable[..., Path]) -> Path:
    return make_series(tmp_path_factory.mktemp("pristine") / "fated", make_video)


@pytest.fixture
def series(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "fated"))


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as one:
        yield one


def stages(here: Service, job: JobState) -> list[str]:
    """The tasks of a job that were done, in the order in which they became ready."""
    found = here.desk.tasks(ME, job.id, episode=None, after=0, limit=1000)
    return [task.stage for task in found if task.status == "done"]


def media_made(here: Service) -> set[int]:
    """The dubs and the episodes that were made, each once, however many artifacts have it."""
    patterns = ("dub.m4a", "ep*.mp4")
    files = [file for pattern in patterns for file in here.store.root.rglob(pattern)]
    return {file.stat().st_ino for file in files}


def news(here: Service, job: JobState) -> list[str]:
    with here.database.transaction() as connection:
        rows = connection.execute(
            text("select event from outbox where job = :job order by id"), {"job": job.id}
        )
        return [json.loads(row.event)["type"].removeprefix("localization.") for row in rows]


def test_a_job_is_localized_published_and_told_of(here: Service, series: Path) -> None:
    job = here.submit(series, "en", "es-419", correlation_id="c-1")
    assert here.job(job).status is JobStatus.ACCEPTED
    here.work()
    state = here.job(job)
    assert state.status is JobStatus.COMPLETED
    manifest = series / "localized" / "manifest.json"
    assert state.manifest == str(manifest)
    assert json.loads(manifest.read_text())["job"]["languages"] == ["en", "es-419"]
    assert news(here, job) == ["accepted", "episode.completed", "episode.completed", "completed"]
    assert {e.status for e in here.desk.episodes(ME, job.id)} == {EpisodeStatus.LOCALIZED}


def test_the_same_order_again_does_no_stage_again(here: Service, series: Path) -> None:
    here.submit(series)
    here.work()
    before = (series / "localized" / "manifest.json").stat()
    job = here.submit(series)
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    assert stages(here, job) == ["plan", "publish"]
    after = (series / "localized" / "manifest.json").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_the_same_key_is_the_same_job_and_another_order_with_it_is_refused(
    here: Service, series: Path
) -> None:
    order = here.order(series, "en")
    job, new = here.desk.submit(ME, order, idempotency_key="k")
    again, newer = here.desk.submit(ME, order, idempotency_key="k")
    assert (new, newer, again.id) == (True, False, job.id)
    with pytest.raises(Conflict):
        here.desk.submit(ME, here.order(series, "fr"), idempotency_key="k")
    others, _ = here.desk.submit(Actor("li", "other"), order, idempotency_key="k")
    assert others.id != job.id


def test_the_same_message_twice_is_one_job(here: Service, series: Path) -> None:
    order = here.order(series, "en")
    first, _ = here.desk.submit(ME, order, message=("/pipeline", "m-1"))
    second, new = here.desk.submit(ME, order, message=("/pipeline", "m-1"))
    third, _ = here.desk.submit(ME, order, message=("/elsewhere", "m-1"))
    assert (second.id, new) == (first.id, False)
    assert third.id != first.id


def test_releases_lie_where_the_operator_allows(here: Service, series: Path) -> None:
    for release in ("/etc", f"{series}/../../..", "relative", "s3://bucket/x", "\0", f"{series}#x"):
        with pytest.raises(Rejected, match="release"):
            here.submit(release)
    with pytest.raises(Rejected, match="release"):
        here.submit(series, "en", out="/srv")


def test_a_release_that_cannot_be_localized_fails_with_its_reason(
    here: Service, series: Path
) -> None:
    (series / "release.json").write_text('{"schema": 1}')
    job = here.submit(series)
    here.work()
    state = here.job(job)
    assert state.status is JobStatus.FAILED
    assert "release.json" in state.reason
    assert news(here, job) == ["accepted", "failed"]


def test_a_job_that_failed_is_tried_again_once_its_release_is_mended(
    here: Service, series: Path, pristine: Path
) -> None:
    (series / "release.json").write_text("{")
    job = here.submit(series)
    here.work()
    shutil.copy(pristine / "release.json", series / "release.json")
    here.desk.retry(ME, job.id)
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED


def test_an_episode_that_cannot_be_read_fails_alone(here: Service, series: Path) -> None:
    (series / "a.mp4").write_text("no video at all")
    job = here.submit(series)
    here.work()
    state = here.job(job)
    assert state.status is JobStatus.INCOMPLETE
    assert state.left_out == (1,)
    first, second = here.desk.episodes(ME, job.id)
    assert (first.status, second.status) == (EpisodeStatus.FAILED, EpisodeStatus.LOCALIZED)
    assert "a.mp4" in first.reason
    document = json.loads((series / "localized" / "manifest.json").read_text())
    assert document["job"]["episodes"] == [2]


def test_a_failed_episode_is_retried_once_it_is_mended(
    here: Service, series: Path, pristine: Path
) -> None:
    (series / "a.mp4").write_text("no video at all")
    job = here.submit(series)
    here.work()
    shutil.copy(pristine / "a.mp4", series / "a.mp4")
    with pytest.raises(Conflict, match="did not fail"):
        here.desk.retry(ME, job.id, [2])
    here.desk.retry(ME, job.id)
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    document = json.loads((series / "localized" / "manifest.json").read_text())
    assert document["job"]["episodes"] == [1, 2]


_SILENT = Limits(lease_s=-1.0)  # a lease that has run out as soon as it is taken


def test_episodes_with_the_same_content_end_each_on_its_own(here: Service, series: Path) -> None:
    shutil.copy(series / "a.mp4", series / "b.mp4")
    job = here.submit(series)
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    for name in ("a.mp4", "b.mp4"):
        (series / name).write_text("no video at all")
    broken = here.submit(series, "fr", replace=True)
    here.work()
    assert here.job(broken).status is JobStatus.FAILED
    assert {e.status for e in here.desk.episodes(ME, broken.id)} == {EpisodeStatus.FAILED}


class _Poisoned(Service):
    """Whose workers die of one stage of one episode, each time."""

    def work(self, *queues: Queue, most: int = 10_000) -> int:
        done = 0
        while done < most:
            while self._die():
                self.sweeper.take_back()
            if not self.executor().run_next(tuple(Queue)):
                break
            done += 1
        return done

    def _die(self) -> bool:
        """Takes the stage that kills, and is never heard of again."""
        with self.database.transaction() as connection:
            others, dead = [], False
            while task := tasks.claim(connection, [Queue.ASR], "dead:1:x", now_ms(), _SILENT):
                if (task.stage, task.episode) == ("transcribe", 1):
                    dead = True
                else:
                    others.append(task)
            for task in others:
                tasks.hand_back(connection, task, now_ms())
        return dead


def test_an_episode_that_kills_its_workers_fails_after_its_attempts(
    tmp_path: Path, series: Path
) -> None:
    with service(tmp_path) as one:
        poisoned = _Poisoned(
            one.database, one.store, one.engines, one.scratch, one.roots, one.folder, one.limits
        )
        job = poisoned.submit(series)
        poisoned.work()
        state = poisoned.job(job)
        first, second = poisoned.desk.episodes(ME, job.id)
        assert (first.status, second.status) == (EpisodeStatus.FAILED, EpisodeStatus.LOCALIZED)
        assert "attempt 3 of 3" in first.reason
        assert state.status is JobStatus.INCOMPLETE


def test_a_paused_job_begins_nothing_and_goes_on_where_it_was(here: Service, series: Path) -> None:
    job = here.submit(series)
    here.work(most=9)
    here.desk.pause(ME, job.id)
    assert here.work() == 0
    here.desk.resume(ME, job.id)
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    done = stages(here, job)
    assert done.count("plan") == 2
    assert done.count("probe") == 2  # one an episode


def test_a_cancelled_job_ends_and_publishes_nothing(here: Service, series: Path) -> None:
    job = here.submit(series)
    here.work(most=9)
    here.desk.cancel(ME, job.id)
    here.desk.cancel(ME, job.id)  # twice is once
    assert here.work() == 0
    assert here.job(job).status is JobStatus.CANCELLED
    assert not (series / "localized").exists()
    with pytest.raises(Conflict):
        here.desk.resume(ME, job.id)


def test_a_job_waits_for_people_where_it_was_told_to(here: Service, series: Path) -> None:
    job = here.submit(series, review=tuple(Gate))
    here.work()
    assert here.desk.gates(ME, job.id) == {(Gate.SCRIPT, 1): False, (Gate.SCRIPT, 2): False}
    assert "translate" not in stages(here, job)
    here.desk.approve(ME, job.id, Gate.SCRIPT, [1])
    here.work()
    assert here.desk.gates(ME, job.id)[Gate.TRANSLATION, 1] is False
    assert "synthesize" not in stages(here, job)
    here.desk.approve(ME, job.id, Gate.SCRIPT)
    here.work()
    here.desk.approve(ME, job.id, Gate.TRANSLATION)
    here.work()
    assert not (series / "localized").exists()
    assert here.desk.gates(ME, job.id)[Gate.RELEASE, 0] is False
    here.desk.approve(ME, job.id, Gate.RELEASE)
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    with pytest.raises(Conflict, match="nothing that waits"):
        here.desk.approve(ME, job.id, Gate.SCRIPT)


def test_a_correction_redoes_only_what_follows_from_it(here: Service, series: Path) -> None:
    job = here.submit(series, "en", "es-419")
    here.work()
    before = len(stages(here, job))
    made = media_made(here)
    decisions.correct_line(
        series / "corrections.toml", LineCorrection(1, 2, translations={"en": "You came back."})
    )
    here.desk.redo(ME, job.id, "correct", {})
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    after = stages(here, job)[before:]
    of_a_line = ["translate", "caption", "synthesize", "mix", "mux"]
    assert sorted(after) == sorted(["plan", "memory", *of_a_line * 2, "publish"])
    # The other episode looked whether it has the same line. It has not, and what was made of it before is taken.
    assert len(media_made(here) - made) == 2
    srt = (series / "localized" / "ep01" / "en" / "ep01.en.srt").read_text()
    assert "You came back." in srt
    assert news(here, job).count("completed") == 2


def test_an_urgent_episode_goes_ahead_of_a_back_catalogue(
    here: Service, series: Path, tmp_path: Path
) -> None:
    catalogue = here.submit(series, "en", "fr", "de", priority=Priority.BACK_CATALOGUE)
    here.work(most=8)
    other = Path(shutil.copytree(series, tmp_path / "urgent"))
    urgent = here.submit(other, "es-419", episodes=(1,), priority=Priority.URGENT)
    while here.job(urgent).status is not JobStatus.COMPLETED:
        here.work(most=1)
        with here.database.transaction() as connection:
            begun = connection.execute(
                text("select job from task order by started_ms desc, id desc limit 1")
            ).scalar()
        assert begun == urgent.id
    assert here.job(catalogue).status is JobStatus.RUNNING


def test_what_is_wrong_with_a_release_is_told_before_the_series_ahead_of_it_is_done(
    here: Service, series: Path, tmp_path: Path
) -> None:
    long = here.submit(series, "en", "fr", "de")
    here.work(most=8)
    broken = here.submit(tmp_path / "nothing")
    here.work(most=1)
    assert here.job(broken).status is JobStatus.FAILED
    assert here.job(long).status is JobStatus.RUNNING


def test_a_job_that_is_made_urgent_goes_ahead(here: Service, series: Path, tmp_path: Path) -> None:
    first = here.submit(series)
    second = here.submit(Path(shutil.copytree(series, tmp_path / "second")), "fr")
    here.work(most=2)  # both planned
    here.desk.prioritize(ME, second.id, Priority.URGENT)
    while here.job(second).status is not JobStatus.COMPLETED:
        assert here.work(most=1)
    assert here.job(first).status is JobStatus.RUNNING
    assert stages(here, first) == ["plan"]


def test_a_dead_workers_task_is_taken_back_and_what_it_says_later_changes_nothing(
    tmp_path: Path, series: Path
) -> None:
    with service(tmp_path) as one:
        one.submit(series)
        with one.database.transaction() as connection:
            held = tasks.claim(connection, list(Queue), "host:1:a", now_ms(), _SILENT)
        assert isinstance(held, Task)
        assert one.sweeper.take_back() == 1
        with one.database.transaction() as connection:
            assert not tasks.complete(connection, held, now_ms())
            again = tasks.claim(connection, list(Queue), "host:2:b", now_ms(), one.limits)
            assert again is not None
            assert (again.id, again.attempts) == (held.id, 2)
            assert not tasks.extend(connection, held, now_ms(), one.limits)
            assert tasks.hand_back(connection, again, now_ms())
            third = tasks.claim(connection, list(Queue), "host:3:c", now_ms(), one.limits)
            assert third is not None
            assert third.attempts == 2  # what is handed back was not tried


def test_work_of_a_newer_version_is_left_to_it_and_of_an_older_one_planned_anew(
    here: Service, series: Path
) -> None:
    job = here.submit(series)
    here.work(most=5)
    with here.database.transaction() as connection:
        connection.execute(text("update job set planned_by = '99.0.0'"))
    assert here.work() > 0  # each is looked at once, and handed back
    assert stages(here, job)[1:] == stages(here, job)[1:5]
    with here.database.transaction() as connection:
        connection.execute(text("update job set planned_by = '0.0.1'"))
        connection.execute(text("update task set ready_ms = 0"))
    here.work()
    assert here.job(job).status is JobStatus.COMPLETED
    assert stages(here, job).count("plan") == 2


def test_artifacts_that_are_cleaned_away_are_made_again(here: Service, series: Path) -> None:
    job = here.submit(series)
    while "mux" not in stages(here, job):
        here.work(most=1)
    shutil.rmtree(here.store.root)
    here.work()
    for _ in range(3):
        with here.database.transaction() as connection:
            connection.execute(text("update job set updated_ms = 0"))
        here.sweeper.revive()
        here.work()
    episodes = here.desk.episodes(ME, job.id)
    assert here.job(job).status in (JobStatus.COMPLETED, JobStatus.INCOMPLETE), episodes


def test_another_teams_job_is_not_there(here: Service, series: Path) -> None:
    job = here.submit(series)
    stranger = Actor("li", "other")
    for call in (here.desk.job, here.desk.cancel, here.desk.pause, here.desk.episodes):
        with pytest.raises(NotFound):
            call(stranger, job.id)
    assert here.desk.page(stranger) == []
    assert [one.id for one in here.desk.page(ME)] == [job.id]


def test_what_was_published_before_is_not_dropped_unasked(here: Service, series: Path) -> None:
    here.submit(series, "en", "fr")
    here.work()
    job = here.submit(series, "en")
    here.work()
    assert here.job(job).status is JobStatus.FAILED
    assert "fr" in here.job(job).reason
    again = here.submit(series, "en", replace=True)
    here.work()
    assert here.job(again).status is JobStatus.COMPLETED


def test_the_audit_log_says_who_did_what(here: Service, series: Path) -> None:
    job = here.submit(series)
    here.desk.pause(ME, job.id)
    here.desk.cancel(Actor("li", "studio"), job.id)
    with here.database.transaction() as connection:
        rows = connection.execute(text("select actor, action, subject from audit order by id"))
        assert [tuple(row) for row in rows] == [
            ("mei", "submit", job.id),
            ("mei", "pause", job.id),
            ("li", "cancel", job.id),
        ]


def test_a_submission_that_races_itself_is_one_job(here: Service, series: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    order = here.order(series, "en")
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: here.desk.submit(ME, order, idempotency_key="k")[0].id, range(16))
        )
    assert len(set(found)) == 1
    with here.database.transaction() as connection:
        assert sum(jobs.count_by_status(connection).values()) == 1


def test_the_log_says_which_edited_files_stayed(here: Service, series: Path) -> None:
    here.submit(series, "en")
    here.work()
    subtitles = series / "localized" / "ep01" / "en" / "ep01.en.srt"
    subtitles.write_text("by hand")
    (subtitles.parent / "poster.txt").write_text("theirs, and not ours to speak of")
    here.submit(series, "en", "es-419")
    with capture_logs() as logs:
        here.work()
    told = [(one["file"], one["kept_as"]) for one in logs if one["event"] == "release.kept_edited"]
    assert told == [("ep01/en/ep01.en.srt", "ep01/en/ep01.en.edited.srt")]
    assert (subtitles.parent / "ep01.en.edited.srt").read_text() == "by hand"
    assert (subtitles.parent / "poster.txt").exists()
