"""Whether the people of a series keep their names: found over all its lines, and written one way.

A small script of six episodes with ten people, some of them called by short forms, is translated by the translators of the profile
`local`, once told of the names that the first pass finds, and once not. Run it from the root of the checkout:
python tests/benchmarks/bench_names.py
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dubbing.engines.ports import TranslationRequest
from dubbing.engines.registry import Engines
from dubbing.engines.translating.glossary import held
from dubbing.engines.translating.routes import best_route, translate_along
from dubbing.engines.translating.text_checks import missing_terms
from dubbing.model.episode import Term
from dubbing.model.series import Name, Place
from dubbing.planning.config import load_profile
from dubbing.stages.names import names_in

_PEOPLE = {
    "沈砚秋", "顾承泽", "林婉清", "霍霆琛", "苏念安", "陆景行", "江晚晚", "欧阳若雪", "周启明", "赵小曼",
}  # fmt: skip
_EPISODES = (
    ("沈砚秋，你终于回来了。", "顾承泽，我不是为你回来的。", "砚秋，你听我解释。", "林婉清才是你的未婚妻。", "承泽，妈妈在等你。",
     "婉清，别闹了。", "小沈，合同带来了吗？"),
    ("霍霆琛，你放开她！", "苏念安已经走了。", "念安不会原谅你的。", "霆琛，你冷静一点。", "我只认苏念安一个人。"),
    ("陆景行答应我了。", "景行，你骗我！", "江晚晚，滚出去！", "是江晚晚推的她。", "沈砚秋都看见了。"),
    ("欧阳若雪到底是谁？", "若雪是我妹妹。", "周启明，你被开除了。", "启明，把门关上。", "欧阳若雪，你敢？"),
    ("赵小曼是我女朋友。", "老顾，别喝了。", "顾承泽喝醉了。", "去叫周启明过来。", "霍霆琛在楼下等你。"),
    ("林婉清，你输了。", "沈砚秋和顾承泽要结婚了。", "念安，别哭。", "陆景行昨天出国了。", "赵小曼怀孕了。"),
)  # fmt: skip


def main() -> None:
    said = {
        Place(episode, line): text
        for episode, texts in enumerate(_EPISODES, start=1)
        for line, text in enumerate(texts, start=1)
    }
    names = names_in(said)
    found = {name.source for name in names}
    print(
        f"{len(said)} lines, {len(_PEOPLE)} people: {len(found & _PEOPLE)} found, {len(found - _PEOPLE)} that are none {sorted(found - _PEOPLE)}, missed {sorted(_PEOPLE - found)}"
    )
    profile = load_profile("local")
    with Engines() as engines:
        pairs = {name: engines.pairs(name) for name in profile.translators}
        for language in ("en", "es-419"):
            route = best_route(pairs, "zh", language)
            assert route is not None
            target = route[-1].target
            terms = [Term(f, target, latin) for name in names for f, latin in name.forms.items()]
            for told in (False, True):
                requests = [
                    TranslationRequest(text, held(text, terms) if told else ())
                    for text in said.values()
                ]
                texts = [one.text for one in translate_along(engines, route, requests)]
                _tell(
                    language,
                    told,
                    names,
                    terms,
                    {p: (said[p], t) for p, t in zip(said, texts, strict=True)},
                )


def _tell(
    language: str,
    told: bool,
    names: Sequence[Name],
    terms: Sequence[Term],
    lines: Mapping[Place, tuple[str, str]],
) -> None:
    otherwise: dict[str, list[str]] = defaultdict(list)
    places = 0
    for name in names:
        for place in name.places:
            text, translated = lines[place]
            asked = [term for term in held(text, terms) if term.source in name.forms]
            places += 1
            if missing_terms(translated, asked):
                otherwise[name.source].append(translated)
    count = sum(map(len, otherwise.values()))
    print(
        f"{language}, {'told of the names' if told else 'not told'}: {places - count} of {places} places as asked; names written in more than one way: {len(otherwise)}"
    )
    for name, texts in otherwise.items():
        print(f"    {name}: {' | '.join(texts)}")


if __name__ == "__main__":
    main()
