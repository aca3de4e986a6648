"""MMS by Meta: one small VITS per language, including languages that larger models don't speak. Needs torch.

Each model has one voice. FreeVC turns what it says into the voice of a recording: what is said, how long it
takes and how it is stressed stay MMS's, the timbre becomes that of the recording. Without a person's voice,
Kokoro's voices are used: they are nobody's.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import unicodedata
from collections import OrderedDict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from filelock import FileLock

from dubbing.engines import devices
from dubbing.engines.devices import Device
from dubbing.engines.hub import HubModel, tensors_only
from dubbing.engines.pieces import pieces
from dubbing.engines.ports import EngineInfo, Port
from dubbing.engines.synthesizing import freevc, spoken
from dubbing.engines.synthesizing.kokoro import KokoroSynthesizer
from dubbing.engines.torch_engine import TorchEngine
from dubbing.engines.weights import cache_folder, version_of
from dubbing.errors import Rejected
from dubbing.media import sound
from dubbing.model.audio import Audio

_CODE_VERSION = 2
# Of configs/languages those that MMS has, but Korean: its model reads romanized text, and XTTS reads Hangul.
_CODES = {
    "ar": "ara", "de": "deu", "en": "eng", "es": "spa", "fr": "fra", "id": "ind", "pt": "por",
    "th": "tha", "vi": "vie",
}  # fmt: skip
MODELS: dict[str, HubModel] = {
    "tts": HubModel(
        "facebook/mms-tts",
        "44cc7fb408064ef9ea6e7c59130d88cac1274671",
        dict.fromkeys(
            f"models/{code}/{file}"
            for code in _CODES.values()
            for file in ("G_100000.pth", "config.json", "vocab.txt")
        )
        | freevc.FILES,
        1_310_000_000 + freevc.BYTES,
        freevc.URLS,
    ),
}
_OWN = "own"  # the voice that each model has
# All sounds of English, for the voices of Kokoro: five seconds.
_SAMPLE = "The beige hue on the waters of the loch impressed all, including the French queen, before she heard that symphony again."
_MIN_SPEED, _MAX_SPEED = 0.5, 2.0
_NOTHING_MS = 200  # the silence that stands for a text without words
_BREATH_MS = 150  # between sentences: the models know no full stop
_SENTENCE = re.compile(r"(?<=[.!?…؟])\s+")
_LONGEST_PIECE_CHARS = 200
_KEPT = 3  # models of languages: a worker speaks one or two at a time
_NOISE_OF_LENGTHS = 0.8  # as Meta's own code has it


class MmsSynthesizer(TorchEngine[Path]):
    """Speaks with a model's own voice, or with that of a recording.

    What is heard in a recording is computed once and kept. Calls from several threads take turns.
    """

    def __init__(self, model: str = "tts") -> None:
        super().__init__(f"mms:{model}", MODELS[model])
        self._speakers: OrderedDict[str, _Speaker] = OrderedDict()
        self._converter: freevc.Converter | None = None
        self._lock = threading.Lock()  # torch's seed is the process's, and is set for each line

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name=self._name,
            port=Port.SYNTHESIZER,
            revision=f"{self._published().mark} code {_CODE_VERSION} {freevc.MARK} "
            f"coqui-tts {version_of('coqui-tts')} like kokoro {KokoroSynthesizer().info.revision}",
            languages=frozenset(_CODES),
            licence="CC-BY-NC-4.0",
            commercial=False,
            distributions=("coqui-tts", "torch", "torchaudio"),
            memory_mb=_KEPT * 160 + freevc.memory_mb(),
            note="One voice a language, which FreeVC turns into that of a recording: voices need the consent "
            "of who they are. It reads the letters of its language and no others.",
        )

    def _load(self, device: Device) -> Path:  # noqa: ARG002
        return self.folder  # languages are loaded when they are first spoken

    def _forget(self) -> None:
        self._converter = None
        self._speakers.clear()

    def synthesize(self, text: str, language: str, voice: str, speed: float) -> Audio:
        """The text spoken: mono, at 16 kHz in a model's own voice, at 24 kHz in another. A text without
        letters of the language gives 200 ms of silence.

        `voice` is the path of a recording of at least three seconds, `kokoro/` with one of Kokoro's voices, or
        `own`. `speed` from 0.5 to 2.0 is honest. Raises Rejected for a language or a voice there isn't, ValueError for a speed out of range.
        """
        if not _MIN_SPEED <= speed <= _MAX_SPEED:
            raise ValueError(f"speed {speed} is not between {_MIN_SPEED} and {_MAX_SPEED}")
        base = language.split("-")[0]
        if base not in _CODES:
            raise Rejected(
                "language",
                found=repr(language),
                expected=f"one that {self._name} speaks: {', '.join(sorted(_CODES))}",
                remedy="Name another synthesizer in the profile for this language.",
            )
        recording = _recording(voice)
        device = self.device
        words = spoken.spoken(text, language)
        with self._lock:
            speaker = self._speaker(base)
            said_as = [
                letters
                for sentence in _SENTENCE.split(words)
                for piece in pieces(sentence, _LONGEST_PIECE_CHARS)
                if (letters := speaker.letters(piece, base))
            ]
            if not said_as:
                rate_hz = speaker.rate_hz if recording is None else freevc.RATE_HZ
                return Audio.silence(rate_hz * _NOTHING_MS // 1000, 1, rate_hz)
            breath = np.zeros(round(speaker.rate_hz * _BREATH_MS / 1000 / speed), np.float32)
            said = [breath]
            for piece in said_as:
                devices.seed_torch(f"{piece}\0{base}")
                said += [speaker.say(piece, speed, device), breath]
            made = Audio.of_mono(np.concatenate(said[1:-1]), speaker.rate_hz)
            if recording is not None:
                made = self._as_heard_in(recording, made)
        return Audio.of_mono(np.clip(made.mono(), -1.0, 1.0).astype(np.float32), made.rate_hz)

    def _speaker(self, base: str) -> _Speaker:
        if base not in self._speakers:
            if len(self._speakers) >= _KEPT:
                self._speakers.popitem(last=False)
                self.device.clear()
            folder = self.network / "models" / _CODES[base]
            self._speakers[base] = _Speaker(folder, self._name, self.device)
        self._speakers.move_to_end(base)
        return self._speakers[base]

    def _as_heard_in(self, recording: Path, said: Audio) -> Audio:
        if self._converter is None:
            self._converter = freevc.Converter(self.network, self._name, self.device)
        return self._converter.convert(said, recording)


def _recording(voice: str) -> Path | None:
    """What a voice is heard in; None for the model's own. Raises Rejected."""
    if voice == _OWN:
        return None
    family, _, name = voice.partition("/")
    if family == "kokoro":
        return _spoken_by_kokoro(name)
    if not voice or not Path(voice).is_file():
        raise Rejected(
            "voice",
            found=repr(voice),
            expected=f"a recording, kokoro/ and one of its voices, or {_OWN}",
            remedy="Choose a voice of the bank: dub voices list shows them.",
        )
    return Path(voice)


def _spoken_by_kokoro(name: str) -> Path:
    """A recording of one of Kokoro's voices, made once. Raises Rejected for one that it hasn't."""
    kokoro = KokoroSynthesizer()
    of = hashlib.sha256(f"{kokoro.info.revision}\0{name}\0{_SAMPLE}".encode()).hexdigest()[:16]
    folder = cache_folder() / "models" / "like-kokoro"
    path = folder / f"{of}.wav"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{of}.lock"):
        if not path.is_file():
            with kokoro:
                said = kokoro.synthesize(_SAMPLE, "en", name, 1.0)
            partial = path.with_suffix(".part")
            sound.write(partial, said)
            partial.replace(path)
    return path


class _Speaker:
    """The model of one language."""

    def __init__(self, folder: Path, engine: str, device: Device) -> None:
        from TTS.tts.configs.vits_config import VitsConfig
        from TTS.tts.models.vits import Vits, VitsArgs

        published = json.loads((folder / "config.json").read_text("utf-8"))
        if str(published["data"]["training_files"]).endswith("uroman"):
            raise Rejected(
                f"{engine}, {folder.name}",
                found="a model that reads romanized text",
                expected="one that reads the language's own letters",
                remedy="Name another synthesizer in the profile for this language.",
            )
        size = published["model"]
        config = VitsConfig(
            model_args=VitsArgs(
                hidden_channels=size["hidden_channels"],
                hidden_channels_ffn_text_encoder=size["filter_channels"],
                num_heads_text_encoder=size["n_heads"],
                num_layers_text_encoder=size["n_layers"],
                kernel_size_text_encoder=size["kernel_size"],
                resblock_type_decoder=size["resblock"],
                resblock_kernel_sizes_decoder=size["resblock_kernel_sizes"],
                resblock_dilation_sizes_decoder=size["resblock_dilation_sizes"],
                upsample_rates_decoder=size["upsample_rates"],
                upsample_kernel_sizes_decoder=size["upsample_kernel_sizes"],
                upsample_initial_channel_decoder=size["upsample_initial_channel"],
                inference_noise_scale_dp=_NOISE_OF_LENGTHS,
                init_discriminator=False,
            )
        )
        model = Vits(config)
        with tensors_only(folder / "G_100000.pth", engine):
            model.load_fairseq_checkpoint(config, folder / "G_100000.pth", eval=True)
        self.rate_hz = int(model.config.audio.sample_rate)
        self._model = model.to(device.name)
        self._known = set(model.tokenizer.characters.vocab) - {" "}

    def letters(self, text: str, base: str) -> str:
        """The text in letters that the model knows: numbers in words, accents off those that it lacks. Empty
        if it knows none of them."""
        from num2words import num2words

        text = re.sub(r"\d+", lambda m: f" {num2words(int(m[0]), lang=base)} ", text).lower()
        known = "".join(
            "".join(c if c in self._known else " " for c in self._read(character))
            for character in text
        )
        known = " ".join(known.split())
        return known if any(map(str.isalpha, known)) else ""

    def _read(self, character: str) -> str:
        if character in self._known:
            return character
        plain = unicodedata.normalize("NFKD", character)
        return "".join(c for c in plain if not unicodedata.combining(c))

    def say(self, text: str, speed: float, device: Device) -> npt.NDArray[np.float32]:
        """The text at a speed: mono at `rate_hz`."""
        import torch

        tokens = torch.tensor([self._model.tokenizer.text_to_ids(text)], device=device.name)
        with torch.inference_mode():
            made = self._model.inference(tokens)
            if speed != 1.0:
                # Its own way rounds each sound's length up, and is not as fast as it was asked to be.
                ends = torch.round(torch.cumsum(made["durations"][:, 0], 1) / speed)
                lengths = torch.diff(ends, prepend=torch.zeros_like(ends[:, :1]))
                made = self._model.inference(tokens, {"durations": lengths})
        return np.asarray(made["model_outputs"][0, 0].float().cpu(), np.float32)
