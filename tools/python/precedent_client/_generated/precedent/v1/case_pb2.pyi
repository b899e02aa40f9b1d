from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SectionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SECTION_KIND_UNSPECIFIED: _ClassVar[SectionKind]
    SECTION_KIND_INDICATION: _ClassVar[SectionKind]
    SECTION_KIND_COMPARISON: _ClassVar[SectionKind]
    SECTION_KIND_TECHNIQUE: _ClassVar[SectionKind]
    SECTION_KIND_FINDINGS: _ClassVar[SectionKind]
    SECTION_KIND_IMPRESSION: _ClassVar[SectionKind]
    SECTION_KIND_BODY: _ClassVar[SectionKind]

class Assertion(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ASSERTION_UNSPECIFIED: _ClassVar[Assertion]
    ASSERTION_PRESENT: _ClassVar[Assertion]
    ASSERTION_UNCERTAIN: _ClassVar[Assertion]
    ASSERTION_ABSENT: _ClassVar[Assertion]
    ASSERTION_HISTORICAL: _ClassVar[Assertion]
    ASSERTION_HYPOTHETICAL: _ClassVar[Assertion]
    ASSERTION_OTHER_PERSON: _ClassVar[Assertion]

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_LEFT: _ClassVar[Side]
    SIDE_RIGHT: _ClassVar[Side]
    SIDE_BILATERAL: _ClassVar[Side]
SECTION_KIND_UNSPECIFIED: SectionKind
SECTION_KIND_INDICATION: SectionKind
SECTION_KIND_COMPARISON: SectionKind
SECTION_KIND_TECHNIQUE: SectionKind
SECTION_KIND_FINDINGS: SectionKind
SECTION_KIND_IMPRESSION: SectionKind
SECTION_KIND_BODY: SectionKind
ASSERTION_UNSPECIFIED: Assertion
ASSERTION_PRESENT: Assertion
ASSERTION_UNCERTAIN: Assertion
ASSERTION_ABSENT: Assertion
ASSERTION_HISTORICAL: Assertion
ASSERTION_HYPOTHETICAL: Assertion
ASSERTION_OTHER_PERSON: Assertion
SIDE_UNSPECIFIED: Side
SIDE_LEFT: Side
SIDE_RIGHT: Side
SIDE_BILATERAL: Side

class PatientKey(_message.Message):
    __slots__ = ("id", "issuer")
    ID_FIELD_NUMBER: _ClassVar[int]
    ISSUER_FIELD_NUMBER: _ClassVar[int]
    id: str
    issuer: str
    def __init__(self, id: _Optional[str] = ..., issuer: _Optional[str] = ...) -> None: ...

class Embedding(_message.Message):
    __slots__ = ("values", "encoder_id")
    VALUES_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[float]
    encoder_id: str
    def __init__(self, values: _Optional[_Iterable[float]] = ..., encoder_id: _Optional[str] = ...) -> None: ...

class Image(_message.Message):
    __slots__ = ("name", "view", "embedding", "content")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    name: str
    view: str
    embedding: Embedding
    content: bytes
    def __init__(self, name: _Optional[str] = ..., view: _Optional[str] = ..., embedding: _Optional[_Union[Embedding, _Mapping]] = ..., content: _Optional[bytes] = ...) -> None: ...

class Section(_message.Message):
    __slots__ = ("kind", "text")
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    kind: SectionKind
    text: str
    def __init__(self, kind: _Optional[_Union[SectionKind, str]] = ..., text: _Optional[str] = ...) -> None: ...

class Report(_message.Message):
    __slots__ = ("sections",)
    SECTIONS_FIELD_NUMBER: _ClassVar[int]
    sections: _containers.RepeatedCompositeFieldContainer[Section]
    def __init__(self, sections: _Optional[_Iterable[_Union[Section, _Mapping]]] = ...) -> None: ...

class TextSpan(_message.Message):
    __slots__ = ("start_byte", "end_byte", "start_utf16", "end_utf16")
    START_BYTE_FIELD_NUMBER: _ClassVar[int]
    END_BYTE_FIELD_NUMBER: _ClassVar[int]
    START_UTF16_FIELD_NUMBER: _ClassVar[int]
    END_UTF16_FIELD_NUMBER: _ClassVar[int]
    start_byte: int
    end_byte: int
    start_utf16: int
    end_utf16: int
    def __init__(self, start_byte: _Optional[int] = ..., end_byte: _Optional[int] = ..., start_utf16: _Optional[int] = ..., end_utf16: _Optional[int] = ...) -> None: ...

class MentionDetails(_message.Message):
    __slots__ = ("side", "places", "severity", "times", "size_mm", "earlier_size_mm", "overridden", "larger_side")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    SEVERITY_FIELD_NUMBER: _ClassVar[int]
    TIMES_FIELD_NUMBER: _ClassVar[int]
    SIZE_MM_FIELD_NUMBER: _ClassVar[int]
    EARLIER_SIZE_MM_FIELD_NUMBER: _ClassVar[int]
    OVERRIDDEN_FIELD_NUMBER: _ClassVar[int]
    LARGER_SIDE_FIELD_NUMBER: _ClassVar[int]
    side: Side
    places: _containers.RepeatedScalarFieldContainer[str]
    severity: str
    times: _containers.RepeatedScalarFieldContainer[str]
    size_mm: float
    earlier_size_mm: float
    overridden: bool
    larger_side: Side
    def __init__(self, side: _Optional[_Union[Side, str]] = ..., places: _Optional[_Iterable[str]] = ..., severity: _Optional[str] = ..., times: _Optional[_Iterable[str]] = ..., size_mm: _Optional[float] = ..., earlier_size_mm: _Optional[float] = ..., overridden: bool = ..., larger_side: _Optional[_Union[Side, str]] = ...) -> None: ...

class FieldValues(_message.Message):
    __slots__ = ("values",)
    VALUES_FIELD_NUMBER: _ClassVar[int]
    values: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, values: _Optional[_Iterable[str]] = ...) -> None: ...

class Case(_message.Message):
    __slots__ = ("case_id", "patient", "fields", "report", "images")
    class FieldsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: FieldValues
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[FieldValues, _Mapping]] = ...) -> None: ...
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    REPORT_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    case_id: str
    patient: PatientKey
    fields: _containers.MessageMap[str, FieldValues]
    report: Report
    images: _containers.RepeatedCompositeFieldContainer[Image]
    def __init__(self, case_id: _Optional[str] = ..., patient: _Optional[_Union[PatientKey, _Mapping]] = ..., fields: _Optional[_Mapping[str, FieldValues]] = ..., report: _Optional[_Union[Report, _Mapping]] = ..., images: _Optional[_Iterable[_Union[Image, _Mapping]]] = ...) -> None: ...
