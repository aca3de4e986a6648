"""What people translated in a language, anywhere in a series: for lines that say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dubbing.formats.chinese_script import working_text
from dubbing.model.job import LineCorrection
from dubbing.model.series import Place, Remembered
from dubbing.model.speech import Transcript
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "memory", 1
STAGE = Stage(
    per=Per.SERIES_LANGUAGE,
    reads=(Read("script", From.EACH_EPISODE),),
    leaves=(Leaf("memory.json", tuple[Remembered, ...]),),
)


@dataclass(frozen=True, slots=True)
class Settings:
    language: str
    corrections: tuple[LineCorrection, ...]  # of these episodes; only translations are read
    scripts: Mapping[
        str, int
    ]  # the role of each of these episodes' scripts -> the episode's number


def run(work: Work, settings: Settings) -> None:
    remembered: list[Remembered] = []
    for role, episode in settings.scripts.items():
        transcript = read_json(work.inputs[role] / "transcript.json", Transcript)
        texts = {
            c.line: c.translations[settings.language]
            for c in settings.corrections
            if c.episode == episode
        }
        remembered += [
            Remembered(
                working_text(u.text, transcript.language), texts[u.number], Place(episode, u.number)
            )
            for u in transcript.utterances
            if u.number in texts and texts[u.number].strip()
        ]
    write_json(work.out / "memory.json", tuple(remembered))
