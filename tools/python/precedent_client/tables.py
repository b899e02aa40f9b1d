"""Hits as a table of pandas, which is only needed here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .types import Hit

if TYPE_CHECKING:
    import pandas

_FIXED_COLUMNS = [
    "rank",
    "case_id",
    "fused_score",
    "image.measure",
    "image.value",
    "image.rank",
    "lexical.bm25",
    "lexical.rank",
    "patient.id",
    "patient.issuer",
]


def hits_to_pandas(hits: Iterable[Hit]) -> pandas.DataFrame:
    """One row per hit, such as of a :class:`SearchResult` or of :meth:`Client.search_all`.

    Columns are named as in a hit: ``rank``, ``case_id``, ``fused_score``, ``image.value``, ``lexical.bm25`` and so on, then
    ``field.NAME`` for each field and ``report.KIND`` for each kind of section. A field is text, as it was ingested; where
    any of the hits has several values of it, the column has lists. What a hit does not have is missing (``None`` or NaN).
    """
    try:
        import pandas
    except ImportError:
        raise ImportError("a table needs pandas; install it with: pip install 'precedent-client[pandas]'") from None
    found = list(hits)
    rows = [_row(hit) for hit in found]
    fields = sorted({name for hit in found for name in hit.case.fields})
    kinds = list(dict.fromkeys(section.kind for hit in found for section in hit.case.sections()))
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in _FIXED_COLUMNS}
    columns |= {f"field.{name}": _field(found, name) for name in fields}
    columns |= {f"report.{kind}": [_text(hit, kind) for hit in found] for kind in kinds}
    table: pandas.DataFrame = pandas.DataFrame(columns)
    return table


def _row(hit: Hit) -> dict[str, Any]:
    image, lexical, patient = hit.image, hit.lexical, hit.case.patient
    return {
        "rank": hit.rank,
        "case_id": hit.case.case_id,
        "fused_score": hit.fused_score,
        "image.measure": image and image.measure,
        "image.value": image and image.value,
        "image.rank": image and image.rank,
        "lexical.bm25": lexical and lexical.bm25,
        "lexical.rank": lexical and lexical.rank,
        "patient.id": patient and patient.id,
        "patient.issuer": patient and patient.issuer,
    }


def _field(hits: list[Hit], name: str) -> list[Any]:
    values: list[list[Any]] = []
    for hit in hits:
        value = hit.case.fields.get(name, [])
        values.append([value] if isinstance(value, (str, int, float)) else list(value))
    if any(len(several) > 1 for several in values):
        return values
    return [one[0] if one else None for one in values]


def _text(hit: Hit, kind: str) -> str | None:
    texts = [section.text for section in hit.case.sections() if section.kind == kind]
    return "\n\n".join(texts) if texts else None
