"""The voices that lines are spoken with: a leaf that imports nothing of ours."""

from voices.bank import Consent, Gender, Voice, VoiceBank, VoiceError

__all__ = ["Consent", "Gender", "Voice", "VoiceBank", "VoiceError"]
