from precedent_client._generated.precedent.v1 import case_pb2 as _case_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Replacement(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REPLACEMENT_UNSPECIFIED: _ClassVar[Replacement]
    REPLACEMENT_WITHOUT: _ClassVar[Replacement]
    REPLACEMENT_UPDATE: _ClassVar[Replacement]
    REPLACEMENT_IF_ABSENT: _ClassVar[Replacement]

class Effect(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EFFECT_UNSPECIFIED: _ClassVar[Effect]
    EFFECT_CREATED: _ClassVar[Effect]
    EFFECT_REPLACED: _ClassVar[Effect]
    EFFECT_UNCHANGED: _ClassVar[Effect]
    EFFECT_LEFT_ALONE: _ClassVar[Effect]

class CaseWarningCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_WARNING_CODE_UNSPECIFIED: _ClassVar[CaseWarningCode]
    CASE_WARNING_CODE_PLACEHOLDER_PATIENT: _ClassVar[CaseWarningCode]
    CASE_WARNING_CODE_PLACEHOLDER_ISSUER: _ClassVar[CaseWarningCode]
REPLACEMENT_UNSPECIFIED: Replacement
REPLACEMENT_WITHOUT: Replacement
REPLACEMENT_UPDATE: Replacement
REPLACEMENT_IF_ABSENT: Replacement
EFFECT_UNSPECIFIED: Effect
EFFECT_CREATED: Effect
EFFECT_REPLACED: Effect
EFFECT_UNCHANGED: Effect
EFFECT_LEFT_ALONE: Effect
CASE_WARNING_CODE_UNSPECIFIED: CaseWarningCode
CASE_WARNING_CODE_PLACEHOLDER_PATIENT: CaseWarningCode
CASE_WARNING_CODE_PLACEHOLDER_ISSUER: CaseWarningCode

class IngestCasesRequest(_message.Message):
    __slots__ = ("index", "case", "chunk", "replacement")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    REPLACEMENT_FIELD_NUMBER: _ClassVar[int]
    index: str
    case: _case_pb2.Case
    chunk: ImageChunk
    replacement: Replacement
    def __init__(self, index: _Optional[str] = ..., case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ..., chunk: _Optional[_Union[ImageChunk, _Mapping]] = ..., replacement: _Optional[_Union[Replacement, str]] = ...) -> None: ...

class ImageChunk(_message.Message):
    __slots__ = ("image_index", "data")
    IMAGE_INDEX_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    image_index: int
    data: bytes
    def __init__(self, image_index: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class IngestCasesResponse(_message.Message):
    __slots__ = ("position", "case_id", "acknowledgement", "rejection")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGEMENT_FIELD_NUMBER: _ClassVar[int]
    REJECTION_FIELD_NUMBER: _ClassVar[int]
    position: int
    case_id: str
    acknowledgement: Acknowledgement
    rejection: Rejection
    def __init__(self, position: _Optional[int] = ..., case_id: _Optional[str] = ..., acknowledgement: _Optional[_Union[Acknowledgement, _Mapping]] = ..., rejection: _Optional[_Union[Rejection, _Mapping]] = ...) -> None: ...

class Acknowledgement(_message.Message):
    __slots__ = ("sequence", "warnings", "effect")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    EFFECT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    warnings: _containers.RepeatedCompositeFieldContainer[CaseWarning]
    effect: Effect
    def __init__(self, sequence: _Optional[int] = ..., warnings: _Optional[_Iterable[_Union[CaseWarning, _Mapping]]] = ..., effect: _Optional[_Union[Effect, str]] = ...) -> None: ...

class CaseWarning(_message.Message):
    __slots__ = ("code", "field", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: CaseWarningCode
    field: str
    message: str
    def __init__(self, code: _Optional[_Union[CaseWarningCode, str]] = ..., field: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Rejection(_message.Message):
    __slots__ = ("violations",)
    VIOLATIONS_FIELD_NUMBER: _ClassVar[int]
    violations: _containers.RepeatedCompositeFieldContainer[Violation]
    def __init__(self, violations: _Optional[_Iterable[_Union[Violation, _Mapping]]] = ...) -> None: ...

class Violation(_message.Message):
    __slots__ = ("field", "description")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    field: str
    description: str
    def __init__(self, field: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...

class DeleteCasesRequest(_message.Message):
    __slots__ = ("index", "case_ids")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    index: str
    case_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, index: _Optional[str] = ..., case_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class DeleteCasesResponse(_message.Message):
    __slots__ = ("deleted_count", "unknown_case_ids")
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    deleted_count: int
    unknown_case_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, deleted_count: _Optional[int] = ..., unknown_case_ids: _Optional[_Iterable[str]] = ...) -> None: ...
