"""The voice bank: strict about its catalogue, and a shipped catalogue that casting can work with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from dubbing.engines.synthesizing.espeak import VARIANTS
from dubbing.engines.synthesizing.kokoro import parse_blend
from voices import Age, Energy, Gender, Voice, VoiceBank, VoiceError, recording_of

_ENTRY = """
[kumo]
engine = "kokoro"
engine_voice = "kumo"
gender = "male"
pitch_hz = 95.0
licence = "Apache-2.0"
"""


def test_an_entry_is_read_in_full() -> None:
    text = _ENTRY + 'languages = ["en", "pt"]\ndescription = "Deep."\nrevision = "2"\n'
    text += 'age = "old"\npitch_range_st = 4\n'
    text += '[kumo.consent]\nperson = "A. Person"\npurpose = "dubbing"\nuntil = 2030-01-31\n'
    (voice,) = VoiceBank.parse(text)
    assert (voice.name, voice.gender, voice.revision) == ("kumo", Gender.MALE, "2")
    assert (voice.age, voice.pitch_range_st, voice.energy) == (Age.OLD, 4.0, Energy.CALM)
    assert voice.consent is not None
    assert voice.consent.until == date(2030, 1, 31)
    assert voice.speaks("pt-BR")
    assert not voice.speaks("es-419")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (_ENTRY + 'pitch = "low"\n', "pitch"),
        (_ENTRY.replace('licence = "Apache-2.0"\n', ""), "licence"),
        (_ENTRY.replace('gender = "male"\n', ""), "gender"),
        (_ENTRY.replace('"male"', '"robot"'), "robot"),
        (_ENTRY + 'age = "ancient"\n', "kumo.*ancient"),
        (_ENTRY + 'pitch_range_st = "wide"\n', "kumo.*wide"),
        (_ENTRY + '[kumo.consent]\nperson = "A. Person"\n', "purpose"),
        ('kumo = "a voice"\n', "kumo"),
        (_ENTRY.replace("95.0", '"low"'), "kumo.*low"),
        (_ENTRY + _ENTRY, "not TOML"),
        ("[kumo\n", "TOML"),
    ],
)
def test_a_catalogue_at_fault_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(VoiceError, match=named):
        VoiceBank.parse(text)


@pytest.mark.parametrize(
    ("range_st", "energy"),
    [(None, None), (6.1, Energy.CALM), (8.3, Energy.EVEN), (10.4, Energy.LIVELY)],
)
def test_what_goes_up_and_down_is_lively(range_st: float | None, energy: Energy | None) -> None:
    voice = replace(VoiceBank.parse(_ENTRY).get("kumo"), pitch_range_st=range_st)
    assert voice.energy is energy


def test_two_voices_of_one_name_are_refused() -> None:
    voice = Voice("kumo", "kokoro", "kumo", (), Gender.MALE, 95.0, "Apache-2.0")
    with pytest.raises(VoiceError, match="kumo"):
        VoiceBank([voice, voice])


def test_an_unknown_voice_is_refused_with_those_there_are() -> None:
    with pytest.raises(VoiceError, match=r"nobody.*there are kumo"):
        VoiceBank.parse(_ENTRY).get("nobody")


def test_voices_are_found_by_language_and_engine_in_catalogue_order() -> None:
    other = _ENTRY.replace("[kumo]", "[ame]") + 'languages = ["ja"]\n'
    robot = _ENTRY.replace("[kumo]", "[robot]").replace('engine = "kokoro"', 'engine = "espeak-ng"')
    bank = VoiceBank.parse(_ENTRY + other + robot)
    assert [v.name for v in bank.speaking("ja", "kokoro")] == ["kumo", "ame"]
    assert [v.name for v in bank.speaking("es-419", "kokoro")] == ["kumo"]
    assert [v.name for v in bank.speaking("es-419", "espeak-ng")] == ["robot"]
    assert bank.speaking("es-419", "xtts") == []


@pytest.mark.parametrize("language", ["en", "es-419", "pt-BR", "it", "id", "zh"])
def test_the_shipped_catalogue_can_cast_a_family(language: str) -> None:
    voices = VoiceBank.shipped().speaking(language, "kokoro")
    assert len(voices) >= 6
    for gender in Gender:
        assert sum(voice.gender is gender for voice in voices) >= 3


def test_shipped_voices_are_their_engines_own_and_each_is_another() -> None:
    bank = VoiceBank.shipped()
    for voice in bank:
        assert voice.description
        assert 60 < voice.pitch_hz < 400
        if voice.engine == "kokoro":
            assert sum(parse_blend(voice.engine_voice).values()) == pytest.approx(1)
            assert voice.licence == "Apache-2.0"
            assert voice.age is not None
            assert voice.energy is not None
        elif voice.engine == "mms" and voice.engine_voice != "own":
            family, _, like = voice.engine_voice.partition("/")
            assert family == "kokoro"
            assert voice.name.removeprefix("mms-") in {
                v.name for v in bank if v.engine_voice == like
            }
        elif voice.engine == "espeak-ng":
            assert voice.engine_voice in VARIANTS
    assert len({(v.engine, v.engine_voice) for v in bank}) == len(list(bank))


_CLONE = """
[li-wei]
engine = "xtts"
engine_voice = ""
gender = "male"
pitch_hz = 130.0
licence = "LicenseRef-Consent"
reference = "li-wei.wav"
reference_sha256 = "{sha256}"
"""
_CONSENT = '[li-wei.consent]\nperson = "Li Wei"\npurpose = "dubbing"\nuntil = 2030-01-31\n'


def test_nobody_is_cloned_without_consent_or_after_its_last_day() -> None:
    (without,) = VoiceBank.parse(_CLONE)
    assert "no record" in without.refusal(date(2026, 1, 1))
    bank = VoiceBank.parse(_CLONE + _CONSENT)
    (voice,) = bank
    assert voice.refusal(date(2030, 1, 31)) == ""
    assert "Li Wei's consent ended on 2030-01-31" in voice.refusal(date(2030, 2, 1))
    assert bank.speaking("en", "xtts", date(2030, 1, 31)) == [voice]
    assert bank.speaking("en", "xtts", date(2030, 2, 1)) == []


def test_a_studio_has_voices_beside_those_that_are_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUBBING_VOICES", str(tmp_path))
    assert [*VoiceBank.here()] == [*VoiceBank.shipped()]
    sha256 = hashlib.sha256(b"speech").hexdigest()
    (tmp_path / "catalogue.toml").write_text(_CLONE.format(sha256=sha256) + _CONSENT)
    voice = VoiceBank.here().get("li-wei")
    with pytest.raises(VoiceError, match="no recording"):
        recording_of(voice)
    (tmp_path / "li-wei.wav").write_bytes(b"speech")
    assert recording_of(voice) == tmp_path / "li-wei.wav"
    (tmp_path / "li-wei.wav").write_bytes(b"another")
    with pytest.raises(VoiceError, match="another recording"):
        recording_of(voice)
    with pytest.raises(VoiceError, match="no recording"):
        recording_of(replace(voice, reference="../elsewhere.wav"))
