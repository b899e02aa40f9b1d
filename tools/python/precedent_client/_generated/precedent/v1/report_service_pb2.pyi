from precedent_client._generated.precedent.v1 import case_pb2 as _case_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ListFindingsRequest(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: str
    def __init__(self, index: _Optional[str] = ...) -> None: ...

class ListFindingsResponse(_message.Message):
    __slots__ = ("findings", "lexicon_fingerprint")
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    LEXICON_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    findings: _containers.RepeatedCompositeFieldContainer[Finding]
    lexicon_fingerprint: str
    def __init__(self, findings: _Optional[_Iterable[_Union[Finding, _Mapping]]] = ..., lexicon_fingerprint: _Optional[str] = ...) -> None: ...

class Finding(_message.Message):
    __slots__ = ("id", "name", "synonyms", "radlex_id", "parent_ids", "normal")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SYNONYMS_FIELD_NUMBER: _ClassVar[int]
    RADLEX_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_IDS_FIELD_NUMBER: _ClassVar[int]
    NORMAL_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    synonyms: _containers.RepeatedScalarFieldContainer[str]
    radlex_id: str
    parent_ids: _containers.RepeatedScalarFieldContainer[str]
    normal: bool
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., synonyms: _Optional[_Iterable[str]] = ..., radlex_id: _Optional[str] = ..., parent_ids: _Optional[_Iterable[str]] = ..., normal: bool = ...) -> None: ...

class ReadReportRequest(_message.Message):
    __slots__ = ("index", "report")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    index: str
    report: _case_pb2.Report
    def __init__(self, index: _Optional[str] = ..., report: _Optional[_Union[_case_pb2.Report, _Mapping]] = ...) -> None: ...

class ReadReportResponse(_message.Message):
    __slots__ = ("sentences", "findings", "warnings", "lexicon_fingerprint")
    SENTENCES_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    LEXICON_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    sentences: _containers.RepeatedCompositeFieldContainer[ReportSentence]
    findings: _containers.RepeatedCompositeFieldContainer[ReportFinding]
    warnings: _containers.RepeatedScalarFieldContainer[str]
    lexicon_fingerprint: str
    def __init__(self, sentences: _Optional[_Iterable[_Union[ReportSentence, _Mapping]]] = ..., findings: _Optional[_Iterable[_Union[ReportFinding, _Mapping]]] = ..., warnings: _Optional[_Iterable[str]] = ..., lexicon_fingerprint: _Optional[str] = ...) -> None: ...

class ReportSentence(_message.Message):
    __slots__ = ("section_index", "section", "span", "addendum", "comparison", "boilerplate", "runs", "mentions")
    SECTION_INDEX_FIELD_NUMBER: _ClassVar[int]
    SECTION_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    ADDENDUM_FIELD_NUMBER: _ClassVar[int]
    COMPARISON_FIELD_NUMBER: _ClassVar[int]
    BOILERPLATE_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    MENTIONS_FIELD_NUMBER: _ClassVar[int]
    section_index: int
    section: _case_pb2.SectionKind
    span: _case_pb2.TextSpan
    addendum: bool
    comparison: bool
    boilerplate: bool
    runs: _containers.RepeatedCompositeFieldContainer[AssertedRun]
    mentions: _containers.RepeatedCompositeFieldContainer[Mention]
    def __init__(self, section_index: _Optional[int] = ..., section: _Optional[_Union[_case_pb2.SectionKind, str]] = ..., span: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., addendum: bool = ..., comparison: bool = ..., boilerplate: bool = ..., runs: _Optional[_Iterable[_Union[AssertedRun, _Mapping]]] = ..., mentions: _Optional[_Iterable[_Union[Mention, _Mapping]]] = ...) -> None: ...

class AssertedRun(_message.Message):
    __slots__ = ("span", "assertion", "overridden")
    SPAN_FIELD_NUMBER: _ClassVar[int]
    ASSERTION_FIELD_NUMBER: _ClassVar[int]
    OVERRIDDEN_FIELD_NUMBER: _ClassVar[int]
    span: _case_pb2.TextSpan
    assertion: _case_pb2.Assertion
    overridden: bool
    def __init__(self, span: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., assertion: _Optional[_Union[_case_pb2.Assertion, str]] = ..., overridden: bool = ...) -> None: ...

class Mention(_message.Message):
    __slots__ = ("finding", "span", "assertion", "details", "place_spans", "size_span")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    SPAN_FIELD_NUMBER: _ClassVar[int]
    ASSERTION_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    PLACE_SPANS_FIELD_NUMBER: _ClassVar[int]
    SIZE_SPAN_FIELD_NUMBER: _ClassVar[int]
    finding: str
    span: _case_pb2.TextSpan
    assertion: _case_pb2.Assertion
    details: _case_pb2.MentionDetails
    place_spans: _containers.RepeatedCompositeFieldContainer[_case_pb2.TextSpan]
    size_span: _case_pb2.TextSpan
    def __init__(self, finding: _Optional[str] = ..., span: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., assertion: _Optional[_Union[_case_pb2.Assertion, str]] = ..., details: _Optional[_Union[_case_pb2.MentionDetails, _Mapping]] = ..., place_spans: _Optional[_Iterable[_Union[_case_pb2.TextSpan, _Mapping]]] = ..., size_span: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ...) -> None: ...

class ReportFinding(_message.Message):
    __slots__ = ("finding", "assertion")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    ASSERTION_FIELD_NUMBER: _ClassVar[int]
    finding: str
    assertion: _case_pb2.Assertion
    def __init__(self, finding: _Optional[str] = ..., assertion: _Optional[_Union[_case_pb2.Assertion, str]] = ...) -> None: ...
