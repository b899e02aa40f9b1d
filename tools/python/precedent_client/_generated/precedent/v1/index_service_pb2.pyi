import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BackgroundTask(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BACKGROUND_TASK_UNSPECIFIED: _ClassVar[BackgroundTask]
    BACKGROUND_TASK_COMMIT: _ClassVar[BackgroundTask]
    BACKGROUND_TASK_MERGE: _ClassVar[BackgroundTask]

class Metric(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    METRIC_UNSPECIFIED: _ClassVar[Metric]
    METRIC_COSINE: _ClassVar[Metric]
    METRIC_DOT_PRODUCT: _ClassVar[Metric]
    METRIC_L2_DISTANCE: _ClassVar[Metric]

class FieldKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FIELD_KIND_UNSPECIFIED: _ClassVar[FieldKind]
    FIELD_KIND_KEYWORD: _ClassVar[FieldKind]
    FIELD_KIND_KEYWORDS: _ClassVar[FieldKind]
    FIELD_KIND_INTEGER: _ClassVar[FieldKind]
    FIELD_KIND_NUMBER: _ClassVar[FieldKind]
    FIELD_KIND_DATE: _ClassVar[FieldKind]

class MergeScope(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MERGE_SCOPE_UNSPECIFIED: _ClassVar[MergeScope]
    MERGE_SCOPE_DELETED: _ClassVar[MergeScope]

class MergePhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MERGE_PHASE_UNSPECIFIED: _ClassVar[MergePhase]
    MERGE_PHASE_CASES: _ClassVar[MergePhase]
    MERGE_PHASE_GRAPH: _ClassVar[MergePhase]
BACKGROUND_TASK_UNSPECIFIED: BackgroundTask
BACKGROUND_TASK_COMMIT: BackgroundTask
BACKGROUND_TASK_MERGE: BackgroundTask
METRIC_UNSPECIFIED: Metric
METRIC_COSINE: Metric
METRIC_DOT_PRODUCT: Metric
METRIC_L2_DISTANCE: Metric
FIELD_KIND_UNSPECIFIED: FieldKind
FIELD_KIND_KEYWORD: FieldKind
FIELD_KIND_KEYWORDS: FieldKind
FIELD_KIND_INTEGER: FieldKind
FIELD_KIND_NUMBER: FieldKind
FIELD_KIND_DATE: FieldKind
MERGE_SCOPE_UNSPECIFIED: MergeScope
MERGE_SCOPE_DELETED: MergeScope
MERGE_PHASE_UNSPECIFIED: MergePhase
MERGE_PHASE_CASES: MergePhase
MERGE_PHASE_GRAPH: MergePhase

class ListIndexesRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListIndexesResponse(_message.Message):
    __slots__ = ("indexes",)
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    indexes: _containers.RepeatedCompositeFieldContainer[IndexSummary]
    def __init__(self, indexes: _Optional[_Iterable[_Union[IndexSummary, _Mapping]]] = ...) -> None: ...

class IndexSummary(_message.Message):
    __slots__ = ("name", "description", "case_count", "writable")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    WRITABLE_FIELD_NUMBER: _ClassVar[int]
    name: str
    description: str
    case_count: int
    writable: bool
    def __init__(self, name: _Optional[str] = ..., description: _Optional[str] = ..., case_count: _Optional[int] = ..., writable: bool = ...) -> None: ...

class GetIndexStatsRequest(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: str
    def __init__(self, index: _Optional[str] = ...) -> None: ...

class GetIndexStatsResponse(_message.Message):
    __slots__ = ("stats",)
    STATS_FIELD_NUMBER: _ClassVar[int]
    stats: IndexStats
    def __init__(self, stats: _Optional[_Union[IndexStats, _Mapping]] = ...) -> None: ...

class IndexStats(_message.Message):
    __slots__ = ("name", "generation", "case_count", "tombstone_count", "image_row_count", "distinct_vector_count", "image_space", "fields", "segments", "file_bytes", "pending_operation_count", "lexicon_fingerprint", "stale_case_count", "stale_segment_count", "background_failures", "damages")
    class FileBytesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOMBSTONE_COUNT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_VECTOR_COUNT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_SPACE_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    FILE_BYTES_FIELD_NUMBER: _ClassVar[int]
    PENDING_OPERATION_COUNT_FIELD_NUMBER: _ClassVar[int]
    LEXICON_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    STALE_CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    STALE_SEGMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FAILURES_FIELD_NUMBER: _ClassVar[int]
    DAMAGES_FIELD_NUMBER: _ClassVar[int]
    name: str
    generation: int
    case_count: int
    tombstone_count: int
    image_row_count: int
    distinct_vector_count: int
    image_space: Space
    fields: _containers.RepeatedCompositeFieldContainer[Field]
    segments: _containers.RepeatedCompositeFieldContainer[SegmentStats]
    file_bytes: _containers.ScalarMap[str, int]
    pending_operation_count: int
    lexicon_fingerprint: str
    stale_case_count: int
    stale_segment_count: int
    background_failures: _containers.RepeatedCompositeFieldContainer[BackgroundFailure]
    damages: _containers.RepeatedCompositeFieldContainer[Damage]
    def __init__(self, name: _Optional[str] = ..., generation: _Optional[int] = ..., case_count: _Optional[int] = ..., tombstone_count: _Optional[int] = ..., image_row_count: _Optional[int] = ..., distinct_vector_count: _Optional[int] = ..., image_space: _Optional[_Union[Space, _Mapping]] = ..., fields: _Optional[_Iterable[_Union[Field, _Mapping]]] = ..., segments: _Optional[_Iterable[_Union[SegmentStats, _Mapping]]] = ..., file_bytes: _Optional[_Mapping[str, int]] = ..., pending_operation_count: _Optional[int] = ..., lexicon_fingerprint: _Optional[str] = ..., stale_case_count: _Optional[int] = ..., stale_segment_count: _Optional[int] = ..., background_failures: _Optional[_Iterable[_Union[BackgroundFailure, _Mapping]]] = ..., damages: _Optional[_Iterable[_Union[Damage, _Mapping]]] = ...) -> None: ...

class BackgroundFailure(_message.Message):
    __slots__ = ("task", "problem", "first_failure", "last_failure", "attempt_count", "retried")
    TASK_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    FIRST_FAILURE_FIELD_NUMBER: _ClassVar[int]
    LAST_FAILURE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_COUNT_FIELD_NUMBER: _ClassVar[int]
    RETRIED_FIELD_NUMBER: _ClassVar[int]
    task: BackgroundTask
    problem: str
    first_failure: _timestamp_pb2.Timestamp
    last_failure: _timestamp_pb2.Timestamp
    attempt_count: int
    retried: bool
    def __init__(self, task: _Optional[_Union[BackgroundTask, str]] = ..., problem: _Optional[str] = ..., first_failure: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_failure: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., attempt_count: _Optional[int] = ..., retried: bool = ...) -> None: ...

class Space(_message.Message):
    __slots__ = ("dimension", "metric", "encoder_id", "notice", "encodes_images", "encodes_text")
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    ENCODES_IMAGES_FIELD_NUMBER: _ClassVar[int]
    ENCODES_TEXT_FIELD_NUMBER: _ClassVar[int]
    dimension: int
    metric: Metric
    encoder_id: str
    notice: str
    encodes_images: bool
    encodes_text: bool
    def __init__(self, dimension: _Optional[int] = ..., metric: _Optional[_Union[Metric, str]] = ..., encoder_id: _Optional[str] = ..., notice: _Optional[str] = ..., encodes_images: bool = ..., encodes_text: bool = ...) -> None: ...

class Field(_message.Message):
    __slots__ = ("name", "kind")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: FieldKind
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[_Union[FieldKind, str]] = ...) -> None: ...

class SegmentStats(_message.Message):
    __slots__ = ("id", "case_count", "tombstone_count", "image_row_count", "distinct_vector_count", "has_graph", "size_bytes", "lexicon_fingerprint", "repaired_vector_count", "has_codes")
    ID_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOMBSTONE_COUNT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    DISTINCT_VECTOR_COUNT_FIELD_NUMBER: _ClassVar[int]
    HAS_GRAPH_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    LEXICON_FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    REPAIRED_VECTOR_COUNT_FIELD_NUMBER: _ClassVar[int]
    HAS_CODES_FIELD_NUMBER: _ClassVar[int]
    id: str
    case_count: int
    tombstone_count: int
    image_row_count: int
    distinct_vector_count: int
    has_graph: bool
    size_bytes: int
    lexicon_fingerprint: str
    repaired_vector_count: int
    has_codes: bool
    def __init__(self, id: _Optional[str] = ..., case_count: _Optional[int] = ..., tombstone_count: _Optional[int] = ..., image_row_count: _Optional[int] = ..., distinct_vector_count: _Optional[int] = ..., has_graph: bool = ..., size_bytes: _Optional[int] = ..., lexicon_fingerprint: _Optional[str] = ..., repaired_vector_count: _Optional[int] = ..., has_codes: bool = ...) -> None: ...

class VerifyIndexRequest(_message.Message):
    __slots__ = ("index", "with_progress")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    WITH_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    index: str
    with_progress: bool
    def __init__(self, index: _Optional[str] = ..., with_progress: bool = ...) -> None: ...

class VerifyIndexResponse(_message.Message):
    __slots__ = ("damages", "checked_file_count", "checked_bytes", "total_bytes", "done")
    DAMAGES_FIELD_NUMBER: _ClassVar[int]
    CHECKED_FILE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CHECKED_BYTES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    damages: _containers.RepeatedCompositeFieldContainer[Damage]
    checked_file_count: int
    checked_bytes: int
    total_bytes: int
    done: bool
    def __init__(self, damages: _Optional[_Iterable[_Union[Damage, _Mapping]]] = ..., checked_file_count: _Optional[int] = ..., checked_bytes: _Optional[int] = ..., total_bytes: _Optional[int] = ..., done: bool = ...) -> None: ...

class MergeIndexRequest(_message.Message):
    __slots__ = ("index", "scope", "with_progress")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    WITH_PROGRESS_FIELD_NUMBER: _ClassVar[int]
    index: str
    scope: MergeScope
    with_progress: bool
    def __init__(self, index: _Optional[str] = ..., scope: _Optional[_Union[MergeScope, str]] = ..., with_progress: bool = ...) -> None: ...

class MergeIndexResponse(_message.Message):
    __slots__ = ("phase", "done_count", "total_count", "done", "generation", "segment_count")
    PHASE_FIELD_NUMBER: _ClassVar[int]
    DONE_COUNT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    phase: MergePhase
    done_count: int
    total_count: int
    done: bool
    generation: int
    segment_count: int
    def __init__(self, phase: _Optional[_Union[MergePhase, str]] = ..., done_count: _Optional[int] = ..., total_count: _Optional[int] = ..., done: bool = ..., generation: _Optional[int] = ..., segment_count: _Optional[int] = ...) -> None: ...

class Damage(_message.Message):
    __slots__ = ("file", "description")
    FILE_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    file: str
    description: str
    def __init__(self, file: _Optional[str] = ..., description: _Optional[str] = ...) -> None: ...
