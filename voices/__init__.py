"""The voices that lines are spoken with: a leaf that imports nothing of ours."""

from voices.bank import (
    CATALOGUE,
    Age,
    Consent,
    Energy,
    Gender,
    Voice,
    VoiceBank,
    VoiceError,
    recording_of,
    studio_folder,
)

__all__ = [
    "CATALOGUE",
    "Age",
    "Consent",
    "Energy",
    "Gender",
    "Voice",
    "VoiceBank",
    "VoiceError",
    "recording_of",
    "studio_folder",
]
