"""Every answer that is not what was asked for, as RFC 9457 has it: `application/problem+json`.

A problem says what `Rejected` says: where it is, what was found, what was expected, what to do. What went
wrong on our side is told in general words; its trace is for our log alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from dubbing.errors import Rejected, Transient
from dubbing.service.desk import Conflict, NotFound
from voices import VoiceError

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER_S = 5
_MOST_FAULTS = 20
_LONGEST = 200  # characters of what was found that are given back


class Unauthenticated(Rejected):
    """Nobody whom we know asks."""


class TooManyGuesses(Unauthenticated):
    """Somebody tries one token after the other."""


class Forbidden(Rejected):
    """Somebody asks whose role does not go so far."""


class Missing(Rejected):
    """What is asked for does not exist, or is another team's, which is not told apart."""


class TooLarge(Rejected):
    """More bytes than are taken."""

    status: ClassVar[int] = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Unsatisfiable(Rejected):
    """A part of a file that it does not have."""


_STATUS: Mapping[type[Rejected], HTTPStatus] = {
    TooManyGuesses: HTTPStatus.TOO_MANY_REQUESTS,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Missing: HTTPStatus.NOT_FOUND,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Unsatisfiable: HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
    Rejected: HTTPStatus.UNPROCESSABLE_ENTITY,
}

# What can't be said better where it is found out: by the framework, before a route is reached.
_REMEDIES: Mapping[int, str] = {
    400: "Correct the request.",
    404: "See /docs for the routes there are.",
    405: "See /docs for the methods of this route.",
    413: "Send less at once.",
    503: "Try again in a while.",
}


class Fault(BaseModel):
    """One of several things that are wrong with a request."""

    where: str = Field(examples=["body, languages[0]"])
    found: str
    expected: str


class Problem(BaseModel):
    """Why a request was not done, and what to do about it (RFC 9457)."""

    type: str = Field(
        default="about:blank", description="All that is known is in the other members."
    )
    title: str = Field(description="The status in words.", examples=["Unprocessable Entity"])
    status: int = Field(examples=[422])
    detail: str = Field(description="All of it in one sentence, for people.")
    where: str | None = Field(default=None, description="What is at fault.", examples=["languages"])
    found: str | None = Field(default=None, examples=["none"])
    expected: str | None = Field(default=None, examples=["at least one language (BCP-47)"])
    remedy: str | None = Field(default=None, examples=["Name the languages to localize into."])
    errors: list[Fault] | None = Field(
        default=None, description="All faults, if there are several."
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: the problems that routes may answer with."""
    return {
        status: {"model": Problem, "description": HTTPStatus(status).phrase} for status in statuses
    }


COMMON = responses(400, 401, 403, 404, 409, 413, 422, 429, 503)  # of every route that needs a token


def add_handlers(app: FastAPI) -> None:
    app.add_exception_handler(Rejected, _rejected)
    app.add_exception_handler(Transient, _transient)
    app.add_exception_handler(VoiceError, _voice)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _defect)


def problem_of(error: Rejected) -> Problem:
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    return Problem(
        title=status.phrase,
        status=status,
        detail=str(error),
        where=error.where,
        found=error.found,
        expected=error.expected,
        remedy=error.remedy,
    )


def answer_of(error: Rejected) -> JSONResponse:
    """The answer to a request that is refused before a route is reached."""
    return _answer(problem_of(error))


def _answer(problem: Problem, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(
        problem.model_dump(exclude_none=True),
        problem.status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def _rejected(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Rejected)  # noqa: S101 - as registered
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, Unauthenticated) else {}
    if isinstance(error, TooManyGuesses):
        headers["Retry-After"] = str(_RETRY_AFTER_S)
    return _answer(problem_of(error), headers)


def _voice(request: Request, error: Exception) -> JSONResponse:
    expected, remedy = "a voice of the catalogue", "See the voices that the cast may have."
    return _rejected(request, Rejected("voice", found=str(error), expected=expected, remedy=remedy))


def _transient(_request: Request, error: Exception) -> JSONResponse:
    log.warning("api.transient", reason=str(error))
    status = HTTPStatus.SERVICE_UNAVAILABLE
    problem = Problem(
        title=status.phrase,
        status=status,
        detail="Something that the service needs can't be reached right now.",
        remedy=_REMEDIES[503],
    )
    return _answer(problem, {"Retry-After": str(_RETRY_AFTER_S)})


def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
    faults = [_fault(one) for one in error.errors()[:_MOST_FAULTS]]
    first = faults[0]
    problem = problem_of(
        Rejected(
            first.where, found=first.found, expected=first.expected, remedy="Correct the request."
        )
    )
    if len(faults) > 1:
        problem.errors = faults
    return _answer(problem)


def _http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    status = HTTPStatus(error.status_code)
    said = status.description if error.detail == status.phrase else error.detail
    detail = f"{status.phrase}: {said or status.phrase}."
    remedy = _REMEDIES.get(status)
    return _answer(
        Problem(title=status.phrase, status=status, detail=detail, remedy=remedy), error.headers
    )


def _defect(request: Request, error: Exception) -> JSONResponse:
    log.error("api.defect", path=request.url.path, error=type(error).__name__)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "This is a mistake of ours. It is in the service's log."
    return _answer(Problem(title=status.phrase, status=status, detail=detail))


def _fault(error: Mapping[str, Any]) -> Fault:
    if error["type"] == "json_invalid":
        where = f"body, position {error['loc'][-1]}"
        return Fault(where=where, found="text that is not JSON", expected="JSON")
    if error["type"] in ("missing", "value_error"):
        found = "nothing" if error["type"] == "missing" else repr(error.get("input"))[:_LONGEST]
    else:
        found = repr(error.get("input"))[:_LONGEST]
    said = str(error["msg"]).removeprefix("Value error, ")
    return Fault(where=_place(error["loc"]), found=found, expected=said[:1].lower() + said[1:])


def _place(parts: Sequence[object]) -> str:
    """`body, languages[0]` from ("body", "languages", 0)."""
    source, *path = parts
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{str(part)[:80]}"
    return f"{source}, {text.lstrip('.')}" if text else str(source)
