"""How a chat model is asked to translate a line of a series.

The examples are what makes a small model speak rather than write: on drama lines they are worth more
than any instruction (see `tests/benchmarks/bench_translation.py`). They also show the two wishes that a line
may come with, in brackets before it. All of this is the same for every line of a language pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dubbing.engines.llama import Message
from dubbing.engines.text_checks import base, scripts
from dubbing.model.episode import Term

VERSION = (
    3  # raised when the same request would be put in other words, or its answer judged otherwise
)

_NAMES: Mapping[str, str] = {
    "ar": "Modern Standard Arabic",
    "de": "German",
    "en": "English",
    "es": "Latin American Spanish",
    "es-ES": "European Spanish",
    "fr": "French",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "pt": "Brazilian Portuguese",
    "pt-PT": "European Portuguese",
    "th": "Thai",
    "vi": "Vietnamese",
    "zh": "Chinese",
}

# The same lines in all languages. The fourth has a name that the glossary gives, the last is to be short.
_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "zh": ("你怎么才来？", "妈，别说了。", "放心，我不会告诉任何人。", "周总，合同已经签好了。",
           "他根本就不爱你！", "这件事跟你没关系。", "你放心吧，这个秘密我一定会替你保守的。"),
    "en": ("What took you so long?", "Mom, stop it.", "Don't worry, I won't tell anyone.",
           "Mr. Zhou, the contract has been signed.", "He doesn't love you at all!",
           "This has nothing to do with you.", "I'll keep your secret."),
    "es": ("¿Por qué tardaste tanto?", "Mamá, ya basta.", "Tranquila, no se lo diré a nadie.",
           "Señor Zhou, el contrato ya está firmado.", "¡Él no te ama para nada!",
           "Esto no tiene nada que ver contigo.", "Guardaré tu secreto."),
    "pt": ("Por que você demorou tanto?", "Mãe, já chega.", "Fique tranquila, não vou contar a ninguém.",
           "Senhor Zhou, o contrato já foi assinado.", "Ele não te ama nem um pouco!",
           "Isso não tem nada a ver com você.", "Vou guardar o seu segredo."),
    "fr": ("Pourquoi tu as mis si longtemps ?", "Maman, arrête.", "T'inquiète, je ne le dirai à personne.",
           "Monsieur Zhou, le contrat est signé.", "Il ne t'aime pas du tout !",
           "Ça ne te regarde pas.", "Je garderai ton secret."),
    "de": ("Warum kommst du erst jetzt?", "Mama, hör auf.", "Keine Sorge, ich erzähle es niemandem.",
           "Herr Zhou, der Vertrag ist unterschrieben.", "Er liebt dich überhaupt nicht!",
           "Das geht dich nichts an.", "Ich bewahre dein Geheimnis."),
    "it": ("Perché ci hai messo tanto?", "Mamma, smettila.", "Tranquilla, non lo dirò a nessuno.",
           "Signor Zhou, il contratto è stato firmato.", "Lui non ti ama per niente!",
           "Questo non ti riguarda.", "Manterrò il tuo segreto."),
    "id": ("Kenapa kamu lama sekali?", "Ma, sudahlah.", "Tenang, aku tidak akan bilang siapa-siapa.",
           "Pak Zhou, kontraknya sudah ditandatangani.", "Dia sama sekali tidak mencintaimu!",
           "Ini tidak ada urusannya denganmu.", "Rahasiamu aman."),
    "vi": ("Sao giờ anh mới đến?", "Mẹ, đừng nói nữa.", "Yên tâm, tôi sẽ không nói với ai đâu.",
           "Giám đốc Chu, hợp đồng đã ký xong rồi.", "Anh ta không hề yêu cô!",
           "Chuyện này không liên quan đến anh.", "Tôi sẽ giữ bí mật."),
    "ja": ("どうしてこんなに遅いの？", "お母さん、もうやめて。", "安心して、誰にも言わないから。",
           "周社長、契約書にサインしました。", "彼はあなたを全然愛していない！",
           "これはあなたには関係ない。", "秘密は守る。"),
    "ko": ("왜 이제야 왔어?", "엄마, 그만해요.", "걱정 마, 아무한테도 말 안 할게.",
           "저우 대표님, 계약서에 서명했습니다.", "그는 널 전혀 사랑하지 않아!",
           "이 일은 너와 상관없어.", "비밀 지킬게."),
    "th": ("ทำไมเพิ่งมา", "แม่ พอเถอะ", "วางใจเถอะ ฉันจะไม่บอกใคร", "คุณโจว เซ็นสัญญาเรียบร้อยแล้วครับ",
           "เขาไม่ได้รักเธอเลย", "เรื่องนี้ไม่เกี่ยวกับเธอ", "ฉันจะเก็บเป็นความลับ"),
    "ar": ("لماذا تأخرت؟", "أمي، كفى.", "لا تقلق، لن أخبر أحدا.", "سيد تشو، لقد تم توقيع العقد.",
           "إنه لا يحبك أبدا!", "هذا الأمر لا يخصك.", "سأحفظ سرك."),
}  # fmt: skip
_NAMED, _SHORT = 3, 6  # which of the examples
_NAME: Mapping[str, str] = {
    "zh": "周总", "en": "Mr. Zhou", "es": "señor Zhou", "pt": "senhor Zhou", "fr": "monsieur Zhou",
    "de": "Herr Zhou", "it": "signor Zhou", "id": "Pak Zhou", "vi": "giám đốc Chu", "ja": "周社長",
    "ko": "저우 대표님", "th": "คุณโจว", "ar": "سيد تشو",
}  # fmt: skip

# Script -> its letters, marks and digits as ranges of a GBNF character class.
_RANGES: Mapping[str, str] = {
    "ARABIC": r"\u0600-\u06FF\u0750-\u077F",
    "HANGUL": r"\uAC00-\uD7A3",
    "THAI": r"\u0E00-\u0E7F",
}
_ANYWHERE = r" -~\u00A0-\u024F\u0300-\u036F\u1E00-\u1EFF\u2010-\u2027\u2030-\u205E\u20A0-\u20CF"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a line's translation has to heed."""

    terms: tuple[Term, ...] = ()
    max_chars: int | None = None
    faults: tuple[str, ...] = ()  # of the translation that was given before

    def __str__(self) -> str:
        said = [f"{term.source} = {term.target}" for term in self.terms]
        if self.max_chars is not None:
            said.append(f"at most {self.max_chars} characters")
        if self.faults:
            said.append(f"not as before: {', '.join(self.faults)}")
        return f"[{'; '.join(said)}]\n" if said else ""


def languages() -> frozenset[str]:
    """Those that can be asked for, as base tags."""
    return frozenset(_EXAMPLES)


def conversation(source: str, target: str) -> tuple[Message, ...]:
    """What comes before each line to be translated from a BCP-47 tag to another."""
    named = Term(_NAME[base(source)], target, _NAME[base(target)])
    pairs = list(zip(_EXAMPLES[base(source)], _EXAMPLES[base(target)], strict=True))
    wishes = [Wishes() for _ in pairs]
    wishes[_NAMED] = Wishes((named,))
    wishes[_SHORT] = Wishes(max_chars=len(pairs[_SHORT][1]))
    messages = [Message("system", _instruction(_name(source), _name(target)))]
    for wish, (line, translation) in zip(wishes, pairs, strict=True):
        messages += [Message("user", f"{wish}{line}"), Message("assistant", translation)]
    return tuple(messages)


def question(line: str, wishes: Wishes) -> str:
    """The message that asks for a line."""
    return f"{wishes}{line}"


def grammar(target: str) -> str:
    """GBNF of any text, not empty, in the target's script and Latin letters; "" where all is allowed."""
    own = scripts(target)
    if own & {"CJK"}:
        return ""
    letters = _ANYWHERE + "".join(_RANGES.get(script, "") for script in sorted(own))
    return rf"root ::= [{letters}] [{letters}\n]*"


def _name(language: str) -> str:
    return _NAMES.get(language) or _NAMES[base(language)]


def _instruction(source: str, target: str) -> str:
    return (
        f"You translate the dialogue of a drama series from {source} into {target}. Reply with the "
        f"translation of the user's line only: natural spoken {target}, as short as the original."
    )
