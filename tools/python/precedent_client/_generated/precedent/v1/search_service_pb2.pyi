from precedent_client._generated.precedent.v1 import case_pb2 as _case_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CaseDetail(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_DETAIL_UNSPECIFIED: _ClassVar[CaseDetail]
    CASE_DETAIL_WITHOUT_REPORT: _ClassVar[CaseDetail]
    CASE_DETAIL_CASE_ID: _ClassVar[CaseDetail]

class VectorPath(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VECTOR_PATH_UNSPECIFIED: _ClassVar[VectorPath]
    VECTOR_PATH_GRAPH: _ClassVar[VectorPath]
    VECTOR_PATH_EXACT: _ClassVar[VectorPath]

class Projection(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PROJECTION_UNSPECIFIED: _ClassVar[Projection]
    PROJECTION_FRONTAL: _ClassVar[Projection]
    PROJECTION_LATERAL: _ClassVar[Projection]
    PROJECTION_OBLIQUE: _ClassVar[Projection]
    PROJECTION_DECUBITUS: _ClassVar[Projection]

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_IMAGE: _ClassVar[Channel]
    CHANNEL_LEXICAL: _ClassVar[Channel]
    CHANNEL_SENTENCE: _ClassVar[Channel]

class TakenPath(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TAKEN_PATH_UNSPECIFIED: _ClassVar[TakenPath]
    TAKEN_PATH_EXACT: _ClassVar[TakenPath]
    TAKEN_PATH_CODES: _ClassVar[TakenPath]
    TAKEN_PATH_GRAPH: _ClassVar[TakenPath]
    TAKEN_PATH_FILTERED_GRAPH: _ClassVar[TakenPath]

class WarningCode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WARNING_CODE_UNSPECIFIED: _ClassVar[WarningCode]
    WARNING_CODE_NO_PATIENT: _ClassVar[WarningCode]
    WARNING_CODE_PLACEHOLDER_PATIENT: _ClassVar[WarningCode]
    WARNING_CODE_DEMO_ENCODER: _ClassVar[WarningCode]
    WARNING_CODE_SPELLING: _ClassVar[WarningCode]
    WARNING_CODE_UNKNOWN_WORD: _ClassVar[WarningCode]
    WARNING_CODE_UNPLACED_IMAGE_TEXT: _ClassVar[WarningCode]
    WARNING_CODE_NOTHING_TO_SEARCH: _ClassVar[WarningCode]
    WARNING_CODE_STALE_LEXICON: _ClassVar[WarningCode]

class CaseOrder(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CASE_ORDER_UNSPECIFIED: _ClassVar[CaseOrder]
    CASE_ORDER_AS_INGESTED: _ClassVar[CaseOrder]

class AnswerPart(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ANSWER_PART_UNSPECIFIED: _ClassVar[AnswerPart]
    ANSWER_PART_CONSENSUS: _ClassVar[AnswerPart]
    ANSWER_PART_DISSENT: _ClassVar[AnswerPart]
    ANSWER_PART_EVIDENCE: _ClassVar[AnswerPart]
    ANSWER_PART_BACKGROUND: _ClassVar[AnswerPart]
    ANSWER_PART_ABSTENTION: _ClassVar[AnswerPart]
    ANSWER_PART_SENTENCE: _ClassVar[AnswerPart]
    ANSWER_PART_RERANK: _ClassVar[AnswerPart]
    ANSWER_PART_CALIBRATION: _ClassVar[AnswerPart]

class UnavailableReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNAVAILABLE_REASON_UNSPECIFIED: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_NO_IMAGE_QUERY: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_NO_REPORTS: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_HIDDEN_FINDINGS: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_NO_LOCAL_QUERY: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_NO_LOCAL_ENCODER: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_NO_REPORTS_ASKED: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_FEW_PATCHES: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_FEW_IMAGES: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_NO_SENTENCES: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_FEW_REPORTS: _ClassVar[UnavailableReason]
    UNAVAILABLE_REASON_NOT_BY_IMAGE_ALONE: _ClassVar[UnavailableReason]
CASE_DETAIL_UNSPECIFIED: CaseDetail
CASE_DETAIL_WITHOUT_REPORT: CaseDetail
CASE_DETAIL_CASE_ID: CaseDetail
VECTOR_PATH_UNSPECIFIED: VectorPath
VECTOR_PATH_GRAPH: VectorPath
VECTOR_PATH_EXACT: VectorPath
PROJECTION_UNSPECIFIED: Projection
PROJECTION_FRONTAL: Projection
PROJECTION_LATERAL: Projection
PROJECTION_OBLIQUE: Projection
PROJECTION_DECUBITUS: Projection
CHANNEL_UNSPECIFIED: Channel
CHANNEL_IMAGE: Channel
CHANNEL_LEXICAL: Channel
CHANNEL_SENTENCE: Channel
TAKEN_PATH_UNSPECIFIED: TakenPath
TAKEN_PATH_EXACT: TakenPath
TAKEN_PATH_CODES: TakenPath
TAKEN_PATH_GRAPH: TakenPath
TAKEN_PATH_FILTERED_GRAPH: TakenPath
WARNING_CODE_UNSPECIFIED: WarningCode
WARNING_CODE_NO_PATIENT: WarningCode
WARNING_CODE_PLACEHOLDER_PATIENT: WarningCode
WARNING_CODE_DEMO_ENCODER: WarningCode
WARNING_CODE_SPELLING: WarningCode
WARNING_CODE_UNKNOWN_WORD: WarningCode
WARNING_CODE_UNPLACED_IMAGE_TEXT: WarningCode
WARNING_CODE_NOTHING_TO_SEARCH: WarningCode
WARNING_CODE_STALE_LEXICON: WarningCode
CASE_ORDER_UNSPECIFIED: CaseOrder
CASE_ORDER_AS_INGESTED: CaseOrder
ANSWER_PART_UNSPECIFIED: AnswerPart
ANSWER_PART_CONSENSUS: AnswerPart
ANSWER_PART_DISSENT: AnswerPart
ANSWER_PART_EVIDENCE: AnswerPart
ANSWER_PART_BACKGROUND: AnswerPart
ANSWER_PART_ABSTENTION: AnswerPart
ANSWER_PART_SENTENCE: AnswerPart
ANSWER_PART_RERANK: AnswerPart
ANSWER_PART_CALIBRATION: AnswerPart
UNAVAILABLE_REASON_UNSPECIFIED: UnavailableReason
UNAVAILABLE_REASON_NO_IMAGE_QUERY: UnavailableReason
UNAVAILABLE_REASON_NO_REPORTS: UnavailableReason
UNAVAILABLE_REASON_HIDDEN_FINDINGS: UnavailableReason
UNAVAILABLE_REASON_NO_LOCAL_QUERY: UnavailableReason
UNAVAILABLE_REASON_NO_LOCAL_ENCODER: UnavailableReason
UNAVAILABLE_REASON_NO_REPORTS_ASKED: UnavailableReason
UNAVAILABLE_REASON_FEW_PATCHES: UnavailableReason
UNAVAILABLE_REASON_FEW_IMAGES: UnavailableReason
UNAVAILABLE_REASON_NO_SENTENCES: UnavailableReason
UNAVAILABLE_REASON_FEW_REPORTS: UnavailableReason
UNAVAILABLE_REASON_NOT_BY_IMAGE_ALONE: UnavailableReason

class SearchRequest(_message.Message):
    __slots__ = ("index", "embeddings", "text", "filter", "guards", "fusion", "limit", "page_size", "page_token", "exact", "vector_path", "ef_search", "images", "image_text", "target_recall", "detail", "literal_text", "encoded_images", "example_case_ids", "minimum_scores", "facets", "diversity", "judgement", "evidence", "rerank_count", "regions")
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
    ENCODED_IMAGES_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    MINIMUM_SCORES_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    DIVERSITY_FIELD_NUMBER: _ClassVar[int]
    JUDGEMENT_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    RERANK_COUNT_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
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
    detail: CaseDetail
    literal_text: bool
    encoded_images: _containers.RepeatedCompositeFieldContainer[EncodedQueryImage]
    example_case_ids: _containers.RepeatedScalarFieldContainer[str]
    minimum_scores: MinimumScores
    facets: _containers.RepeatedCompositeFieldContainer[FacetQuery]
    diversity: float
    judgement: JudgementRequest
    evidence: EvidenceRequest
    rerank_count: int
    regions: _containers.RepeatedCompositeFieldContainer[QueryRegion]
    def __init__(self, index: _Optional[str] = ..., embeddings: _Optional[_Iterable[_Union[_case_pb2.Embedding, _Mapping]]] = ..., text: _Optional[str] = ..., filter: _Optional[str] = ..., guards: _Optional[_Union[Guards, _Mapping]] = ..., fusion: _Optional[_Union[Fusion, _Mapping]] = ..., limit: _Optional[int] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., exact: bool = ..., vector_path: _Optional[_Union[VectorPath, str]] = ..., ef_search: _Optional[int] = ..., images: _Optional[_Iterable[_Union[QueryImage, _Mapping]]] = ..., image_text: _Optional[str] = ..., target_recall: _Optional[float] = ..., detail: _Optional[_Union[CaseDetail, str]] = ..., literal_text: bool = ..., encoded_images: _Optional[_Iterable[_Union[EncodedQueryImage, _Mapping]]] = ..., example_case_ids: _Optional[_Iterable[str]] = ..., minimum_scores: _Optional[_Union[MinimumScores, _Mapping]] = ..., facets: _Optional[_Iterable[_Union[FacetQuery, _Mapping]]] = ..., diversity: _Optional[float] = ..., judgement: _Optional[_Union[JudgementRequest, _Mapping]] = ..., evidence: _Optional[_Union[EvidenceRequest, _Mapping]] = ..., rerank_count: _Optional[int] = ..., regions: _Optional[_Iterable[_Union[QueryRegion, _Mapping]]] = ...) -> None: ...

class QueryRegion(_message.Message):
    __slots__ = ("image_index", "box", "polygon", "mask")
    IMAGE_INDEX_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    POLYGON_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    image_index: int
    box: PixelBox
    polygon: PixelPolygon
    mask: PixelMask
    def __init__(self, image_index: _Optional[int] = ..., box: _Optional[_Union[PixelBox, _Mapping]] = ..., polygon: _Optional[_Union[PixelPolygon, _Mapping]] = ..., mask: _Optional[_Union[PixelMask, _Mapping]] = ...) -> None: ...

class PixelPolygon(_message.Message):
    __slots__ = ("vertices",)
    VERTICES_FIELD_NUMBER: _ClassVar[int]
    vertices: _containers.RepeatedCompositeFieldContainer[PixelPoint]
    def __init__(self, vertices: _Optional[_Iterable[_Union[PixelPoint, _Mapping]]] = ...) -> None: ...

class PixelPoint(_message.Message):
    __slots__ = ("x", "y")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ...) -> None: ...

class PixelMask(_message.Message):
    __slots__ = ("width", "height", "bits")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    BITS_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    bits: bytes
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ..., bits: _Optional[bytes] = ...) -> None: ...

class EvidenceRequest(_message.Message):
    __slots__ = ("off", "sentence_count", "with_maps")
    OFF_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_COUNT_FIELD_NUMBER: _ClassVar[int]
    WITH_MAPS_FIELD_NUMBER: _ClassVar[int]
    off: bool
    sentence_count: int
    with_maps: bool
    def __init__(self, off: bool = ..., sentence_count: _Optional[int] = ..., with_maps: bool = ...) -> None: ...

class JudgementRequest(_message.Message):
    __slots__ = ("off", "neighbour_count", "false_alarm_rate")
    OFF_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOUR_COUNT_FIELD_NUMBER: _ClassVar[int]
    FALSE_ALARM_RATE_FIELD_NUMBER: _ClassVar[int]
    off: bool
    neighbour_count: int
    false_alarm_rate: float
    def __init__(self, off: bool = ..., neighbour_count: _Optional[int] = ..., false_alarm_rate: _Optional[float] = ...) -> None: ...

class EncodedQueryImage(_message.Message):
    __slots__ = ("embedding", "view", "content_sha256", "patient", "study_date", "view_position", "patches")
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    CONTENT_SHA256_FIELD_NUMBER: _ClassVar[int]
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    STUDY_DATE_FIELD_NUMBER: _ClassVar[int]
    VIEW_POSITION_FIELD_NUMBER: _ClassVar[int]
    PATCHES_FIELD_NUMBER: _ClassVar[int]
    embedding: _case_pb2.Embedding
    view: str
    content_sha256: bytes
    patient: _case_pb2.PatientKey
    study_date: str
    view_position: str
    patches: LocalPatches
    def __init__(self, embedding: _Optional[_Union[_case_pb2.Embedding, _Mapping]] = ..., view: _Optional[str] = ..., content_sha256: _Optional[bytes] = ..., patient: _Optional[_Union[_case_pb2.PatientKey, _Mapping]] = ..., study_date: _Optional[str] = ..., view_position: _Optional[str] = ..., patches: _Optional[_Union[LocalPatches, _Mapping]] = ...) -> None: ...

class LocalPatches(_message.Message):
    __slots__ = ("grid", "dimension", "step", "numbers")
    GRID_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    NUMBERS_FIELD_NUMBER: _ClassVar[int]
    grid: ImageGrid
    dimension: int
    step: float
    numbers: bytes
    def __init__(self, grid: _Optional[_Union[ImageGrid, _Mapping]] = ..., dimension: _Optional[int] = ..., step: _Optional[float] = ..., numbers: _Optional[bytes] = ...) -> None: ...

class ImageGrid(_message.Message):
    __slots__ = ("row_count", "column_count", "x", "y", "width", "height", "image_width_pixels", "image_height_pixels")
    ROW_COUNT_FIELD_NUMBER: _ClassVar[int]
    COLUMN_COUNT_FIELD_NUMBER: _ClassVar[int]
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    IMAGE_WIDTH_PIXELS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_HEIGHT_PIXELS_FIELD_NUMBER: _ClassVar[int]
    row_count: int
    column_count: int
    x: float
    y: float
    width: float
    height: float
    image_width_pixels: int
    image_height_pixels: int
    def __init__(self, row_count: _Optional[int] = ..., column_count: _Optional[int] = ..., x: _Optional[float] = ..., y: _Optional[float] = ..., width: _Optional[float] = ..., height: _Optional[float] = ..., image_width_pixels: _Optional[int] = ..., image_height_pixels: _Optional[int] = ...) -> None: ...

class MinimumScores(_message.Message):
    __slots__ = ("cosine", "dot_product", "l2_distance", "bm25")
    COSINE_FIELD_NUMBER: _ClassVar[int]
    DOT_PRODUCT_FIELD_NUMBER: _ClassVar[int]
    L2_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    BM25_FIELD_NUMBER: _ClassVar[int]
    cosine: float
    dot_product: float
    l2_distance: float
    bm25: float
    def __init__(self, cosine: _Optional[float] = ..., dot_product: _Optional[float] = ..., l2_distance: _Optional[float] = ..., bm25: _Optional[float] = ...) -> None: ...

class FacetQuery(_message.Message):
    __slots__ = ("field", "max_values")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    MAX_VALUES_FIELD_NUMBER: _ClassVar[int]
    field: str
    max_values: int
    def __init__(self, field: _Optional[str] = ..., max_values: _Optional[int] = ...) -> None: ...

class Facet(_message.Message):
    __slots__ = ("field", "values", "more_value_count", "missing_case_count")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    MORE_VALUE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MISSING_CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    field: str
    values: _containers.RepeatedCompositeFieldContainer[FacetValue]
    more_value_count: int
    missing_case_count: int
    def __init__(self, field: _Optional[str] = ..., values: _Optional[_Iterable[_Union[FacetValue, _Mapping]]] = ..., more_value_count: _Optional[int] = ..., missing_case_count: _Optional[int] = ...) -> None: ...

class FacetValue(_message.Message):
    __slots__ = ("value", "case_count")
    VALUE_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    value: str
    case_count: int
    def __init__(self, value: _Optional[str] = ..., case_count: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("image_weight", "lexical_weight", "rrf_k", "candidates", "sentence_weight")
    IMAGE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    LEXICAL_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    RRF_K_FIELD_NUMBER: _ClassVar[int]
    CANDIDATES_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_WEIGHT_FIELD_NUMBER: _ClassVar[int]
    image_weight: float
    lexical_weight: float
    rrf_k: float
    candidates: int
    sentence_weight: float
    def __init__(self, image_weight: _Optional[float] = ..., lexical_weight: _Optional[float] = ..., rrf_k: _Optional[float] = ..., candidates: _Optional[int] = ..., sentence_weight: _Optional[float] = ...) -> None: ...

class SearchResponse(_message.Message):
    __slots__ = ("hits", "total_hits", "next_page_token", "plan", "record", "encoded_images", "facets", "consensus", "dissent", "explained_images", "abstention")
    HITS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_HITS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PLAN_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    ENCODED_IMAGES_FIELD_NUMBER: _ClassVar[int]
    FACETS_FIELD_NUMBER: _ClassVar[int]
    CONSENSUS_FIELD_NUMBER: _ClassVar[int]
    DISSENT_FIELD_NUMBER: _ClassVar[int]
    EXPLAINED_IMAGES_FIELD_NUMBER: _ClassVar[int]
    ABSTENTION_FIELD_NUMBER: _ClassVar[int]
    hits: _containers.RepeatedCompositeFieldContainer[Hit]
    total_hits: int
    next_page_token: str
    plan: Plan
    record: Record
    encoded_images: _containers.RepeatedCompositeFieldContainer[EncodedQueryImage]
    facets: _containers.RepeatedCompositeFieldContainer[Facet]
    consensus: Consensus
    dissent: Dissent
    explained_images: _containers.RepeatedCompositeFieldContainer[ExplainedImage]
    abstention: Abstention
    def __init__(self, hits: _Optional[_Iterable[_Union[Hit, _Mapping]]] = ..., total_hits: _Optional[int] = ..., next_page_token: _Optional[str] = ..., plan: _Optional[_Union[Plan, _Mapping]] = ..., record: _Optional[_Union[Record, _Mapping]] = ..., encoded_images: _Optional[_Iterable[_Union[EncodedQueryImage, _Mapping]]] = ..., facets: _Optional[_Iterable[_Union[Facet, _Mapping]]] = ..., consensus: _Optional[_Union[Consensus, _Mapping]] = ..., dissent: _Optional[_Union[Dissent, _Mapping]] = ..., explained_images: _Optional[_Iterable[_Union[ExplainedImage, _Mapping]]] = ..., abstention: _Optional[_Union[Abstention, _Mapping]] = ...) -> None: ...

class Abstention(_message.Message):
    __slots__ = ("abstains", "p_value", "false_alarm_rate", "cosine", "dot_product", "l2_distance", "background_image_count", "projection")
    ABSTAINS_FIELD_NUMBER: _ClassVar[int]
    P_VALUE_FIELD_NUMBER: _ClassVar[int]
    FALSE_ALARM_RATE_FIELD_NUMBER: _ClassVar[int]
    COSINE_FIELD_NUMBER: _ClassVar[int]
    DOT_PRODUCT_FIELD_NUMBER: _ClassVar[int]
    L2_DISTANCE_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_IMAGE_COUNT_FIELD_NUMBER: _ClassVar[int]
    PROJECTION_FIELD_NUMBER: _ClassVar[int]
    abstains: bool
    p_value: float
    false_alarm_rate: float
    cosine: float
    dot_product: float
    l2_distance: float
    background_image_count: int
    projection: Projection
    def __init__(self, abstains: bool = ..., p_value: _Optional[float] = ..., false_alarm_rate: _Optional[float] = ..., cosine: _Optional[float] = ..., dot_product: _Optional[float] = ..., l2_distance: _Optional[float] = ..., background_image_count: _Optional[int] = ..., projection: _Optional[_Union[Projection, str]] = ...) -> None: ...

class Hit(_message.Message):
    __slots__ = ("rank", "case", "fused_score", "image", "lexical", "highlights", "evidence", "sentence", "rerank_score")
    RANK_FIELD_NUMBER: _ClassVar[int]
    CASE_FIELD_NUMBER: _ClassVar[int]
    FUSED_SCORE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    LEXICAL_FIELD_NUMBER: _ClassVar[int]
    HIGHLIGHTS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    RERANK_SCORE_FIELD_NUMBER: _ClassVar[int]
    rank: int
    case: _case_pb2.Case
    fused_score: float
    image: ImageScore
    lexical: LexicalScore
    highlights: _containers.RepeatedCompositeFieldContainer[Highlight]
    evidence: _containers.RepeatedCompositeFieldContainer[Evidence]
    sentence: SentenceScore
    rerank_score: float
    def __init__(self, rank: _Optional[int] = ..., case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ..., fused_score: _Optional[float] = ..., image: _Optional[_Union[ImageScore, _Mapping]] = ..., lexical: _Optional[_Union[LexicalScore, _Mapping]] = ..., highlights: _Optional[_Iterable[_Union[Highlight, _Mapping]]] = ..., evidence: _Optional[_Iterable[_Union[Evidence, _Mapping]]] = ..., sentence: _Optional[_Union[SentenceScore, _Mapping]] = ..., rerank_score: _Optional[float] = ...) -> None: ...

class Evidence(_message.Message):
    __slots__ = ("section_index", "section", "sentence", "findings", "cosine", "background", "query", "prior")
    SECTION_INDEX_FIELD_NUMBER: _ClassVar[int]
    SECTION_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    COSINE_FIELD_NUMBER: _ClassVar[int]
    BACKGROUND_FIELD_NUMBER: _ClassVar[int]
    QUERY_FIELD_NUMBER: _ClassVar[int]
    PRIOR_FIELD_NUMBER: _ClassVar[int]
    section_index: int
    section: _case_pb2.SectionKind
    sentence: _case_pb2.TextSpan
    findings: _containers.RepeatedCompositeFieldContainer[EvidenceFinding]
    cosine: float
    background: Background
    query: ImageLocation
    prior: ImageLocation
    def __init__(self, section_index: _Optional[int] = ..., section: _Optional[_Union[_case_pb2.SectionKind, str]] = ..., sentence: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., findings: _Optional[_Iterable[_Union[EvidenceFinding, _Mapping]]] = ..., cosine: _Optional[float] = ..., background: _Optional[_Union[Background, _Mapping]] = ..., query: _Optional[_Union[ImageLocation, _Mapping]] = ..., prior: _Optional[_Union[ImageLocation, _Mapping]] = ...) -> None: ...

class EvidenceFinding(_message.Message):
    __slots__ = ("finding", "assertion")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    ASSERTION_FIELD_NUMBER: _ClassVar[int]
    finding: str
    assertion: _case_pb2.Assertion
    def __init__(self, finding: _Optional[str] = ..., assertion: _Optional[_Union[_case_pb2.Assertion, str]] = ...) -> None: ...

class Background(_message.Message):
    __slots__ = ("share_below", "deviations")
    SHARE_BELOW_FIELD_NUMBER: _ClassVar[int]
    DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
    share_below: float
    deviations: float
    def __init__(self, share_below: _Optional[float] = ..., deviations: _Optional[float] = ...) -> None: ...

class ImageLocation(_message.Message):
    __slots__ = ("image_index", "cell", "box", "zone", "map")
    IMAGE_INDEX_FIELD_NUMBER: _ClassVar[int]
    CELL_FIELD_NUMBER: _ClassVar[int]
    BOX_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    MAP_FIELD_NUMBER: _ClassVar[int]
    image_index: int
    cell: int
    box: PixelBox
    zone: str
    map: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, image_index: _Optional[int] = ..., cell: _Optional[int] = ..., box: _Optional[_Union[PixelBox, _Mapping]] = ..., zone: _Optional[str] = ..., map: _Optional[_Iterable[float]] = ...) -> None: ...

class PixelBox(_message.Message):
    __slots__ = ("x", "y", "width", "height")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    x: int
    y: int
    width: int
    height: int
    def __init__(self, x: _Optional[int] = ..., y: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class ExplainedImage(_message.Message):
    __slots__ = ("grid", "map", "unexplained_cells")
    GRID_FIELD_NUMBER: _ClassVar[int]
    MAP_FIELD_NUMBER: _ClassVar[int]
    UNEXPLAINED_CELLS_FIELD_NUMBER: _ClassVar[int]
    grid: ImageGrid
    map: _containers.RepeatedScalarFieldContainer[float]
    unexplained_cells: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, grid: _Optional[_Union[ImageGrid, _Mapping]] = ..., map: _Optional[_Iterable[float]] = ..., unexplained_cells: _Optional[_Iterable[int]] = ...) -> None: ...

class Highlight(_message.Message):
    __slots__ = ("section_index", "section", "sentence", "matches")
    SECTION_INDEX_FIELD_NUMBER: _ClassVar[int]
    SECTION_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    section_index: int
    section: _case_pb2.SectionKind
    sentence: _case_pb2.TextSpan
    matches: _containers.RepeatedCompositeFieldContainer[HighlightMatch]
    def __init__(self, section_index: _Optional[int] = ..., section: _Optional[_Union[_case_pb2.SectionKind, str]] = ..., sentence: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., matches: _Optional[_Iterable[_Union[HighlightMatch, _Mapping]]] = ...) -> None: ...

class HighlightMatch(_message.Message):
    __slots__ = ("span", "assertion", "finding", "details")
    SPAN_FIELD_NUMBER: _ClassVar[int]
    ASSERTION_FIELD_NUMBER: _ClassVar[int]
    FINDING_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    span: _case_pb2.TextSpan
    assertion: _case_pb2.Assertion
    finding: str
    details: _case_pb2.MentionDetails
    def __init__(self, span: _Optional[_Union[_case_pb2.TextSpan, _Mapping]] = ..., assertion: _Optional[_Union[_case_pb2.Assertion, str]] = ..., finding: _Optional[str] = ..., details: _Optional[_Union[_case_pb2.MentionDetails, _Mapping]] = ...) -> None: ...

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

class SentenceScore(_message.Message):
    __slots__ = ("deviations", "rank", "contribution")
    DEVIATIONS_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    CONTRIBUTION_FIELD_NUMBER: _ClassVar[int]
    deviations: float
    rank: int
    contribution: float
    def __init__(self, deviations: _Optional[float] = ..., rank: _Optional[int] = ..., contribution: _Optional[float] = ...) -> None: ...

class Plan(_message.Message):
    __slots__ = ("channels", "fusion", "case_count", "match_count", "exact", "warnings", "guards", "views", "corrections", "times", "unavailable", "reranked_count")
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    FUSION_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    MATCH_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    WARNINGS_FIELD_NUMBER: _ClassVar[int]
    GUARDS_FIELD_NUMBER: _ClassVar[int]
    VIEWS_FIELD_NUMBER: _ClassVar[int]
    CORRECTIONS_FIELD_NUMBER: _ClassVar[int]
    TIMES_FIELD_NUMBER: _ClassVar[int]
    UNAVAILABLE_FIELD_NUMBER: _ClassVar[int]
    RERANKED_COUNT_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedCompositeFieldContainer[ChannelPlan]
    fusion: Fusion
    case_count: int
    match_count: int
    exact: bool
    warnings: _containers.RepeatedCompositeFieldContainer[Warning]
    guards: AppliedGuards
    views: _containers.RepeatedCompositeFieldContainer[AppliedView]
    corrections: _containers.RepeatedCompositeFieldContainer[TextCorrection]
    times: StepTimes
    unavailable: _containers.RepeatedCompositeFieldContainer[Unavailable]
    reranked_count: int
    def __init__(self, channels: _Optional[_Iterable[_Union[ChannelPlan, _Mapping]]] = ..., fusion: _Optional[_Union[Fusion, _Mapping]] = ..., case_count: _Optional[int] = ..., match_count: _Optional[int] = ..., exact: bool = ..., warnings: _Optional[_Iterable[_Union[Warning, _Mapping]]] = ..., guards: _Optional[_Union[AppliedGuards, _Mapping]] = ..., views: _Optional[_Iterable[_Union[AppliedView, _Mapping]]] = ..., corrections: _Optional[_Iterable[_Union[TextCorrection, _Mapping]]] = ..., times: _Optional[_Union[StepTimes, _Mapping]] = ..., unavailable: _Optional[_Iterable[_Union[Unavailable, _Mapping]]] = ..., reranked_count: _Optional[int] = ...) -> None: ...

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
    projection: Projection
    source: str
    def __init__(self, projection: _Optional[_Union[Projection, str]] = ..., source: _Optional[str] = ...) -> None: ...

class AppliedGuards(_message.Message):
    __slots__ = ("patient", "patient_source", "before", "before_source", "example_patients")
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    PATIENT_SOURCE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    BEFORE_SOURCE_FIELD_NUMBER: _ClassVar[int]
    EXAMPLE_PATIENTS_FIELD_NUMBER: _ClassVar[int]
    patient: _case_pb2.PatientKey
    patient_source: str
    before: str
    before_source: str
    example_patients: _containers.RepeatedCompositeFieldContainer[_case_pb2.PatientKey]
    def __init__(self, patient: _Optional[_Union[_case_pb2.PatientKey, _Mapping]] = ..., patient_source: _Optional[str] = ..., before: _Optional[str] = ..., before_source: _Optional[str] = ..., example_patients: _Optional[_Iterable[_Union[_case_pb2.PatientKey, _Mapping]]] = ...) -> None: ...

class ChannelPlan(_message.Message):
    __slots__ = ("channel", "path", "ef_search", "visited_count", "candidate_count", "exact", "target_recall")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    EF_SEARCH_FIELD_NUMBER: _ClassVar[int]
    VISITED_COUNT_FIELD_NUMBER: _ClassVar[int]
    CANDIDATE_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXACT_FIELD_NUMBER: _ClassVar[int]
    TARGET_RECALL_FIELD_NUMBER: _ClassVar[int]
    channel: Channel
    path: TakenPath
    ef_search: int
    visited_count: int
    candidate_count: int
    exact: bool
    target_recall: float
    def __init__(self, channel: _Optional[_Union[Channel, str]] = ..., path: _Optional[_Union[TakenPath, str]] = ..., ef_search: _Optional[int] = ..., visited_count: _Optional[int] = ..., candidate_count: _Optional[int] = ..., exact: bool = ..., target_recall: _Optional[float] = ...) -> None: ...

class StepTimes(_message.Message):
    __slots__ = ("admit_microseconds", "encode_microseconds", "filter_microseconds", "image_microseconds", "lexical_microseconds", "fusion_microseconds", "fetch_microseconds", "judge_microseconds", "evidence_microseconds", "sentence_microseconds", "rerank_microseconds")
    ADMIT_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    ENCODE_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    FILTER_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    LEXICAL_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    FUSION_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    FETCH_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    JUDGE_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    RERANK_MICROSECONDS_FIELD_NUMBER: _ClassVar[int]
    admit_microseconds: int
    encode_microseconds: int
    filter_microseconds: int
    image_microseconds: int
    lexical_microseconds: int
    fusion_microseconds: int
    fetch_microseconds: int
    judge_microseconds: int
    evidence_microseconds: int
    sentence_microseconds: int
    rerank_microseconds: int
    def __init__(self, admit_microseconds: _Optional[int] = ..., encode_microseconds: _Optional[int] = ..., filter_microseconds: _Optional[int] = ..., image_microseconds: _Optional[int] = ..., lexical_microseconds: _Optional[int] = ..., fusion_microseconds: _Optional[int] = ..., fetch_microseconds: _Optional[int] = ..., judge_microseconds: _Optional[int] = ..., evidence_microseconds: _Optional[int] = ..., sentence_microseconds: _Optional[int] = ..., rerank_microseconds: _Optional[int] = ...) -> None: ...

class Warning(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: WarningCode
    message: str
    def __init__(self, code: _Optional[_Union[WarningCode, str]] = ..., message: _Optional[str] = ...) -> None: ...

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
    __slots__ = ("index", "case_id", "with_embeddings")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    WITH_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    index: str
    case_id: str
    with_embeddings: bool
    def __init__(self, index: _Optional[str] = ..., case_id: _Optional[str] = ..., with_embeddings: bool = ...) -> None: ...

class GetCaseResponse(_message.Message):
    __slots__ = ("case", "generation")
    CASE_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    case: _case_pb2.Case
    generation: int
    def __init__(self, case: _Optional[_Union[_case_pb2.Case, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class BatchGetCasesRequest(_message.Message):
    __slots__ = ("index", "case_ids", "detail", "with_embeddings")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    WITH_EMBEDDINGS_FIELD_NUMBER: _ClassVar[int]
    index: str
    case_ids: _containers.RepeatedScalarFieldContainer[str]
    detail: CaseDetail
    with_embeddings: bool
    def __init__(self, index: _Optional[str] = ..., case_ids: _Optional[_Iterable[str]] = ..., detail: _Optional[_Union[CaseDetail, str]] = ..., with_embeddings: bool = ...) -> None: ...

class BatchGetCasesResponse(_message.Message):
    __slots__ = ("cases", "unknown_case_ids", "generation")
    CASES_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_CASE_IDS_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[_case_pb2.Case]
    unknown_case_ids: _containers.RepeatedScalarFieldContainer[str]
    generation: int
    def __init__(self, cases: _Optional[_Iterable[_Union[_case_pb2.Case, _Mapping]]] = ..., unknown_case_ids: _Optional[_Iterable[str]] = ..., generation: _Optional[int] = ...) -> None: ...

class GetThumbnailRequest(_message.Message):
    __slots__ = ("index", "case_id", "image_index")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CASE_ID_FIELD_NUMBER: _ClassVar[int]
    IMAGE_INDEX_FIELD_NUMBER: _ClassVar[int]
    index: str
    case_id: str
    image_index: int
    def __init__(self, index: _Optional[str] = ..., case_id: _Optional[str] = ..., image_index: _Optional[int] = ...) -> None: ...

class GetThumbnailResponse(_message.Message):
    __slots__ = ("jpeg", "width_pixels", "height_pixels", "grid", "generation")
    JPEG_FIELD_NUMBER: _ClassVar[int]
    WIDTH_PIXELS_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_PIXELS_FIELD_NUMBER: _ClassVar[int]
    GRID_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    jpeg: bytes
    width_pixels: int
    height_pixels: int
    grid: ImageGrid
    generation: int
    def __init__(self, jpeg: _Optional[bytes] = ..., width_pixels: _Optional[int] = ..., height_pixels: _Optional[int] = ..., grid: _Optional[_Union[ImageGrid, _Mapping]] = ..., generation: _Optional[int] = ...) -> None: ...

class ListCasesRequest(_message.Message):
    __slots__ = ("index", "filter", "patient", "order", "detail", "page_size", "page_token")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PATIENT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    index: str
    filter: str
    patient: _case_pb2.PatientKey
    order: CaseOrder
    detail: CaseDetail
    page_size: int
    page_token: str
    def __init__(self, index: _Optional[str] = ..., filter: _Optional[str] = ..., patient: _Optional[_Union[_case_pb2.PatientKey, _Mapping]] = ..., order: _Optional[_Union[CaseOrder, str]] = ..., detail: _Optional[_Union[CaseDetail, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListCasesResponse(_message.Message):
    __slots__ = ("cases", "total_count", "next_page_token", "generation")
    CASES_FIELD_NUMBER: _ClassVar[int]
    TOTAL_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    cases: _containers.RepeatedCompositeFieldContainer[_case_pb2.Case]
    total_count: int
    next_page_token: str
    generation: int
    def __init__(self, cases: _Optional[_Iterable[_Union[_case_pb2.Case, _Mapping]]] = ..., total_count: _Optional[int] = ..., next_page_token: _Optional[str] = ..., generation: _Optional[int] = ...) -> None: ...

class Consensus(_message.Message):
    __slots__ = ("votes", "more_finding_count", "neighbour_count", "effective_patient_count", "reported_case_count", "calibrated", "calibration")
    VOTES_FIELD_NUMBER: _ClassVar[int]
    MORE_FINDING_COUNT_FIELD_NUMBER: _ClassVar[int]
    NEIGHBOUR_COUNT_FIELD_NUMBER: _ClassVar[int]
    EFFECTIVE_PATIENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    REPORTED_CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    CALIBRATED_FIELD_NUMBER: _ClassVar[int]
    CALIBRATION_FIELD_NUMBER: _ClassVar[int]
    votes: _containers.RepeatedCompositeFieldContainer[FindingVote]
    more_finding_count: int
    neighbour_count: int
    effective_patient_count: float
    reported_case_count: int
    calibrated: bool
    calibration: Calibration
    def __init__(self, votes: _Optional[_Iterable[_Union[FindingVote, _Mapping]]] = ..., more_finding_count: _Optional[int] = ..., neighbour_count: _Optional[int] = ..., effective_patient_count: _Optional[float] = ..., reported_case_count: _Optional[int] = ..., calibrated: bool = ..., calibration: _Optional[_Union[Calibration, _Mapping]] = ...) -> None: ...

class Calibration(_message.Message):
    __slots__ = ("case_count", "share_count", "generation", "constant", "by_share", "by_rest", "by_base_rate")
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_COUNT_FIELD_NUMBER: _ClassVar[int]
    GENERATION_FIELD_NUMBER: _ClassVar[int]
    CONSTANT_FIELD_NUMBER: _ClassVar[int]
    BY_SHARE_FIELD_NUMBER: _ClassVar[int]
    BY_REST_FIELD_NUMBER: _ClassVar[int]
    BY_BASE_RATE_FIELD_NUMBER: _ClassVar[int]
    case_count: int
    share_count: int
    generation: int
    constant: float
    by_share: float
    by_rest: float
    by_base_rate: float
    def __init__(self, case_count: _Optional[int] = ..., share_count: _Optional[int] = ..., generation: _Optional[int] = ..., constant: _Optional[float] = ..., by_share: _Optional[float] = ..., by_rest: _Optional[float] = ..., by_base_rate: _Optional[float] = ...) -> None: ...

class CalibratedShare(_message.Message):
    __slots__ = ("share", "lower", "upper")
    SHARE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    share: float
    lower: float
    upper: float
    def __init__(self, share: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ...) -> None: ...

class FindingVote(_message.Message):
    __slots__ = ("finding", "name", "present_count", "uncertain_count", "absent_count", "unmentioned_count", "share", "lower", "upper", "base_rate", "lift", "grades", "calibrated")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PRESENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCERTAIN_COUNT_FIELD_NUMBER: _ClassVar[int]
    ABSENT_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNMENTIONED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    LOWER_FIELD_NUMBER: _ClassVar[int]
    UPPER_FIELD_NUMBER: _ClassVar[int]
    BASE_RATE_FIELD_NUMBER: _ClassVar[int]
    LIFT_FIELD_NUMBER: _ClassVar[int]
    GRADES_FIELD_NUMBER: _ClassVar[int]
    CALIBRATED_FIELD_NUMBER: _ClassVar[int]
    finding: str
    name: str
    present_count: int
    uncertain_count: int
    absent_count: int
    unmentioned_count: int
    share: float
    lower: float
    upper: float
    base_rate: float
    lift: float
    grades: Grades
    calibrated: CalibratedShare
    def __init__(self, finding: _Optional[str] = ..., name: _Optional[str] = ..., present_count: _Optional[int] = ..., uncertain_count: _Optional[int] = ..., absent_count: _Optional[int] = ..., unmentioned_count: _Optional[int] = ..., share: _Optional[float] = ..., lower: _Optional[float] = ..., upper: _Optional[float] = ..., base_rate: _Optional[float] = ..., lift: _Optional[float] = ..., grades: _Optional[_Union[Grades, _Mapping]] = ..., calibrated: _Optional[_Union[CalibratedShare, _Mapping]] = ...) -> None: ...

class Grades(_message.Message):
    __slots__ = ("shares", "median")
    SHARES_FIELD_NUMBER: _ClassVar[int]
    MEDIAN_FIELD_NUMBER: _ClassVar[int]
    shares: _containers.RepeatedCompositeFieldContainer[GradeShare]
    median: str
    def __init__(self, shares: _Optional[_Iterable[_Union[GradeShare, _Mapping]]] = ..., median: _Optional[str] = ...) -> None: ...

class GradeShare(_message.Message):
    __slots__ = ("grade", "name", "case_count", "share")
    GRADE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CASE_COUNT_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    grade: str
    name: str
    case_count: int
    share: float
    def __init__(self, grade: _Optional[str] = ..., name: _Optional[str] = ..., case_count: _Optional[int] = ..., share: _Optional[float] = ...) -> None: ...

class Dissent(_message.Message):
    __slots__ = ("leading", "normal")
    LEADING_FIELD_NUMBER: _ClassVar[int]
    NORMAL_FIELD_NUMBER: _ClassVar[int]
    leading: _containers.RepeatedCompositeFieldContainer[FindingDissent]
    normal: _containers.RepeatedCompositeFieldContainer[Hit]
    def __init__(self, leading: _Optional[_Iterable[_Union[FindingDissent, _Mapping]]] = ..., normal: _Optional[_Iterable[_Union[Hit, _Mapping]]] = ...) -> None: ...

class FindingDissent(_message.Message):
    __slots__ = ("finding", "name", "denied", "cases")
    FINDING_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DENIED_FIELD_NUMBER: _ClassVar[int]
    CASES_FIELD_NUMBER: _ClassVar[int]
    finding: str
    name: str
    denied: bool
    cases: _containers.RepeatedCompositeFieldContainer[Hit]
    def __init__(self, finding: _Optional[str] = ..., name: _Optional[str] = ..., denied: bool = ..., cases: _Optional[_Iterable[_Union[Hit, _Mapping]]] = ...) -> None: ...

class Unavailable(_message.Message):
    __slots__ = ("part", "reason", "description")
    PART_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    part: AnswerPart
    reason: UnavailableReason
    description: str
    def __init__(self, part: _Optional[_Union[AnswerPart, str]] = ..., reason: _Optional[_Union[UnavailableReason, str]] = ..., description: _Optional[str] = ...) -> None: ...
