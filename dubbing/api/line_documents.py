"""Lines, cast and glossary, as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from dubbing.api.documents import (
    NO_NUL,
    LanguageTag,
    Sent,
    Text,
)
from dubbing.model.dub import FitKind
from dubbing.model.review import ReviewKind, Unscripted


class ReviewDocument(BaseModel):
    """One reason why a person should look at a line."""

    kind: ReviewKind = Field(description="What is in doubt.")
    why: str = Field(examples=["The transcriber is unsure of these words."])


class SpeechDocument(BaseModel):
    """A stretch in which somebody speaks, and which is no line."""

    start_ms: int
    end_ms: int
    why: Unscripted
    heard: str = Field(description="What the transcriber made of it; empty: nothing.")


class LineDocument(BaseModel):
    """One line of an episode. What is not made yet is null."""

    number: int
    start_ms: int
    end_ms: int
    speaker: str = Field(examples=["s1"])
    character: str | None = Field(examples=["c1"])
    label: str | None = Field(description="What people call the character.", examples=["Shen Qing"])
    source: str = Field(examples=["你怎么来了"])
    confidence: float = Field(description="Of the transcriber, 0 to 1; 1 where people wrote it.")
    text: str | None = Field(description="The translation.", examples=["Why are you here?"])
    translated_by: list[str]
    notes: list[str]
    review: list[ReviewDocument] = Field(description="Why a person should look at it.")
    voice: str | None
    spoken_text: str | None = Field(description="The translation, or its shorter form.")
    fit: FitKind | None = Field(
        description="How the take was made to fit; `flagged`: listen to it."
    )
    tempo: float | None = Field(description="How much faster than natural it is heard.")
    overrun_ms: int | None
    stand_in: bool | None = Field(description="A last-resort engine speaks it: do not publish it.")


class Made(BaseModel):
    """What there is of an episode in a language already."""

    transcript: bool
    translation: bool
    dub: bool


class Lines(BaseModel):
    episode: int
    source_language: str
    language: str
    made: Made
    lines: list[LineDocument]
    speech_without_line: list[SpeechDocument] = Field(
        description="In order of start. It is turned down in a dub, and not translated."
    )


SpeakerName = Annotated[str, StringConstraints(pattern=r"^s[0-9]{1,3}$")]
SpeakerSaid = Annotated[
    str, StringConstraints(pattern=r"^(s[0-9]{1,3}|new:[a-z][a-z0-9_-]{0,63})$")
]
CharacterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]


class Correction(Sent):
    """A person's word on a line. What is not given is left as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"translations": {"en": "I didn't come back for you."}}],
            "minProperties": 1,
        }
    )

    source: Text | None = Field(
        default=None, description="What is really said; empty takes the line out."
    )
    speaker: SpeakerSaid | None = Field(
        default=None,
        description="Who really says it; new:NAME is somebody whom the diarizer didn't tell from the others.",
    )
    translations: dict[LanguageTag, Text] = Field(default={}, max_length=50)

    @model_validator(mode="after")
    def _says_something(self) -> Correction:
        if self.source is None and self.speaker is None and not self.translations:
            raise ValueError("a source, a speaker or a translation")
        return self


class VoiceDocument(BaseModel):
    name: str
    gender: str
    description: str
    licence: str


class VoiceOf(BaseModel):
    voice: str
    decided: bool = Field(description="By a person, not by the machine.")


class CharacterDocument(BaseModel):
    character: str = Field(examples=["c1"])
    name: str = Field(description="What people call it; empty if nobody has named it.")
    episodes: list[int] = Field(description="Where it appears, of the episodes heard so far.")
    pitch_hz: float = Field(description="Of its own voice; 0 if it is not known.")
    voices: dict[str, VoiceOf] = Field(description="language -> who speaks it")


class CastDocument(BaseModel):
    characters: list[CharacterDocument]
    choices: dict[str, list[VoiceDocument]] = Field(description="language -> voices to choose from")


class SpeakerOf(Sent):
    episode: int = Field(ge=1, le=100_000)
    speaker: SpeakerName


class Decision(Sent):
    name: (
        Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")] | None
    ) = Field(default=None, description="What reports call the character.")
    voices: dict[LanguageTag, Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,64}$")]] = (
        Field(default={}, max_length=50, description="language -> voice")
    )
    same_as: CharacterName | None = Field(
        default=None, description="The character that this one is too."
    )
    speakers: list[SpeakerOf] = Field(
        default=[], max_length=500, description="Who is this character, whatever was heard."
    )


class CastDecisions(Sent):
    """Who is who, how they are called and who speaks them. What is not given is left as it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"characters": {"c1": {"name": "Shen Qing", "voices": {"en": "kumo"}}}}]
        }
    )

    characters: dict[CharacterName, Decision] = Field(min_length=1, max_length=500)


class TermDocument(Sent):
    source: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
    language: LanguageTag
    target: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
    note: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] = ""


class Glossary(BaseModel):
    terms: list[TermDocument]


class NewGlossary(Sent):
    """A glossary that takes the place of the one there is: as rows, or as the text of a CSV file."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"terms": [{"source": "沈清", "language": "en", "target": "Shen Qing"}]}]
        }
    )

    terms: list[TermDocument] | None = Field(default=None, max_length=10_000)
    csv: Annotated[str, StringConstraints(max_length=2_000_000, pattern=NO_NUL)] | None = Field(
        default=None, description="With the header source,language,target,note."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> NewGlossary:
        if (self.terms is None) == (self.csv is None):
            raise ValueError("either terms or csv")
        return self
