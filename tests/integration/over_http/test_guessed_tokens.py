"""Who guesses at tokens is slowed down; who has one is not, wherever the guesses come from."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from api import Api, problem

from dubbing.api.guesses import Guesses
from dubbing.model.service import Role


def ask(it: Api, authorization: str | None) -> tuple[httpx.Response, float]:
    headers = {} if authorization is None else {"Authorization": authorization}
    started_s = time.monotonic()
    answer = it.nobody().get("/v1/me", headers=headers)
    return answer, time.monotonic() - started_s


def test_wrong_tokens_wait_and_right_ones_do_not(one: Api) -> None:
    one.app.state.guesses = Guesses()
    wrong = ["Bearer dub_" + "x" * 43, "Bearer x", "Bearer ", "Basic eDp4", "", "Bearer a b"]
    took_s = []
    for authorization in wrong:
        answer, seconds = ask(one, authorization)
        problem(answer, 401)
        took_s.append(seconds)
    assert sum(took_s[3:]) > 1.7  # 0.25, 0.5 and 1 s
    good = f"Bearer {one.token(Role.VIEWER)}"
    answer, seconds = ask(one, good)
    assert answer.status_code == 200
    assert seconds < 0.5
    # No token at all is no guess.
    for _ in range(6):
        answer, seconds = ask(one, None)
        problem(answer, 401)
        assert seconds < 0.5


def test_a_flood_of_guesses_is_refused_and_locks_nobody_out(one: Api) -> None:
    one.app.state.guesses = Guesses()
    good = f"Bearer {one.token(Role.VIEWER)}"
    with ThreadPoolExecutor(24) as pool:
        guessed = [pool.submit(ask, one, f"Bearer dub_{n}") for n in range(24)]
        time.sleep(0.5)
        for _ in range(5):
            answer, seconds = ask(one, good)
            assert answer.status_code == 200
            assert seconds < 2
        answers = [future.result() for future in guessed]
    statuses = [answer.status_code for answer, _ in answers]
    assert set(statuses) == {401, 429}
    assert statuses.count(429) >= 10
    refused = next(answer for answer, _ in answers if answer.status_code == 429)
    problem(refused, 429)
    assert int(refused.headers["retry-after"]) > 0
