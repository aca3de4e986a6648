"""The one place where the parts are put together: an order in, a localized release out."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from dubbing.engines import lines, registry
from dubbing.engines.ports import Port
from dubbing.engines.registry import Engines, Usage
from dubbing.engines.weights import cache_folder
from dubbing.errors import Rejected
from dubbing.formats.decisions import read_decisions
from dubbing.formats.release_json import read_release, release_of_video
from dubbing.formats.video_names import twins
from dubbing.making import disk
from dubbing.making.runner import (
    Outcome,
    Runner,
    Unwatched,
    Watcher,
    missing_nodes,
)
from dubbing.making.speeds import read_speeds, remember_speeds
from dubbing.model.episode import MediaInfo, Release
from dubbing.model.job import Deliverable
from dubbing.model.time import ms_to_seconds
from dubbing.planning import orders
from dubbing.planning.config import artifacts_folder
from dubbing.planning.forecast import Forecast, forecast
from dubbing.planning.graph import Node, Plan
from dubbing.planning.orders import Wishes
from dubbing.publishing import publish
from dubbing.publishing.pages import render
from dubbing.publishing.publish import Manifest
from dubbing.publishing.published import paths_of
from dubbing.publishing.theirs import Theirs
from dubbing.store.artifacts import ArtifactStore, read_json
from dubbing.store.digests import digest_of
from voices import VoiceBank


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asks for."""

    target: Path  # a release's folder, or one video
    wishes: Wishes
    source_language: str | None = None  # None: the release's, or zh for a video
    out: Path | None = None  # None: `localized` in the release, or beside the video
    replace: bool = False  # languages and episodes published before may be dropped
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Localized:
    """What came of an order. `manifest` is None if something failed: nothing was published then."""

    plan: Plan
    out: Path
    outcome: Outcome
    usage: dict[str, Usage]
    manifest: Manifest | None
    kept: tuple[Theirs, ...] = ()  # what people had put into the folder, or changed there


@dataclass(frozen=True, slots=True)
class Intended:
    """What an order would come to, if it were given now."""

    plan: Plan
    out: Path
    missing: tuple[Node, ...]  # what is to be made
    files: tuple[str, ...]  # what is to be published
    forecast: Forecast
    published: bool  # whether all of it is there as it would be


def open_release(target: Path, source_language: str | None = None) -> Release:
    """The release that a folder or a video is. Raises Rejected."""
    if target.is_dir() or (not target.exists() and not target.suffix):
        release = read_release(target)
        if source_language and source_language != release.source_language:
            raise Rejected(
                "--from",
                found=source_language,
                expected=f"{release.source_language}, as {target / 'release.json'} says",
                remedy="Leave --from out, or correct source_language there.",
            )
        return release
    if not target.exists():
        raise Rejected(
            str(target),
            found="no such file or folder",
            expected="a release's folder, or a video",
            remedy="Correct the path.",
        )
    return release_of_video(target, source_language or "zh")


def output_folder(order: Order, release: Release) -> Path:
    """Where the order's localized release goes. A video's own is found again under the name it used to have."""
    if order.out is not None:
        return order.out.resolve()
    root = release.root.resolve()
    video = publish.video_of(release)
    if not video:
        return root / "localized"
    own = root / f"{release.episodes[0].published_as}-localized"
    earlier = root / f"{release.name}-localized"
    return earlier if not own.exists() and _is_of(release, earlier) else own


def _is_of(release: Release, folder: Path) -> bool:
    """Whether a folder is what was made of a video given alone. Earlier ones name its title at most."""
    manifest = publish.read_manifest(folder)
    if manifest is None:
        return False
    if manifest.video:
        return manifest.video == publish.video_of(release)
    mine = (manifest.release, manifest.title) == (release.name, release.title)
    return mine and not twins(release.episodes[0].video)


def localize(order: Order, watcher: Watcher | None = None) -> Localized:
    """Does all of an order, or goes on where it was stopped. Raises Rejected before any work is done
    for what can be known then; what fails later is in the outcome, and then nothing is published.
    """
    release = open_release(order.target, order.source_language)
    out = output_folder(order, release)
    store = ArtifactStore(artifacts_folder())
    disk.check_cache(store.root)
    try:
        with _alone(out), Engines() as engines:
            publish.check_writable(out)
            _refuse_others(release, out)
            plan = plan_of(order, release, store, engines)
            _refuse_loss(plan, out, order)
            publish.clear_leftovers(out)
            outcome = Outcome()
            manifest = None
            kept: list[Theirs] = []
            if publish.is_published(plan, out):
                manifest = publish.read_manifest(out)
            else:
                store.sweep()
                outcome = _run(Runner(store, engines, order.workers, watcher or Unwatched()), plan)
                if not outcome.failures:
                    manifest = publish.publish(store, plan, out, render, kept.append)
            return Localized(plan, out, outcome, engines.usage, manifest, tuple(kept))
    except OSError as error:
        raise disk.rejected(error, store.root, out) from error


def intend(order: Order) -> Intended:
    """What an order would come to. Raises Rejected as `localize` does before any work. Of the work only the
    videos are looked at: that is done in seconds, and how long they are is in the forecast."""
    release = open_release(order.target, order.source_language)
    out = output_folder(order, release)
    store = ArtifactStore(artifacts_folder())
    disk.check_cache(store.root)
    try:
        with Engines() as engines:
            publish.check_writable(out)
            _refuse_others(release, out)
            plan = plan_of(order, release, store, engines)
            _refuse_loss(plan, out, order)
            probed = Runner(store, engines, order.workers).run(_probes(plan))
            for _, error in probed.failures:
                raise error
    except OSError as error:
        raise disk.rejected(error, store.root, out) from error
    published = publish.is_published(plan, out)
    missing = () if published else tuple(missing_nodes(store, plan.targets()).values())
    expected = forecast(
        plan, missing, _lengths_s(store, plan), read_speeds(_speeds_file()), order.workers
    )
    return Intended(plan, out, missing, tuple(paths_of(plan)), expected, published)


def wishes_with(order: Order, added: tuple[str, ...], profile: str | None) -> Wishes:
    """What was published, and further languages. `profile`: None is the one that it was made with.

    Raises Rejected if nothing was published.
    """
    out = output_folder(order, open_release(order.target, order.source_language))
    manifest = publish.read_manifest(out)
    if manifest is None:
        raise Rejected(
            "--add",
            found=f"nothing published in {out}",
            expected="a localized release that a language can be added to",
            remedy="Name all languages with --to.",
        )
    return Wishes(
        languages=tuple(dict.fromkeys((*manifest.job.languages, *added))),
        episodes=order.wishes.episodes or manifest.job.episodes,
        profile=profile or manifest.profile,
        dub=order.wishes.dub and Deliverable.DUB in manifest.job.deliverables,
    )


def plan_of(order: Order, release: Release, store: ArtifactStore, engines: Engines) -> Plan:
    """The plan of an order. Raises Rejected; nothing is run and no weights are loaded."""
    job = orders.job_of(release, order.wishes)
    orders.refuse_missing(job, engines)
    published = publish.read_manifest(output_folder(order, release))
    decisions = read_decisions(release.cast_file, release.corrections_file)
    if published is not None:
        decisions = replace(decisions, given=published.cast, published=published.job.episodes)
    return orders.plan_of(release, job, decisions, engines, partial(digest_of, store))


def audition(bank: VoiceBank, name: str, language: str, text: str, file: Path) -> float:
    """Speaks a text with a voice into a WAV file, and returns how many seconds that is.

    Raises Rejected for a language that the voice doesn't speak, VoiceError for an unknown voice.
    """
    voice = bank.get(name)
    if not voice.speaks(language):
        raise Rejected(
            "--language",
            found=f"{language}, which {name} doesn't speak",
            expected=f"one of {', '.join(voice.languages)}",
            remedy="Choose one of these, or another voice.",
        )
    lines.refuse_voice("--voice", voice)
    engine = next(
        n for n in registry.names(Port.SYNTHESIZER) if n.partition(":")[0] == voice.engine
    )
    with Engines() as engines:
        take = lines.speak(
            engines, ArtifactStore(artifacts_folder()), engine, voice, text, language, 1.0
        )
    shutil.copyfile(take.file, file)
    return ms_to_seconds(take.duration_ms)


def clean(*, models: bool = False) -> int:
    """Removes what can be made again, and returns how many bytes that was."""
    folders = [artifacts_folder()]
    if models:
        folders.append(cache_folder() / "models")
    freed = 0
    for folder in folders:
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        if folder.exists():
            shutil.rmtree(folder)
    return freed


def _run(runner: Runner, plan: Plan) -> Outcome:
    runner.watcher.planned(list(missing_nodes(runner.store, plan.targets()).values()))
    # Every video is looked at before hours go into the first.
    probed = runner.run(_probes(plan))
    if probed.failures:
        return probed
    lengths_s = _lengths_s(runner.store, plan)
    missing = missing_nodes(runner.store, plan.targets()).values()
    expected = forecast(plan, missing, lengths_s, read_speeds(_speeds_file()), runner.workers)
    runner.watcher.expected(expected.node_s, expected.total_s)
    outcome = runner.run(plan.targets())
    remember_speeds(_speeds_file(), plan, lengths_s, (*probed.worked, *outcome.worked))
    outcome.stage_seconds.update(probed.stage_seconds)
    outcome.seconds += probed.seconds
    return outcome


def _probes(plan: Plan) -> list[Node]:
    return [episode.stages["probe"] for episode in plan.episodes]


def _lengths_s(store: ArtifactStore, plan: Plan) -> dict[int, float]:
    """The lengths of the episodes, all of which have been probed."""
    return {
        node.episode: ms_to_seconds(
            read_json(store.path(node.key) / "media.json", MediaInfo).duration_ms
        )
        for node in _probes(plan)
    }


def _speeds_file() -> Path:
    return cache_folder() / "speeds.json"


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Holds the output folder against another run. Raises Rejected if one is at work."""
    locks = cache_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{hashlib.sha256(os.fsencode(out)).hexdigest()[:16]}.lock", timeout=0)
    try:
        with lock:
            yield
    except Timeout:
        raise Rejected(
            str(out),
            found="another run at work on it",
            expected="one run at a time for an output folder",
            remedy="Wait for the other run, or name another folder with --out.",
        ) from None


def _refuse_others(release: Release, out: Path) -> None:
    """Raises Rejected for a folder that holds what was made of another release or video."""
    manifest = publish.read_manifest(out)
    video = publish.video_of(release)
    if manifest is None or out == release.root.resolve() / "localized":
        return
    same = _is_of(release, out) if video else manifest.release == release.name
    if not same:
        raise Rejected(
            str(out),
            found=f"what was made of {manifest.video or manifest.title}",
            expected=f"a folder for {video or release.name} alone",
            remedy="Name another folder with --out, or remove that one.",
        )


def _refuse_loss(plan: Plan, out: Path, order: Order) -> None:
    lost = publish.dropped(plan, out)
    if lost and not order.replace:
        raise Rejected(
            str(out),
            found=f"{', '.join(lost)}, published before and not part of this run",
            expected="a run that keeps what was published",
            remedy="Add them to --to and --episodes, or leave --no-dub out (what is done is not done again), "
            "give --replace to drop them, or name another folder with --out.",
        )
