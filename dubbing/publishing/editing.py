"""What a person may correct: an edit is held to what was published last, so that none hits nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dubbing.errors import Rejected
from dubbing.formats.language_toml import normal_tag
from dubbing.model.episode import Release
from dubbing.model.job import NEW_SPEAKER, CharacterDecision, LineCorrection
from dubbing.model.report import EpisodeReport
from dubbing.publishing.publish import read_manifest
from dubbing.publishing.published import reports_in


@dataclass(frozen=True, slots=True)
class Known:
    """A release as people see it. Where nothing was published, all is taken that the release itself allows."""

    release: Release
    languages: tuple[str, ...]  # that were published
    reports: Sequence[EpisodeReport]
    corrections: tuple[LineCorrection, ...]
    characters: Mapping[str, CharacterDecision]

    def language(self, tag: str) -> str:
        """The tag in its usual form. Raises Rejected if it is none, or nothing was published in it."""
        normal = normal_tag(tag)
        if self.languages and normal not in self.languages:
            raise Rejected(
                "--language",
                found=tag,
                expected=f"a language of this release: {', '.join(self.languages)}",
                remedy="Name one of these, or add the language to the release first: dub run ... --add.",
            )
        return normal

    def episode(self, number: int) -> int:
        known = [episode.number for episode in self.release.episodes]
        if number not in known:
            raise Rejected(
                "--episode",
                found=str(number),
                expected=f"an episode of {self.release.title}: {', '.join(map(str, known))}",
                remedy="Correct the number.",
            )
        return number

    def was(self, episode: int, line: int) -> str | None:
        """What the machine had heard at a line; None where that can't be told. Raises Rejected for a line that
        isn't there."""
        texts = {
            entry.number: entry.source_text
            for report in self.reports
            if report.episode == episode
            for entry in report.lines
        }
        before = next((c for c in self.corrections if (c.episode, c.line) == (episode, line)), None)
        if texts and line not in texts and before is None:
            raise Rejected(
                f"--line of episode {episode}",
                found=str(line),
                expected=f"a line from {min(texts)} to {max(texts)}, as the report shows them",
                remedy="Look the line up: `dub report` shows them.",
            )
        if before is not None and (before.source or "").strip() == texts.get(line):
            return None  # the report shows what a person wrote
        return texts.get(line)

    def translation(self, episode: int, line: int, text: str, source: str | None) -> None:
        """Raises Rejected for a translation that nobody would hear or read. `source` is given together with it."""
        if not text.strip():
            raise Rejected(
                "--text",
                found="nothing",
                expected="what the line says in the language",
                remedy="Give a translation. To take the line out of every language, give --source ''.",
            )
        before = next((c for c in self.corrections if (c.episode, c.line) == (episode, line)), None)
        said = source if source is not None else before.source if before else None
        if said is not None and not said.strip():
            raise Rejected(
                f"--text of episode {episode}, line {line}",
                found="a line that was taken out",
                expected="a line that is said",
                remedy=f"Take that back first: dub edit RELEASE --episode {episode} --line {line} --undo.",
            )

    def speaker(self, episode: int, speaker: str) -> str:
        """Raises Rejected if nobody is called so in the episode, and it is no new one (new:NAME)."""
        if speaker.startswith(NEW_SPEAKER):
            return speaker
        here = {e.speaker for r in self.reports if r.episode == episode for e in r.lines}
        if here and speaker not in here:
            raise Rejected(
                f"--speaker of episode {episode}",
                found=repr(speaker),
                expected=f"one of {', '.join(sorted(here))}",
                remedy="Name a speaker of this episode: `dub report --json` shows them. Somebody whom the machine took "
                "for another one is new:NAME.",
            )
        return speaker

    def character(self, name: str, option: str = "--character") -> str:
        heard = {e.character for r in self.reports for e in r.lines if e.character}
        known = heard | self.characters.keys()
        known |= {c.new_speaker for c in self.corrections if c.new_speaker}
        if heard and name not in known:
            raise Rejected(
                option,
                found=repr(name),
                expected=f"one of {', '.join(sorted(known))}",
                remedy="Name a character that the report shows, or say with --episode and --speaker who it is.",
            )
        return name


def known(
    release: Release,
    folder: Path,
    corrections: tuple[LineCorrection, ...],
    characters: Mapping[str, CharacterDecision],
) -> Known:
    """What is known of a release whose localized release is in a folder, if there is one."""
    manifest = read_manifest(folder)
    if manifest is None:
        return Known(release, (), (), corrections, characters)
    try:
        reports = reports_in(folder)
    except (OSError, msgspec.DecodeError):  # published by an earlier version, or taken away by hand
        reports = []
    return Known(release, manifest.job.languages, reports, corrections, characters)
