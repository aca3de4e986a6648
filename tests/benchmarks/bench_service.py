"""What the service adds to the work itself, and how it bears much of it: with fake engines, on RabbitMQ and
PostgreSQL.

    .venv/bin/python tests/benchmarks/bench_service.py [--episodes 100] [--languages 8]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))
from fleet import ME, Fleet, children, fleet, many_episodes
from series import tones
from sqlalchemy import text

from dubbing.model.service import JobState, Priority, Role
from dubbing.store import access
from dubbing.store.database import now_ms
from workers.servers import free_port

LANGUAGES = ("en", "es-419", "pt-BR", "fr", "de", "id", "it", "ja", "ko", "vi")


def video(folder: Path) -> Path:
    """Three seconds: what is measured is what surrounds the work."""
    audio = tones(3.0, [(0.3, 150, 0.8), (1.6, 220, 1.0)])
    wav, file = folder / "sound.wav", folder / "episode.mp4"
    soundfile.write(wav, audio.samples, audio.rate_hz)
    subprocess.run(
        ["ffmpeg", "-y", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=90x160:rate=25:duration=3",
         "-i", wav, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", file],
        check=True,
    )  # fmt: skip
    return file


def percentiles(values: Sequence[float]) -> str:
    if not values:
        return "none"
    p50, p95 = np.percentile(values, [50, 95])
    return f"p50 {p50:.0f} ms, p95 {p95:.0f} ms ({len(values)})"


def memory_mb(one: Fleet) -> str:
    found = []
    for name, process in one.processes.items():
        for pid in (process.pid, *children(process.pid)):
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except FileNotFoundError:
                continue
            rss = next((line.split()[1] for line in status.splitlines() if "VmRSS" in line), "0")
            found.append(f"{name} {int(rss) // 1024}")
    return ", ".join(found)


def await_workers(one: Fleet, count: int) -> None:
    until_s = time.monotonic() + 90
    while time.monotonic() < until_s:
        with one.database.transaction() as connection:
            found = connection.execute(text("select count(*) from worker")).scalar_one()
        if found >= count:
            return
        time.sleep(0.2)
    raise TimeoutError


def throughput(one: Fleet, file: Path, episodes: int, languages: int, workers: int) -> float:
    """A job with so many worker processes; its seconds."""
    one.start_workers(1, processes=workers)
    await_workers(one, workers)
    before = memory_mb(one)
    release = many_episodes(
        one.folder / f"w{workers}" / "series", episodes, file, first=workers * 100
    )
    started = time.perf_counter()
    job = one.submit(release, *LANGUAGES[:languages])
    [state] = one.wait([job], 3600)
    seconds = time.perf_counter() - started
    print(f"{workers} workers: {episodes} episodes x {languages}: {seconds:.1f} s, {state.status}")
    print(f"  memory in MB before: {before}")
    print(f"  and after: {memory_mb(one)}")
    print_orchestration(one, job)
    one.stop("worker0")
    return seconds


def print_orchestration(one: Fleet, job: JobState) -> None:
    """Between a task's end and the next one's start on the same worker there is nothing but the service."""
    with one.database.transaction() as connection:
        rows = connection.execute(
            text(
                "select stage, started_ms, ended_ms, ready_ms from task where job = :job order by started_ms"
            ),
            {"job": job.id},
        ).all()
    took = [row.ended_ms - row.started_ms for row in rows]
    ends = np.sort([row.ended_ms for row in rows])
    gaps = []
    for row in rows[1:]:
        # The latest end before this start: the worker that begins was free since then at the latest.
        before = ends[ends <= row.started_ms]
        if len(before) and row.ready_ms <= before[-1]:
            gaps.append(float(row.started_ms - before[-1]))
    print(f"  {len(rows)} tasks, each {percentiles(took)}")
    print(f"  from a worker's end of one to its start of the next: {percentiles(gaps)}")


def fairness(one: Fleet, file: Path) -> None:
    one.start_workers(1, processes=2)
    await_workers(one, 2)
    long = one.submit(
        many_episodes(one.folder / "long" / "series", 100, file, first=5000),
        *LANGUAGES[:2],
        priority=Priority.BACK_CATALOGUE,
    )
    time.sleep(15.0)
    urgent = one.submit(
        many_episodes(one.folder / "urgent" / "series", 1, file, first=6000),
        "en",
        priority=Priority.URGENT,
    )
    [state] = one.wait([urgent], 600)
    with one.database.transaction() as connection:
        first = connection.execute(
            text("select min(started_ms) from task where job = :job"), {"job": urgent.id}
        ).scalar_one()
        longest = connection.execute(
            text("select max(ended_ms - started_ms) from task where job = :job"), {"job": long.id}
        ).scalar_one()
    print(
        f"fairness: an urgent episode behind 100 others began after {first - urgent.created_ms} ms "
        f"(the longest stage took {longest} ms), and was published after {(state.ended_ms or 0) - urgent.created_ms} ms"
    )
    api(one)
    one.desk.cancel(ME, long.id)
    one.stop("worker0")


def api(one: Fleet) -> None:
    """Answers of the API while workers are busy."""
    port = free_port()
    with one.database.transaction() as connection:
        _, secret = access.create_token(
            connection, "bench", "studio", Role.ADMIN, "bench", now_ms()
        )
    one.start("api", "serve", "--port", str(port))
    client = httpx.Client(
        base_url=f"http://127.0.0.1:{port}/v1", headers={"authorization": f"Bearer {secret}"}
    )
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        try:
            if client.get("/health").status_code in (200, 503):
                break
        except httpx.HTTPError:
            time.sleep(0.3)
    job = client.get("/jobs").json()["jobs"][0]["id"]
    for path in ("/jobs", f"/jobs/{job}", f"/jobs/{job}/episodes", f"/jobs/{job}/tasks"):
        took = []
        for _ in range(100):
            started = time.perf_counter()
            client.get(path).raise_for_status()
            took.append((time.perf_counter() - started) * 1000)
        print(f"  GET {path.replace(job, 'ID')} while workers are busy: {percentiles(took)}")
    one.stop("api")


def queued(one: Fleet, file: Path) -> None:
    """10,000 episodes that wait."""
    release = many_episodes(one.folder / "queued" / "series", 100, file, first=7000)
    took = []

    def submit(_: int) -> None:
        started = time.perf_counter()
        one.submit(release, *LANGUAGES[:8])
        took.append((time.perf_counter() - started) * 1000)

    for number in range(100):
        submit(number)
    print(f"submitting 100 jobs of 100 episodes x 8 languages: {percentiles(took)}")
    print(f"  the last ten: {percentiles(took[-10:])}; database {size_mb(one):.1f} MB")
    # All of them planned, each episode's first task ready.
    one.start_workers(1, processes=2)
    until_s = time.monotonic() + 900
    planned = 0
    while planned < 100 and time.monotonic() < until_s:
        time.sleep(1.0)
        with one.database.transaction() as connection:
            planned = connection.execute(
                text("select count(*) from task where stage = 'plan' and status = 'done'")
            ).scalar_one()
    one.stop("worker0")
    print(
        f"  {planned} jobs planned, {100 * planned} episodes wait: database {size_mb(one):.1f} MB"
    )
    took.clear()
    for number in range(10):
        submit(number)
    print(f"  submitting ten more: {percentiles(took)}")


def size_mb(one: Fleet) -> float:
    with one.database.transaction() as connection:
        found = connection.execute(text("select pg_database_size(current_database())")).scalar_one()
    return float(found) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--languages", type=int, default=8)
    parser.add_argument("--part", choices=("throughput", "fairness", "queued"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dubbing-bench-") as scratch:
        folder = Path(scratch)
        file = video(folder)
        if arguments.part in (None, "throughput"):
            (folder / "throughput").mkdir()
            with fleet(folder / "throughput") as one:
                one.start("sweeper", "sweep")
                alone = None
                for workers in (1, 2, 4):
                    count = arguments.episodes
                    seconds = throughput(one, file, count, arguments.languages, workers)
                    alone = alone or seconds
                    print(f"  {alone / seconds:.2f} times one worker's throughput, ideal {workers}")
        for name, part in {"fairness": fairness, "queued": queued}.items():
            if arguments.part in (None, name):
                (folder / name).mkdir()
                with fleet(folder / name) as one:
                    one.start("sweeper", "sweep")
                    part(one, file)


if __name__ == "__main__":
    main()
