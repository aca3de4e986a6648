"""The profiles that come with the package: what they name exists, and may be used for what they are for."""

from __future__ import annotations

import pytest

from dubbing.engines.registry import Engines
from dubbing.engines.translating.routes import best_route
from dubbing.formats.language_toml import all_languages
from dubbing.planning.config import configs_folder, load_profile
from dubbing.planning.pipeline import Planner

NAMES = sorted(path.stem for path in (configs_folder() / "profiles").glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_what_a_profile_names_may_be_used_as_it_says(name: str) -> None:
    profile = load_profile(name)
    with Engines() as engines:
        infos = [engines.info(port, engine) for port, engine in Planner.engines_named(profile)]
    free = all(info.commercial for info in infos)
    assert free != profile.allow_noncommercial, "what may not be sold with says so, and only that"
    assert all(info.licence for info in infos)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("gpu-")])
def test_on_a_gpu_every_language_is_translated_into(name: str) -> None:
    profile = load_profile(name)
    with Engines() as engines:
        pairs = {one: engines.pairs(one) for one in profile.translators}
    for language in all_languages(configs_folder() / "languages"):
        if not language.tag.startswith("zh"):
            assert best_route(pairs, "zh", language.tag), language.tag
            assert best_route(pairs, "en", language.tag) or language.tag == "en"
