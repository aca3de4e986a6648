"""How a chat model is asked to translate a line of a series, and to say one in fewer words.

The examples are what makes a small model speak rather than write, and heed the glossary, which a line may
come with in brackets before it. A length it can't keep: told "at most 30 characters", it gives what it gave
before. Asked to shorten its own line, by example again, it does. All figures are printed by
`tests/benchmarks/bench_translation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dubbing.engines.translating.llama import Message
from dubbing.engines.translating.text_checks import scripts
from dubbing.model.episode import Term
from dubbing.model.language import base

# Raised when the same request would be put in other words, or its answer judged otherwise.
VERSION = 8

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
    "zh-Hant": "Chinese in traditional characters",
}

# The same lines in all languages. The fourth has a name that the glossary gives.
_EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "zh": ("你怎么才来？", "妈，别说了。", "放心，我不会告诉任何人。", "周总，合同已经签好了。",
           "他根本就不爱你！", "这件事跟你没关系。"),
    "en": ("What took you so long?", "Mom, stop it.", "Don't worry, I won't tell anyone.",
           "Mr. Zhou, the contract has been signed.", "He doesn't love you at all!",
           "This has nothing to do with you."),
    "es": ("¿Por qué tardaste tanto?", "Mamá, ya basta.", "Tranquila, no se lo diré a nadie.",
           "Señor Zhou, el contrato ya está firmado.", "¡Él no te ama para nada!",
           "Esto no tiene nada que ver contigo."),
    "pt": ("Por que você demorou tanto?", "Mãe, já chega.", "Fique tranquila, não vou contar a ninguém.",
           "Senhor Zhou, o contrato já foi assinado.", "Ele não te ama nem um pouco!",
           "Isso não tem nada a ver com você."),
    "fr": ("Pourquoi tu as mis si longtemps ?", "Maman, arrête.", "T'inquiète, je ne le dirai à personne.",
           "Monsieur Zhou, le contrat est signé.", "Il ne t'aime pas du tout !",
           "Ça ne te regarde pas."),
    "de": ("Warum kommst du erst jetzt?", "Mama, hör auf.", "Keine Sorge, ich erzähle es niemandem.",
           "Herr Zhou, der Vertrag ist unterschrieben.", "Er liebt dich überhaupt nicht!",
           "Das geht dich nichts an."),
    "it": ("Perché ci hai messo tanto?", "Mamma, smettila.", "Tranquilla, non lo dirò a nessuno.",
           "Signor Zhou, il contratto è stato firmato.", "Lui non ti ama per niente!",
           "Questo non ti riguarda."),
    "id": ("Kenapa kamu lama sekali?", "Ma, sudahlah.", "Tenang, aku tidak akan bilang siapa-siapa.",
           "Pak Zhou, kontraknya sudah ditandatangani.", "Dia sama sekali tidak mencintaimu!",
           "Ini tidak ada urusannya denganmu."),
    "vi": ("Sao giờ anh mới đến?", "Mẹ, đừng nói nữa.", "Yên tâm, tôi sẽ không nói với ai đâu.",
           "Giám đốc Chu, hợp đồng đã ký xong rồi.", "Anh ta không hề yêu cô!",
           "Chuyện này không liên quan đến anh."),
    "ja": ("どうしてこんなに遅いの？", "お母さん、もうやめて。", "安心して、誰にも言わないから。",
           "周社長、契約書にサインしました。", "彼はあなたを全然愛していない！",
           "これはあなたには関係ない。"),
    "ko": ("왜 이제야 왔어?", "엄마, 그만해요.", "걱정 마, 아무한테도 말 안 할게.",
           "저우 대표님, 계약서에 서명했습니다.", "그는 널 전혀 사랑하지 않아!",
           "이 일은 너와 상관없어."),
    "th": ("ทำไมเพิ่งมา", "แม่ พอเถอะ", "วางใจเถอะ ฉันจะไม่บอกใคร", "คุณโจว เซ็นสัญญาเรียบร้อยแล้วครับ",
           "เขาไม่ได้รักเธอเลย", "เรื่องนี้ไม่เกี่ยวกับเธอ"),
    "ar": ("لماذا تأخرت؟", "أمي، كفى.", "لا تقلق، لن أخبر أحدا.", "سيد تشو، لقد تم توقيع العقد.",
           "إنه لا يحبك أبدا!", "هذا الأمر لا يخصك."),
}  # fmt: skip
_NAMED = 3  # which of the examples
_NAME: Mapping[str, str] = {
    "zh": "周总", "en": "Mr. Zhou", "es": "señor Zhou", "pt": "senhor Zhou", "fr": "monsieur Zhou",
    "de": "Herr Zhou", "it": "signor Zhou", "id": "Pak Zhou", "vi": "giám đốc Chu", "ja": "周社長",
    "ko": "저우 대표님", "th": "คุณโจว", "ar": "سيد تشو",
}  # fmt: skip

# Lines, and the same in two thirds of the words.
_SHORTENED: Mapping[str, tuple[tuple[str, str], ...]] = {
    "en": (
        ("It seems to me that you don't understand what is going on.", "You don't understand what's going on."),
        ("I really don't want to talk about this with you anymore.", "I don't want to talk about this."),
        ("Mr. Zhou, please give me one more chance to explain it.", "Mr. Zhou, let me explain it."),
        ("Why did you suddenly come here so late at night?", "Why did you come here so late?"),
        ("From now on, I will be the one who runs the company.", "From now on, I run the company."),
    ),
    "es": (
        ("Me parece que tú no entiendes lo que está pasando.", "No entiendes lo que pasa."),
        ("La verdad es que ya no quiero hablar más de esto contigo.", "Ya no quiero hablar de esto."),
        ("Señor Zhou, por favor deme una oportunidad más de explicarlo.", "Señor Zhou, déjeme explicarlo."),
        ("¿Por qué viniste aquí de repente tan tarde en la noche?", "¿Por qué viniste tan tarde?"),
        ("De ahora en adelante, seré yo quien dirija la empresa.", "Desde ahora dirijo yo la empresa."),
    ),
    "pt": (
        ("Me parece que você não entende o que está acontecendo.", "Você não entende o que acontece."),
        ("Na verdade, eu não quero mais falar sobre isso com você.", "Não quero mais falar disso."),
        ("Senhor Zhou, por favor me dê mais uma chance de explicar.", "Senhor Zhou, me deixe explicar."),
        ("Por que você veio aqui de repente tão tarde da noite?", "Por que você veio tão tarde?"),
        ("De agora em diante, serei eu quem vai dirigir a empresa.", "Agora quem dirige a empresa sou eu."),
    ),
    "fr": (
        ("Il me semble que tu ne comprends pas ce qui est en train de se passer.", "Tu ne comprends pas ce qui se passe."),
        ("Vraiment, je n'ai plus envie de parler de ça avec toi.", "Je ne veux plus en parler."),
        ("Monsieur Zhou, donnez-moi encore une chance de m'expliquer, s'il vous plaît.", "Monsieur Zhou, laissez-moi m'expliquer."),
        ("Pourquoi es-tu venu ici tout d'un coup si tard dans la nuit ?", "Pourquoi es-tu venu si tard ?"),
        ("À partir de maintenant, c'est moi qui vais diriger l'entreprise.", "Désormais, je dirige l'entreprise."),
    ),
    "de": (
        ("Mir scheint, du verstehst überhaupt nicht, was hier gerade vor sich geht.", "Du verstehst nicht, was hier passiert."),
        ("Ich möchte wirklich nicht mehr mit dir darüber reden.", "Ich will nicht mehr darüber reden."),
        ("Herr Zhou, bitte geben Sie mir noch eine Chance, es zu erklären.", "Herr Zhou, lassen Sie mich erklären."),
        ("Warum bist du so spät in der Nacht plötzlich hierhergekommen?", "Warum kommst du so spät?"),
        ("Von jetzt an werde ich derjenige sein, der die Firma leitet.", "Ab jetzt leite ich die Firma."),
    ),
    "it": (
        ("Mi sembra che tu non capisca quello che sta succedendo.", "Non capisci cosa succede."),
        ("Davvero, non voglio più parlare di questa cosa con te.", "Non voglio più parlarne."),
        ("Signor Zhou, per favore, mi dia un'altra possibilità di spiegare.", "Signor Zhou, mi lasci spiegare."),
        ("Perché sei venuto qui all'improvviso così tardi di notte?", "Perché sei venuto così tardi?"),
        ("D'ora in poi sarò io quello che dirige l'azienda.", "D'ora in poi dirigo io l'azienda."),
    ),
    "id": (
        ("Sepertinya kamu tidak mengerti apa yang sedang terjadi di sini.", "Kamu tidak mengerti apa yang terjadi."),
        ("Aku benar-benar tidak mau membicarakan hal ini lagi denganmu.", "Aku tidak mau membicarakannya lagi."),
        ("Pak Zhou, tolong beri saya satu kesempatan lagi untuk menjelaskan.", "Pak Zhou, biar saya jelaskan."),
        ("Kenapa kamu tiba-tiba datang ke sini larut malam begini?", "Kenapa datang selarut ini?"),
        ("Mulai sekarang, akulah yang akan memimpin perusahaan ini.", "Sekarang aku yang pimpin perusahaan."),
    ),
    "vi": (
        ("Hình như anh không hiểu chuyện gì đang xảy ra ở đây.", "Anh không hiểu chuyện gì đang xảy ra."),
        ("Thật sự tôi không muốn nói về chuyện này với anh nữa.", "Tôi không muốn nói chuyện này nữa."),
        ("Giám đốc Chu, xin hãy cho tôi thêm một cơ hội để giải thích.", "Giám đốc Chu, để tôi giải thích."),
        ("Tại sao anh lại đột nhiên đến đây vào lúc đêm khuya thế này?", "Sao anh đến muộn thế?"),
        ("Từ bây giờ trở đi, tôi sẽ là người điều hành công ty.", "Từ giờ tôi điều hành công ty."),
    ),
}  # fmt: skip

# Script -> its letters, marks and digits as ranges of a GBNF character class.
_RANGES: Mapping[str, str] = {
    "ARABIC": r"\u0600-\u06FF\u0750-\u077F",
    "HANGUL": r"\uAC00-\uD7A3",
    "THAI": r"\u0E00-\u0E7F",
}
_ANYWHERE = r" -~\u00A0-\u024F\u0300-\u036F\u1E00-\u1EFF\u2010-\u2027\u2030-\u205E\u20A0-\u20CF"


def languages() -> frozenset[str]:
    """Those that can be asked for, as base tags."""
    return frozenset(_EXAMPLES)


def conversation(source: str, target: str) -> tuple[Message, ...]:
    """What comes before each line to be translated from a BCP-47 tag to another."""
    named = Term(_NAME[base(source)], target, _NAME[base(target)])
    pairs = list(zip(_EXAMPLES[base(source)], _EXAMPLES[base(target)], strict=True))
    messages = [Message("system", _instruction(language_name(source), language_name(target)))]
    for number, (line, translation) in enumerate(pairs):
        asked = question(line, (named,) if number == _NAMED else ())
        messages += [Message("user", asked), Message("assistant", translation)]
    return tuple(messages)


def question(line: str, terms: Sequence[Term] = (), faults: Sequence[str] = ()) -> str:
    """The message that asks for a line; `faults` are those of the translation that was given before."""
    said = [f"{term.source} = {term.target}" for term in terms]
    if faults:
        said.append(f"not as before: {', '.join(faults)}")
    return f"[{'; '.join(said)}]\n{line}" if said else line


def shortening(language: str) -> tuple[Message, ...]:
    """What comes before each line to be said in fewer words; nothing where no examples are known."""
    examples = _SHORTENED.get(base(language), ())
    if not examples:
        return ()
    system = (
        f"You shorten lines of a drama series in {language_name(language)}. "
        "Reply with a shorter line that means the same."
    )
    messages = [Message("system", system)]
    for line, shorter in examples:
        messages += [Message("user", line), Message("assistant", shorter)]
    return tuple(messages)


def grammar(target: str) -> str:
    """GBNF of any text, not empty, in the target's script and Latin letters; "" where all is allowed."""
    own = scripts(target)
    if own & {"CJK"}:
        return ""
    letters = _ANYWHERE + "".join(_RANGES.get(script, "") for script in sorted(own))
    return rf"root ::= [{letters}] [{letters}\n]*"


def language_name(language: str) -> str:
    """A language (BCP-47) as a model is told of it."""
    return _NAMES.get(language) or _NAMES[base(language)]


def _instruction(source: str, target: str) -> str:
    return (
        f"You translate the dialogue of a drama series from {source} into {target}. Reply with the "
        f"translation of the user's line only: natural spoken {target}, as short as the original."
    )
