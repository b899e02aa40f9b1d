"""What the lexicon knows, and how it reads a report."""

from __future__ import annotations

from typing import Any

import pytest
from clients import either
from conftest import Served
from grpc import StatusCode
from precedent_client import Assertion, PrecedentError, Side


@either
def test_findings_are_listed_by_id_with_their_other_names(served: Served, run: Any) -> None:
    findings = run(lambda client: client.list_findings(), served.server.address)
    ids = [finding.id for finding in findings]
    assert ids == sorted(set(ids))
    effusion = next(finding for finding in findings if finding.id == "pleural-effusion")
    assert effusion.name == "pleural effusion" and effusion.synonyms
    assert all(parent in ids for finding in findings for parent in finding.parent_ids)
    # Each can be asked for in a filter.
    assert served.client.search(filter=f'finding:"{effusion.id}"').hits


@either
def test_a_report_is_read_as_ingest_reads_it(served: Served, run: Any) -> None:
    text = "🫁: large left pleural effusion, 2.5 cm. No pneumothorax."
    reading = run(lambda client: client.read_report({"findings": text}), served.server.address)
    assert reading.findings["pleural-effusion"] is Assertion.PRESENT
    assert reading.findings["pneumothorax"] is Assertion.ABSENT
    mentions = [mention for sentence in reading.sentences for mention in sentence.mentions]
    effusion = next(mention for mention in mentions if mention.finding == "pleural-effusion")
    assert effusion.details.side is Side.LEFT and effusion.span.of(text) == "pleural effusion"
    assert effusion.span.end_utf16 == effusion.span.end_byte - 2
    assert reading.sentences[0].section == "findings" and not reading.warnings
    assert reading.lexicon_fingerprint == served.client.stats().lexicon_fingerprint


def test_no_report_and_an_unknown_section_are_named(served: Served) -> None:
    for report, field in [("", "report"), ({"summary": "text"}, "report.sections[0].kind")]:
        with pytest.raises(PrecedentError) as caught:
            served.client.read_report(report)
        assert caught.value.code == StatusCode.INVALID_ARGUMENT
        assert [violation.field for violation in caught.value.violations] == [field]
