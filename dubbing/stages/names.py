"""The people who are named anywhere in a series: found once, so that all of it calls them the same.

A name that is plain in one line is hard to tell from other words in the next. So names are looked for in all
lines of all episodes first, and what was found anywhere is then found everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dubbing.engines.translating.chinese_names import find_names, recurring_names, short_forms
from dubbing.engines.translating.glossary import held
from dubbing.formats.chinese_script import working_text
from dubbing.model.episode import Term
from dubbing.model.series import Name, Place
from dubbing.model.speech import Transcript
from dubbing.stages import From, Leaf, Per, Read, Stage, Work
from dubbing.store.artifacts import read_json, write_json

NAME, VERSION = "names", 3
STAGE = Stage(
    per=Per.SERIES,
    reads=(Read("script", From.EACH_EPISODE),),
    leaves=(Leaf("names.json", tuple[Name, ...]),),
    reported=True,
)


@dataclass(frozen=True, slots=True)
class Settings:
    language: str  # that is spoken; names are known of Mandarin alone
    scripts: Mapping[str, int]  # the role of each episode's script -> the episode's number


def run(work: Work, settings: Settings) -> None:
    said: dict[Place, str] = {}
    for role, episode in settings.scripts.items():
        transcript = read_json(work.inputs[role] / "transcript.json", Transcript)
        said |= {
            Place(episode, u.number): working_text(u.text, settings.language)
            for u in transcript.utterances
        }
    names = names_in(said) if settings.language.split("-")[0] == "zh" else ()
    write_json(work.out / "names.json", names)


def names_in(said: Mapping[Place, str]) -> tuple[Name, ...]:
    """The names in lines of Mandarin, by first appearance, each with the forms of it that are in use."""
    found: dict[str, str] = {}
    for text in said.values():
        found |= find_names(text)
    found |= recurring_names(list(said.values()), found)
    whose = {name: name for name in found}  # form -> the name it is of
    written = dict(found)
    for name in found:
        for form, form_written in short_forms(name).items():
            if form not in found:
                # What could be two people's is nobody's.
                whose[form] = name if form not in whose else ""
                written[form] = form_written
    terms = [Term(form, "", written[form]) for form, owner in whose.items() if owner]
    places: dict[str, dict[Place, set[str]]] = {name: {} for name in found}
    for place, text in sorted(said.items()):
        for term in held(text, terms):
            places[whose[term.source]].setdefault(place, set()).add(term.source)
    names = []
    for name, here in places.items():
        in_use = {form for forms in here.values() for form in forms}
        forms = {form: written[form] for form in (name, *sorted(in_use - {name}))}
        names.append(Name(name, forms, tuple(here)))
    return tuple(sorted(names, key=lambda name: name.places[0]))
