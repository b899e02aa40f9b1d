from precedent_client._generated.precedent.v1 import case_pb2 as _case_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HitDetail(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HIT_DETAIL_UNSPECIFIED: _ClassVar[HitDetail]
    HIT_DETAIL_WITHOUT_REPORT: _ClassVar[HitDetail]
    HIT_DETAIL_CASE_ID: _ClassVar[HitDetail]

class VectorPath(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VECTOR_PATH_UNSPECIFIED: _ClassVar[VectorPath]
    VECTOR_PATH_GRAPH: _ClassVar[VectorPath]
    VECTOR_PATH_EXACT: _ClassVar[VectorPath]

class Side(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIDE_UNSPECIFIED: _ClassVar[Side]
    SIDE_LEFT: _ClassVar[Side]
    SIDE_RIGHT: _ClassVar[Side]
    SIDE_BILATERAL: _ClassVar[Side]
HIT_DETAIL_UNSPECIFIED: HitDetail
HIT_DETAIL_WITHOUT_REPORT: HitDetail
HIT_DETAIL_CASE_ID: HitDetail
VECTOR_PATH_UNSPECIFIED: VectorPath
VECTOR_PATH_GRAPH: VectorPath
VECTOR_PATH_EXACT: VectorPath
SIDE_UNSPECIFIED: Side
SIDE_LEFT: Side
SIDE_RIGHT: Side
SIDE_BILATERAL: Side

class SearchRequest(_message.Message):
    __slots__ = ("index", "embeddings", "text", "filter", "guards", "fusion", "limit", "page_size", "page_token", "exact", "vector_path", "ef_search", "images", "image_text", "target_recall", "detail", "literal_text")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    GUARDS_FIELD_NUMBER: _ClassVar[int]
    FUSION_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    VECTOR_PATH_FIELD_NUMBER: _ClassVar[int]
    EF_SEARCH_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    IMAGE_TEXT_FIELD_NUMBER: _ClassVar[int]
    TARGET_RECALL_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    LITERAL_TEXT_FIELD_NUMBER: _ClassVar[int]
    index: str
    embeddings: _containers.RepeatedCompositeFieldContainer[_case_pb2.Embedding]
    text: str
    filter: str
    guards: Guards
    fusion: Fusion
    limit: int
    page_size: int
    page_token: str
    exact: bool
    vector_path: VectorPath
    ef_search: int
    images: _containers.RepeatedCompositeFieldContainer[QueryImage]
    image_text: str
    target_recall: float
    detail: HitDetail
    literal_text: bool
    def __init__(self, index: _Optional[str] = ..., embeddings: _Optional[_Iterable[_Union[_case_pb2.Embedding, _Mapping]]] = ..., text: _Optional[str] = ..., filter: _Optional[str] = ..., guards: _Optional[_Union[Guards, _Mapping]] = ..., fusion: _Optional[_Union[Fusion, _Mapping]] = ..., limit: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., exact: bool = ..., vector_path: _Optional[_Union[VectorPath, str]] = ..., ef_search: _Optional[int] = ..., images: _Optional[_Iterable[_Union[QueryImage, _Mapping]]] = ..., image_text: _Optional[str] = ..., target_recall: _Optional[float] = ..., detail: _Optional[_Union[HitDetail, str]] = ..., literal_text: bool = ...) -> None: ...

class QueryImage(_message.Message):
    __slots__ = ("content", "view")
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    content: bytes
    view: str
    def __init__(self, content: _Optional[bytes] = ..., view: _Optional[str] = ...) -> None: ...

class Guards(_message.Message):
    __slots__ = ("patient", "include_same_patient", "before", "several_per_patient", "before_study_date")
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_SAME_PATIENT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    SEVERAL_PER_PATIENT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_STUDY_DATE_FIELD_NUMBER: _ClassVar[int]
    patient: _case_pb2.PatientKey
    include_same_patient: bool
    before: str
    several_per_patient: bool
    before_study_date: bool
    def __init__(self, patient: _Optional[_Union[_case_pb2.PatientKey, _Mapping]] = ..., include_same_patient: bool = ..., before: _Optional[str] = ..., several_per_patient: bool = ..., before_study_date: bool = ...) -> None: ...

class Fusion(_message.Message):
    __slots__ = ("image_weight", "lexical_weight", "rrf_k", "candidates")
    IMAGE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    LEXICAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RRF_K_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    image_weight: float
    lexical_weight: float
    rrf_k: float
    candidates: int
    def __init__(self, image_weight: _Optional[float] = ..., lexical_weight: _Optional[float] = ..., rrf_k: _Optional[float] = ..., candidates: _Optional[int] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("hits", "total_hits", "next_page_token", "plan", "record")
    HITS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_HITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[Hit]
    total_hits: int
    next_page_token: str
    plan: Plan
    record: Record
    def __init__(self, hits: _Optional[_Iterable[_Union[Hit, _Mapping]]] = ..., total_hits: _Optional[int] = ..., next_page_token: _Optional[str] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., record: _Optional[_Union[Record, _Mapping]] = ...) -> None: ...

class Hit(_message.Message):
    __slots__ = ("rank", "case", "fused_score", "image", "lexical", "highlights")
    RANK_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    FUSED_SCORE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    LEXICAL_FIELD_NUMBER: _ClassVar[int]
    HIGHLIGHTS_FIELD_NUMBER: _ClassVar[int]
    rank: int
    case: _case_pb2.Case
    fused_score: float
    image: ImageScore
    lexical: LexicalScore
    highlights: _containers.RepeatedCompositeFieldContainer[Highlight]
    def __init__(self, rank: _Optional[int] = ..., case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ..., fused_score: _Optional[float] = ..., image: _Optional[_Union[ImageScore, _Mapping]] = ..., lexical: _Optional[_Union[LexicalScore, _Mapping]] = ..., highlights: _Optional[_Iterable[_Union[Highlight, _Mapping]]] = ...) -> None: ...

class Highlight(_message.Message):
    __slots__ = ("section_index", "section", "sentence", "matches")
    SECTION_INDEX_FIELD_NUMBER: _ClassVar[int]
    SECTION_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    section_index: int
    section: str
    sentence: _case_pb2.TextSpan
    matches: _containers.RepeatedCompositeFieldContainer[HighlightMatch]
    def __init__(self, section_index: _Optional[int] = ..., section: _Optional[str] = ..., sentence: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., matches: _Optional[_Iterable[_Union[HighlightMatch, _Mapping]]] = ...) -> None: ...

class HighlightMatch(_message.Message):
    __slots__ = ("span", "assertion", "finding", "details")
    SPAN_FIELD_NUMBER: _ClassVar[int]
    ASSERTION_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    span: _case_pb2.TextSpan
    assertion: _case_pb2.Assertion
    finding: str
    details: MentionDetails
    def __init__(self, span: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., assertion: _Optional[_Union[_case_pb2.Assertion, str]] = ..., finding: _Optional[str] = ..., details: _Optional[_Union[MentionDetails, _Mapping]] = ...) -> None: ...

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

class ImageScore(_message.Message):
    __slots__ = ("cosine", "dot_product", "l2_distance", "rank", "contribution", "image_index", "embedding_index")
    COSINE_FIELD_NUMBER: _ClassVar[int]
    DOT_PRODUCT_FIELD_NUMBER: _ClassVar[int]
    L2_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    IMAGE_INDEX_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_INDEX_FIELD_NUMBER: _ClassVar[int]
    cosine: float
    dot_product: float
    l2_distance: float
    rank: int
    contribution: float
    image_index: int
    embedding_index: int
    def __init__(self, cosine: _Optional[float] = ..., dot_product: _Optional[float] = ..., l2_distance: _Optional[float] = ..., rank: _Optional[int] = ..., contribution: _Optional[float] = ..., image_index: _Optional[int] = ..., embedding_index: _Optional[int] = ...) -> None: ...

class LexicalScore(_message.Message):
    __slots__ = ("bm25", "rank", "contribution")
    BM25_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    bm25: float
    rank: int
    contribution: float
    def __init__(self, bm25: _Optional[float] = ..., rank: _Optional[int] = ..., contribution: _Optional[float] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("channels", "fusion", "case_count", "match_count", "exact", "warnings", "guards", "views", "corrections")
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    FUSION_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MATCH_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    GUARDS_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    CORRECTIONS_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedCompositeFieldContainer[ChannelPlan]
    fusion: Fusion
    case_count: int
    match_count: int
    exact: bool
    warnings: _containers.RepeatedCompositeFieldContainer[Warning]
    guards: AppliedGuards
    views: _containers.RepeatedCompositeFieldContainer[AppliedView]
    corrections: _containers.RepeatedCompositeFieldContainer[TextCorrection]
    def __init__(self, channels: _Optional[_Iterable[_Union[ChannelPlan, _Mapping]]] = ..., fusion: _Optional[_Union[Fusion, _Mapping]] = ..., case_count: _Optional[int] = ..., match_count: _Optional[int] = ..., exact: bool = ..., warnings: _Optional[_Iterable[_Union[Warning, _Mapping]]] = ..., guards: _Optional[_Union[AppliedGuards, _Mapping]] = ..., views: _Optional[_Iterable[_Union[AppliedView, _Mapping]]] = ..., corrections: _Optional[_Iterable[_Union[TextCorrection, _Mapping]]] = ...) -> None: ...

class TextCorrection(_message.Message):
    __slots__ = ("written", "searched")
    WRITTEN_FIELD_NUMBER: _ClassVar[int]
    SEARCHED_FIELD_NUMBER: _ClassVar[int]
    written: str
    searched: str
    def __init__(self, written: _Optional[str] = ..., searched: _Optional[str] = ...) -> None: ...

class AppliedView(_message.Message):
    __slots__ = ("projection", "source")
    PROJECTION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    projection: str
    source: str
    def __init__(self, projection: _Optional[str] = ..., source: _Optional[str] = ...) -> None: ...

class AppliedGuards(_message.Message):
    __slots__ = ("patient", "patient_source", "before", "before_source")
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    PATIENT_SOURCE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    patient: _case_pb2.PatientKey
    patient_source: str
    before: str
    before_source: str
    def __init__(self, patient: _Optional[_Union[_case_pb2.PatientKey, _Mapping]] = ..., patient_source: _Optional[str] = ..., before: _Optional[str] = ..., before_source: _Optional[str] = ...) -> None: ...

class ChannelPlan(_message.Message):
    __slots__ = ("channel", "path", "ef_search", "visited_count", "candidate_count", "exact", "target_recall")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    EF_SEARCH_FIELD_NUMBER: _ClassVar[int]
    VISITED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    TARGET_RECALL_FIELD_NUMBER: _ClassVar[int]
    channel: str
    path: str
    ef_search: int
    visited_count: int
    candidate_count: int
    exact: bool
    target_recall: float
    def __init__(self, channel: _Optional[str] = ..., path: _Optional[str] = ..., ef_search: _Optional[int] = ..., visited_count: _Optional[int] = ..., candidate_count: _Optional[int] = ..., exact: bool = ..., target_recall: _Optional[float] = ...) -> None: ...

class Warning(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: str
    message: str
    def __init__(self, code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class Record(_message.Message):
    __slots__ = ("index", "generation", "encoder_id", "request_digest")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    ENCODER_ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    index: str
    generation: int
    encoder_id: str
    request_digest: str
    def __init__(self, index: _Optional[str] = ..., generation: _Optional[int] = ..., encoder_id: _Optional[str] = ..., request_digest: _Optional[str] = ...) -> None: ...

class BatchSearchRequest(_message.Message):
    __slots__ = ("requests",)
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[SearchRequest]
    def __init__(self, requests: _Optional[_Iterable[_Union[SearchRequest, _Mapping]]] = ...) -> None: ...

class BatchSearchResponse(_message.Message):
    __slots__ = ("responses",)
    RESPONSES_FIELD_NUMBER: _ClassVar[int]
    responses: _containers.RepeatedCompositeFieldContainer[SearchResponse]
    def __init__(self, responses: _Optional[_Iterable[_Union[SearchResponse, _Mapping]]] = ...) -> None: ...

class GetCaseRequest(_message.Message):
    __slots__ = ("index", "case_id")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    index: str
    case_id: str
    def __init__(self, index: _Optional[str] = ..., case_id: _Optional[str] = ...) -> None: ...

class GetCaseResponse(_message.Message):
    __slots__ = ("case", "generation")
    CASE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    generation: int
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...
