"""From what is asked for to a plan: the job is checked in full, and nothing is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dubbing.engines import registry
from dubbing.engines.registry import Engines
from dubbing.errors import Rejected, install
from dubbing.formats.language_toml import load_language
from dubbing.formats.market_toml import load_market
from dubbing.model.episode import Release
from dubbing.model.job import Decisions, Deliverable, Job
from dubbing.model.language import Language
from dubbing.planning.config import configs_folder, load_profile
from dubbing.planning.graph import Plan
from dubbing.planning.pipeline import Planner
from voices import VoiceBank


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a user asks of a release."""

    languages: tuple[str, ...]  # BCP-47, the first is the default subtitle
    episodes: tuple[int, ...] = ()  # none: all
    profile: str = "local"
    dub: bool = True


def job_of(release: Release, wishes: Wishes, left_out: frozenset[int] = frozenset()) -> Job:
    """The job that a user's wishes are. Raises Rejected for what the release doesn't have."""
    known = tuple(episode.number for episode in release.episodes)
    for number in wishes.episodes:
        if number not in known:
            raise Rejected(
                "episodes",
                found=str(number),
                expected=f"episodes of {release.name}: {', '.join(map(str, known))}",
                remedy="Name episodes that the release has.",
            )
    if not wishes.languages:
        raise Rejected(
            "languages",
            found="none",
            expected="at least one language to translate into, as in en,pt-BR,es-419",
            remedy="Name the languages: with --to, or in the job's order.",
        )
    asked = [language.tag for language in _languages(wishes.languages)]
    if release.source_language in asked:
        raise Rejected(
            "languages",
            found=release.source_language,
            expected="languages other than the one spoken in the episodes",
            remedy="Leave it out; subtitles in the source language are always made.",
        )
    deliverables = {Deliverable.SUBTITLES, *([Deliverable.DUB] if wishes.dub else [])}
    return Job(
        episodes=tuple(n for n in wishes.episodes or known if n not in left_out),
        languages=tuple(dict.fromkeys(asked)),
        deliverables=frozenset(deliverables),
        profile=load_profile(wishes.profile),
        left_out=left_out,
    )


def plan_of(
    release: Release,
    job: Job,
    decisions: Decisions,
    engines: Engines,
    digest_of: Callable[[Path], str],
) -> Plan:
    """The plan of a job. Raises Rejected for what no engine can do; no weights are loaded."""
    _refuse_unknown_episodes(release, decisions)
    languages = _languages((*job.languages, release.source_language))
    planner = Planner(
        engines=engines,
        voices=VoiceBank.here(),
        languages={language.tag: language for language in languages},
        decisions=decisions,
        market_of=partial(load_market, configs_folder() / "markets"),
        digest_of=digest_of,
    )
    plan = planner.plan(release, job)
    if not job.profile.allow_noncommercial:
        _refuse_noncommercial(plan)
    return plan


def refuse_missing(job: Job, engines: Engines) -> None:
    """Raises Rejected if the profile names an engine whose packages, or whose model, are not here."""
    for port, name in Planner.engines_named(job.profile):
        hub = engines.hub(port, name)
        if hub is not None and not hub.is_here():
            raise Rejected(
                f"profile {job.profile.name}, {port}",
                found=f"{name}, whose model was not fetched",
                expected="models that are here",
                remedy=f"Fetch what the profile names: dub models fetch --profile {job.profile.name}.",
            )
        absent = registry.missing(engines.info(port, name))
        if absent:
            raise Rejected(
                f"profile {job.profile.name}, {port}",
                found=f"{name}, whose packages are not installed: {', '.join(absent)}",
                expected="engines that are installed",
                remedy=f"{install('local')} gpu instead of local is for large models, endpoint for "
                "those of others.",
            )


def _languages(tags: Sequence[str]) -> list[Language]:
    folder = configs_folder() / "languages"
    return [load_language(folder, tag) for tag in tags]


def _refuse_unknown_episodes(release: Release, decisions: Decisions) -> None:
    """Raises Rejected where people speak of an episode that isn't there."""
    numbers = {episode.number for episode in release.episodes}
    for name, decision in decisions.characters.items():
        for said in decision.speakers:
            if said.episode not in numbers:
                raise Rejected(
                    f"cast, {name}.speakers",
                    found=f"a speaker of episode {said.episode}",
                    expected=f"an episode of {release.name}",
                    remedy="Correct the episode's number.",
                )
    for correction in decisions.corrections:
        if correction.episode not in numbers:
            raise Rejected(
                str(release.corrections_file),
                found=f"a correction of episode {correction.episode}",
                expected=f"an episode of {release.name}",
                remedy="Correct the episode's number.",
            )


def _refuse_noncommercial(plan: Plan) -> None:
    for engine in plan.engines:
        if not engine.commercial:
            raise Rejected(
                f"profile {plan.job.profile.name}, {engine.port}",
                found=f"{engine.name}, whose weights are under {engine.licence}",
                expected="weights that may be used commercially",
                remedy="Name another engine, or set allow_noncommercial = true for research.",
            )
