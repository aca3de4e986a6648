"""What the voices are worth: words heard back, pitch, and speed.

    python tests/benchmarks/bench_voices.py [--languages en,es,pt-BR,it,id,zh] [--voices kumo,alpha]

A transcriber listens to a few lines in each language by each voice: WER, or CER where no spaces are written.
The voices of a stand-in take turns. Pitch is the median over all that a voice said, and how many semitones it
goes up and down.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import cycle

import jiwer

from dubbing.engines.ports import Synthesizer
from dubbing.engines.synthesizing.espeak import EspeakSynthesizer
from dubbing.engines.synthesizing.kokoro import KokoroSynthesizer
from dubbing.engines.transcribing.faster_whisper import FasterWhisper
from dubbing.media.dsp import median_pitch_hz, pitch_range_st
from dubbing.media.sound import resample
from dubbing.media.takes import join, trim
from dubbing.model.audio import SPEECH_RATE_HZ, Audio
from voices import Voice, VoiceBank

LINES = {
    "ar": ["لماذا عدت إلى هذا البيت بعد كل هذه السنوات؟", "لا أريد أن أراك مرة أخرى أبدا."],
    "de": ["Warum bist du nach all den Jahren zurückgekommen?", "Ich will dich nie wieder sehen."],
    "en": [
        "Why did you come back after all these years?",
        "I never want to see you in this house again.",
        "She is my sister, and this ring belonged to our mother.",
    ],
    "es": [
        "¿Por qué volviste después de tantos años?",
        "No quiero volver a verte nunca más en esta casa.",
        "Ella es mi hermana y este anillo era de nuestra madre.",
    ],
    "fr": ["Pourquoi es-tu revenu après toutes ces années ?", "Je ne veux plus jamais te revoir."],
    "hi": ["तुम इतने सालों बाद वापस क्यों आए?", "मैं तुम्हें फिर कभी नहीं देखना चाहती।"],
    "id": [
        "Mengapa kamu kembali setelah bertahun-tahun?",
        "Aku tidak mau melihatmu lagi di rumah ini.",
        "Dia adalah saudaraku, dan cincin ini milik ibu kami.",
    ],
    "it": [
        "Perché sei tornato dopo tutti questi anni?",
        "Non voglio vederti mai più in questa casa.",
        "Lei è mia sorella e questo anello era di nostra madre.",
    ],
    "ko": ["왜 이제야 돌아왔어요?", "다시는 당신을 보고 싶지 않아요."],
    "pt-BR": [
        "Por que você voltou depois de tantos anos?",
        "Eu nunca mais quero ver você nesta casa.",
        "Ela é minha irmã e este anel era da nossa mãe.",
    ],
    "ru": ["Почему ты вернулся после стольких лет?", "Я больше никогда не хочу тебя видеть."],
    "th": ["ทำไมคุณถึงกลับมาหลังจากหลายปี", "ฉันไม่อยากเจอคุณอีกแล้ว"],
    "tr": ["Bunca yıldan sonra neden geri döndün?", "Seni bir daha asla görmek istemiyorum."],
    "vi": ["Tại sao anh lại quay về sau bao nhiêu năm?", "Tôi không muốn gặp lại anh nữa."],
    "zh": [
        "你为什么现在才回来？",
        "我再也不想看见你了。",
        "她是我的妹妹，这个戒指是妈妈留下来的。",
    ],
}
_WRITTEN_WITHOUT_SPACES = {"zh", "th", "ko"}  # Korean has some, but not everybody agrees where


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--languages", default=",".join(LINES))
    options.add_argument("--voices", default="")
    arguments = options.parse_args()
    languages = arguments.languages.split(",")
    wanted = set(filter(None, arguments.voices.split(",")))
    with KokoroSynthesizer() as kokoro, EspeakSynthesizer() as espeak, FasterWhisper() as listener:
        for engine in (kokoro, espeak):
            bench(engine, listener, languages, wanted)


def bench(
    engine: Synthesizer, listener: FasterWhisper, languages: list[str], wanted: set[str]
) -> None:
    family = engine.info.name.partition(":")[0]
    voices = [
        v for v in VoiceBank.shipped() if v.engine == family and (not wanted or v.name in wanted)
    ]
    spoken: dict[str, list[Audio]] = defaultdict(list)
    errors: dict[str, list[float]] = defaultdict(list)
    busy_s = spoken_s = 0.0
    print(f"\n{engine.info.name}: errors when {listener.info.name} listens, by language and voice")
    for language, voice, line in _programme(engine, voices, languages):
        started_s = time.perf_counter()
        take = engine.synthesize(line, language, voice.engine_voice, 1.0)
        busy_s += time.perf_counter() - started_s
        spoken_s += take.duration_ms / 1000
        spoken[voice.name].append(trim(take))
        error = heard_errors(listener, take, line, language)
        errors[language].append(error)
        errors[voice.name].append(error)
        if error > 0.3:
            print(f"  {language} {voice.name}: {error:.2f} in {line!r}")
    for name, found in errors.items():
        pitch = ""
        if name in spoken:
            said = join(spoken[name], 200)
            pitch = f"  {median_pitch_hz(said):4.0f} Hz {pitch_range_st(said):4.1f} st"
        print(f"{name:14} {sum(found) / len(found):.3f} of {len(found)} lines{pitch}")
    print(
        f"real-time factor {busy_s / max(spoken_s, 1e-9):.3f} on one thread ({spoken_s:.0f} s spoken)"
    )
    sys.stdout.flush()


def _programme(
    engine: Synthesizer, voices: list[Voice], languages: list[str]
) -> Iterator[tuple[str, Voice, str]]:
    """Who says what: every voice says every line of a language, but those of a stand-in take turns."""
    for language in languages:
        if not voices or language not in LINES or not engine.info.covers(language):
            continue
        lines = LINES[language]
        if engine.info.stand_in:
            yield from ((language, v, line) for v, line in zip(cycle(voices), lines, strict=False))
        else:
            yield from ((language, voice, line) for voice in voices for line in lines)
    if engine.info.stand_in and "en" in languages:
        yield from (("en", voice, LINES["en"][0]) for voice in voices)  # for the pitch of each


def heard_errors(listener: FasterWhisper, take: Audio, line: str, language: str) -> float:
    """The share of words heard wrongly (characters where no spaces are written)."""
    base = language.split("-")[0]
    words = [word.text for word in listener.transcribe(resample(take, SPEECH_RATE_HZ), base).words]
    if base in _WRITTEN_WITHOUT_SPACES:
        return float(
            jiwer.cer(_plain(line).replace(" ", ""), _plain("".join(words)).replace(" ", ""))
        )
    return float(jiwer.wer(_plain(line), _plain(" ".join(words))))


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"[^\w\s]", " ", text.lower())).strip()


if __name__ == "__main__":
    main()
