"""What notebooks show. All text is escaped: reports, identifiers and fields are written by others and may hold markup."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .types import Case, Consensus, Highlight, Hit, Plan, SearchResult

SHOWN_HITS = 50
"""A notebook keeps what it shows, and a thousand reports are more than anyone reads there."""
_FRAME = "<div class='tex2jax_ignore mathjax_ignore'>"
"""Notebooks would read text between dollar signs as formulas, which can hold links."""
SHOWN_CHARACTERS = 400
"""Of the report of a hit in a table, where none of its sentences matched."""


def result_html(result: SearchResult) -> str:
    shown = result.hits[:SHOWN_HITS]
    head = "".join(f"<th>{name}</th>" for name in ("rank", "case", "fields", "scores", "report"))
    rows = "".join(
        _row(str(hit.rank), escape(hit.case.case_id), _fields(hit.case), _scores(hit), _excerpt(hit)) for hit in shown
    )
    more = len(result.hits) - len(shown)
    below = f"<p>{more} more hits of this answer are not shown.</p>" if more else ""
    title = f"<p>{len(result.hits)} of {result.total_hits} hits in {escape(result.record.index)}</p>"
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    consensus = "" if result.consensus is None else _consensus(result.consensus)
    return f"{_FRAME}{title}{_notes(result.plan)}{consensus}{table}{below}</div>"


def hit_html(hit: Hit) -> str:
    matched = "".join(f"<li>{escape(h.section)}: {_marked(h)}</li>" for h in hit.highlights)
    return f"{_FRAME}<p>rank {hit.rank}</p>{_scores(hit)}<ul>{matched}</ul>{case_html(hit.case)}</div>"


def case_html(case: Case) -> str:
    patient = f"<p>patient {escape(case.patient.id)} {escape(case.patient.issuer)}</p>" if case.patient else ""
    sections = "".join(f"<h5>{escape(s.kind)}</h5><p>{_lines(s.text)}</p>" for s in case.sections())
    return f"{_FRAME}<h4>{escape(case.case_id)}</h4>{patient}{_fields(case)}{sections}</div>"


def _consensus(consensus: Consensus) -> str:
    """The votes as a table, each beside how common the finding is in the archive."""
    names = ("finding", "share", "95 % interval", "calibrated", "archive", "present", "uncertain", "denied", "silent")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(
        _row(
            escape(vote.name),
            f"{vote.share:.0%}",
            f"{vote.lower:.0%} to {vote.upper:.0%}",
            "" if vote.calibrated is None else f"{vote.calibrated.share:.0%}",
            f"{vote.base_rate:.0%}",
            str(vote.present_count),
            str(vote.uncertain_count),
            str(vote.absent_count),
            str(vote.unmentioned_count),
        )
        for vote in consensus.votes
    )
    calibrated = "calibrated" if consensus.calibrated else "not calibrated"
    title = f"<p>consensus of {consensus.neighbour_count} patients ({calibrated})</p>"
    return f"{title}<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(*cells: str) -> str:
    return "<tr>" + "".join(f"<td style='text-align:left;vertical-align:top'>{cell}</td>" for cell in cells) + "</tr>"


def _notes(plan: Plan) -> str:
    """Some warnings must be shown wherever the hits are, such as that an encoder is a demo; all of them are."""
    corrections = (f"searched {c.searched!r} in place of {c.written!r}" for c in plan.corrections)
    return "".join(f"<p><b>{escape(note)}</b></p>" for note in (*(w.message for w in plan.warnings), *corrections))


def _fields(case: Case) -> str:
    def text(value: object) -> str:
        several: Iterable[object] = value if isinstance(value, (list, tuple)) else [value]
        return ", ".join(str(one) for one in several)

    return "<br>".join(f"{escape(name)}: {escape(text(value))}" for name, value in case.fields.items())


def _scores(hit: Hit) -> str:
    scores = [f"fused {hit.fused_score:.4g}"]
    if hit.image is not None:
        scores.append(f"{escape(hit.image.measure)} {hit.image.value:.4g}")
    if hit.lexical is not None:
        scores.append(f"bm25 {hit.lexical.bm25:.4g}")
    return "<br>".join(scores)


def _excerpt(hit: Hit) -> str:
    """The sentences that matched, or else the impression, or else how the report begins."""
    if hit.highlights:
        return "<br>".join(_marked(highlight) for highlight in hit.highlights)
    sections = hit.case.sections()
    text = hit.case.section("impression") or (sections[0].text if sections else "")
    return _lines(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "…")


def _marked(highlight: Highlight) -> str:
    """The sentence with what matched in it marked. Matches may overlap; spans count bytes from the start of the section."""
    sentence = highlight.text.encode()
    shown, done = "", 0
    for match in highlight.matches:
        start = max(match.span.start_byte - highlight.sentence.start_byte, done)
        end = match.span.end_byte - highlight.sentence.start_byte
        if start < end:
            shown += f"{_text(sentence[done:start])}<mark>{_text(sentence[start:end])}</mark>"
            done = end
    return shown + _text(sentence[done:])


def _text(part: bytes) -> str:
    return escape(part.decode(errors="replace"))


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
