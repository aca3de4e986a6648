"""The glossary of a series: how its names and terms are said in each language."""

from __future__ import annotations

import csv
import io
import uuid
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from dubbing.api.auth import BEARER, GuardedRoute, Me
from dubbing.api.documents import JobId
from dubbing.api.job_documents import Job
from dubbing.api.line_documents import Glossary, NewGlossary, TermDocument
from dubbing.api.parts import Here
from dubbing.api.problems import COMMON
from dubbing.errors import Rejected
from dubbing.formats.glossary_csv import GLOSSARY_COLUMNS, read_glossary
from dubbing.formats.release_json import glossary_file
from dubbing.model.episode import Term

router = APIRouter(
    prefix="/v1/jobs/{job}/glossary",
    tags=["glossary"],
    route_class=GuardedRoute,
    dependencies=[BEARER],
    responses=COMMON,
)


@router.get(
    "",
    summary="Read the glossary",
    response_model=Glossary,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def read(
    job: JobId,
    me: Me,
    here: Here,
    form: Annotated[
        Literal["json", "csv"], Query(description="As rows, or as the text of a CSV file.")
    ] = "json",
) -> Glossary | Response:
    place = here.plans.place(here.desk.job(me, job).order)
    terms = place.read().glossary
    if form == "csv":
        return Response(_csv(terms), media_type="text/csv")
    # Built without checks: what people wrote into the file is shown as it is.
    return Glossary.model_construct(
        terms=[
            TermDocument.model_construct(
                source=term.source, language=term.language, target=term.target, note=term.note
            )
            for term in terms
        ]
    )


@router.put("", summary="Replace the glossary")
def write(job: JobId, glossary: NewGlossary, me: Me, here: Here) -> Job:
    """Only the lines that follow from it are made again. It holds for later jobs of the release too."""
    place = here.plans.place(here.desk.job(me, job).order)
    place.read()  # of a release that can't be read, nothing is written over
    if glossary.csv is not None:
        text = glossary.csv
    else:
        rows = (Term(t.source, t.language, t.target, t.note) for t in glossary.terms or ())
        text = _csv(tuple(rows))
    count = 0

    def change(path: Path) -> None:
        nonlocal count
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            partial.write_text(text, "utf-8", newline="")
            count = len(_checked(partial))
            partial.rename(path)
        finally:
            partial.unlink(missing_ok=True)

    place.edit(glossary_file(place.root), change)
    return Job.of(here.desk.redo(me, job, "glossary", {"terms": count}))


def _checked(file: Path) -> tuple[Term, ...]:
    try:
        return read_glossary(file)
    except Rejected as error:
        where = error.where.replace(str(file), "glossary")
        raise Rejected(
            where, found=error.found[:200], expected=error.expected, remedy=error.remedy
        ) from None


def _csv(terms: tuple[Term, ...]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(GLOSSARY_COLUMNS)
    writer.writerows((t.source, t.language, t.target, t.note) for t in terms)
    return out.getvalue()
