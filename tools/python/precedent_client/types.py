"""What is asked and what is answered.

Report text, identifiers and embeddings stay out of every ``repr``, so that none of them ends in a log by accident. What
notebooks show instead (``_repr_html_``) has them: there a person looks at a case.
"""

from __future__ import annotations

import dataclasses
import enum
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, overload

from .errors import Violation

if TYPE_CHECKING:
    import pandas


class Array(Protocol):
    """An array of NumPy, PyTorch and the like."""

    def tolist(self) -> Any: ...


Vector = Sequence[float] | Array
"""The numbers of one embedding."""

File = bytes | bytearray | memoryview | str | os.PathLike[str]
"""A DICOM, PNG or JPEG file: its bytes, or its path on this machine."""


@dataclass(frozen=True)
class PatientKey:
    """Whose study it is. Two issuers may give the same id to two people."""

    id: str = field(repr=False)
    issuer: str = field(default="", repr=False)


@dataclass(frozen=True)
class Embedding:
    """The output of an encoder, with the encoder's id."""

    values: Vector = field(repr=False)
    encoder_id: str


@dataclass(frozen=True)
class Image:
    """One picture of a case. Its embedding, or its file, is given at ingest; an embedding is returned only if asked for."""

    name: str = field(default="", repr=False)
    view: str = ""
    embedding: Embedding | None = None
    content: File | None = field(default=None, repr=False)
    """In place of an embedding: the server encodes it, and takes from its header what the case does not say."""


@dataclass(frozen=True)
class Section:
    """One heading part of a report."""

    kind: str
    """``indication``, ``comparison``, ``technique``, ``findings``, ``impression``, or ``body``."""
    text: str = field(repr=False)


FieldValue = str | int | float


@dataclass(frozen=True)
class Case:
    """One study with its report and images. Notebooks show it whole."""

    case_id: str = field(repr=False)
    patient: PatientKey | None = field(default=None, repr=False)
    fields: Mapping[str, FieldValue | Sequence[FieldValue]] = field(default_factory=dict, repr=False)
    report: str | Mapping[str, str] | Sequence[Section] = field(default=(), repr=False)
    """Text without headings, or text by section kind, or sections. Returned as sections."""
    images: Sequence[Image] = ()

    def section(self, kind: str) -> str | None:
        """The text of the first section of that kind."""
        return next((section.text for section in self.sections() if section.kind == kind), None)

    def sections(self) -> list[Section]:
        """The report as sections, in the order given."""
        if isinstance(self.report, str):
            return [Section("body", self.report)] if self.report else []
        if isinstance(self.report, Mapping):
            return [Section(kind, text) for kind, text in self.report.items()]
        return list(self.report)

    def _repr_html_(self) -> str:
        from ._html import case_html

        return case_html(self)


class VectorPath(enum.Enum):
    """How the image channel looks."""

    AUTO = 0
    """The cheaper of the two at the promised recall."""
    GRAPH = 1
    EXACT = 2


class CaseDetail(enum.Enum):
    """How much of a case is returned."""

    WHOLE = 0
    """All that was ingested, and highlights."""
    WITHOUT_REPORT = 1
    """No report and no highlights: for lists, from which ``get_case`` opens single cases."""
    CASE_ID = 2
    """Of the case its id alone, and no highlights."""


@dataclass(frozen=True)
class Fusion:
    """Weighted reciprocal rank fusion; ``None`` is the server's default."""

    image_weight: float | None = None
    lexical_weight: float | None = None
    rrf_k: float | None = None
    candidates: int | None = None
    sentence_weight: float | None = None
    """Of the sentences of the reports against the parts of the images; ``None`` is 0, which turns the channel off."""


class Replacement(enum.Enum):
    """What becomes of a case that the index holds under the id of one that comes in."""

    WHOLE = 0
    """It is replaced whole; rejected if the new case has no report or no patient and the held one has, or if it has
    fewer images or embeddings."""
    WITHOUT = 1
    """It is replaced whole, whatever is lost."""
    UPDATE = 2
    """What is given replaces what is held, and what is not given is kept."""
    IF_ABSENT = 3
    """It is left alone; only a case whose id is not held is put."""


@dataclass(frozen=True)
class QueryImage:
    """A query image."""

    content: File = field(repr=False)
    view: str = ""


@dataclass(frozen=True)
class ImageGrid:
    """A grid of cells of equal size over an image, which may be smaller than the grid."""

    row_count: int
    column_count: int
    x: float
    """The rectangle that the grid covers, in pixels of the original image from its top left."""
    y: float
    width: float
    height: float
    image_width_pixels: int
    image_height_pixels: int


@dataclass(frozen=True)
class Thumbnail:
    """The small picture that an index keeps of an image. It shows the patient: protect it as you protect images."""

    jpeg: bytes = field(repr=False)
    """A grey JPEG file, upright, with square pixels."""
    width_pixels: int
    height_pixels: int
    grid: ImageGrid | None
    """The cells of the original image, with its size; None if the index keeps no parts of it."""
    generation: int


@dataclass(frozen=True)
class LocalPatches:
    """The vectors of the cells of a grid over an image, in one byte per number."""

    grid: ImageGrid
    dimension: int
    step: float
    """What each whole number is multiplied with."""
    numbers: bytes = field(repr=False)
    """Cell by cell, row by row: a signed byte for each number."""


@dataclass(frozen=True)
class EncodedQueryImage:
    """What a query image became: its embedding, and what the search uses of its header. Send it in place of the image."""

    embedding: Embedding
    view: str
    content_sha256: bytes = field(repr=False)
    patient: PatientKey | None = field(default=None, repr=False)
    study_date: str = field(default="", repr=False)
    view_position: str = ""
    patches: LocalPatches | None = field(default=None, repr=False)
    """The parts of the image, for evidence."""


@dataclass(frozen=True)
class QueryRegion:
    """A part of an image of the query, in pixels of the original image: one of the outlines."""

    image_index: int = 0
    box: tuple[int, int, int, int] | None = None
    """Left and upper edge, width and height."""
    polygon: Sequence[tuple[float, float]] = ()
    """3 to 256 vertices in their order; the last is joined to the first."""
    mask: Sequence[Sequence[bool]] | None = field(default=None, repr=False)
    """For each row of the image which pixels belong to it; a numpy array serves, too."""


@dataclass(frozen=True)
class MinimumScores:
    """The least that a channel puts a case forward for; a hit has reached it in one channel at least. Of the first three,
    the one of the index's metric."""

    cosine: float | None = None
    dot_product: float | None = None
    l2_distance: float | None = None
    """The largest distance."""
    bm25: float | None = None
    """Its scale depends on the text and the archive: take it from the hits of the same text."""


@dataclass(frozen=True)
class FacetQuery:
    """Asks how many cases have each value of a field."""

    field: str
    """A field of keywords, integers or dates, or ``finding``, ``finding.absent`` and the like."""
    max_values: int | None = None
    """1 to 100; ``None`` is 10."""


@dataclass(frozen=True)
class Query:
    """A search: at least one of embeddings, images, image_text, example_case_ids, text and filter."""

    embeddings: Sequence[Embedding] = ()
    """Of the new study, one per view. A case counts with its image nearest to any of them."""
    text: str = field(default="", repr=False)
    """What the reports are to say, read as a report is: ``no pneumothorax`` finds reports that deny one."""
    filter: str = field(default="", repr=False)
    """Over the fields of the index and the findings of the reports: ``modality = "DX" AND finding:effusion``."""
    patient: PatientKey | str | None = field(default=None, repr=False)
    """Whose study is being read; that patient's own cases are left out. ``None`` is the patient of the DICOM files."""
    include_same_patient: bool = False
    """Lets the patient's own cases in."""
    before: str = ""
    """Only cases certainly earlier than this date: ``2019``, ``2019-05`` or ``2019-05-03``."""
    before_study_date: bool = False
    """Only cases earlier than the study date in the DICOM files among the images; in place of ``before``."""
    several_per_patient: bool = False
    """Lets several cases of one patient in; otherwise the best one stands for the patient."""
    fusion: Fusion | None = None
    limit: int | None = None
    """Most hits, 1 to 1000; ``None`` is 10."""
    exact: bool = False
    """Complete rankings of every match in every channel."""
    vector_path: VectorPath = VectorPath.AUTO
    ef_search: int | None = None
    """Width of the walk through the graph, 1 to 4096, in place of ``target_recall``."""
    target_recall: float | None = None
    """Share of the truly nearest cases that the image channel is to find."""
    images: Sequence[QueryImage | File] = field(default=(), repr=False)
    """DICOM, PNG or JPEG files of the new study, one per view; the server encodes them. It takes patient, study date and
    views that are not given from the headers of DICOM files; ``plan.guards`` and ``plan.views`` say so. Files of more than
    28 MiB together are encoded first, and nothing is taken from their headers."""
    image_text: str = field(default="", repr=False)
    """What the images should show, in words; reports play no part."""
    detail: CaseDetail = CaseDetail.WHOLE
    """How much of each case comes with its hit."""
    literal_text: bool = False
    """Takes every word of ``text`` as it is spelt; otherwise ``plan.corrections`` says what was searched instead."""
    encoded_images: Sequence[EncodedQueryImage] = ()
    """In place of ``images``: ``encoded_images`` of an earlier result. Nothing is sent or encoded twice."""
    example_case_ids: Sequence[str] = field(default=(), repr=False)
    """Cases of the index to search by; they and the other cases of their patients are left out."""
    minimum_scores: MinimumScores | None = None
    """What a channel puts a case forward for; there may be fewer hits than ``limit``."""
    facets: Sequence[FacetQuery | str] = ()
    """Fields of which the values are counted among all cases that match; at most 8."""
    neighbours: int | None = None
    """How many of the nearest cases vote (``result.consensus``), 1 to 100; 0 is none. ``None`` is 30 in a search by images,
    and none in other searches and in batches."""
    false_alarm_rate: float | None = None
    """How often an image like those of the archive may be said to have no adequate precedent (``result.abstention``), 0.005 to 0.5; 0.05
    if ``None``."""
    diversity: float | None = None
    """From 0, the order by rank, to 1: how much a case is put back for having the findings of the hits before it."""
    evidence: int | None = None
    """How many sentences of each hit are shown that fit the images (``hit.evidence``), 1 to 10; 0 is none. ``None`` is 3 in a search
    by images for whole cases, and none in other searches and in batches."""
    evidence_maps: bool = False
    """Whether each of these sentences comes with how well it fits every cell."""
    rerank: int = 0
    """How many of the first cases are put into a new order by how well the sentences of their reports fit the images, at most
    500; 0 for none."""
    regions: Sequence[QueryRegion] = ()
    """Only these parts of the images are compared with sentences; several of one image are one part."""


Embeddings = Vector | Embedding | Sequence[Vector | Embedding]
"""One vector, several (one per view), or :class:`Embedding` objects. Rows of a matrix are several."""

Images = QueryImage | File | Iterable[QueryImage | File]
"""One picture or several."""


class QueryOptions(TypedDict, total=False):
    """What :meth:`Client.search` takes by keyword: the parts of a :class:`Query`, where each is described."""

    embeddings: Embeddings | None
    encoder_id: str
    """Which encoder made the ``embeddings`` that are plain vectors."""
    text: str
    filter: str
    patient: PatientKey | str | None
    include_same_patient: bool
    before: str
    before_study_date: bool
    several_per_patient: bool
    fusion: Fusion | None
    limit: int | None
    exact: bool
    vector_path: VectorPath
    ef_search: int | None
    target_recall: float | None
    images: Images | None
    image_text: str
    detail: CaseDetail
    literal_text: bool
    encoded_images: Sequence[EncodedQueryImage]
    example_case_ids: Sequence[str]
    minimum_scores: MinimumScores | None
    facets: Sequence[FacetQuery | str]
    neighbours: int | None
    false_alarm_rate: float | None
    diversity: float | None
    evidence: int | None
    evidence_maps: bool
    rerank: int
    regions: Sequence[QueryRegion]


@dataclass(frozen=True)
class ImageScore:
    """What the image channel says of a hit."""

    measure: str
    """``cosine`` or ``dot_product`` (more is nearer), or ``l2_distance`` (less is nearer)."""
    value: float
    rank: int | None
    """``None`` when the score was filled in for display only."""
    contribution: float
    image_index: int
    embedding_index: int


@dataclass(frozen=True)
class LexicalScore:
    """What the lexical channel says of a hit."""

    bm25: float
    rank: int | None
    contribution: float


@dataclass(frozen=True)
class SentenceScore:
    """What the sentence channel says of a hit."""

    deviations: float
    """By how many standard deviations the sentences of the report fit the images better than images of the archive."""
    rank: int | None
    contribution: float


class Assertion(enum.Enum):
    """What the author of a report says about a statement. In filters and texts the name is in lower case."""

    PRESENT = 1
    """It is there now, in this patient."""
    UNCERTAIN = 2
    ABSENT = 3
    HISTORICAL = 4
    """It was there, or happened, before this examination."""
    HYPOTHETICAL = 5
    """It is feared, asked about or to be watched for, not seen."""
    OTHER_PERSON = 6


@dataclass(frozen=True)
class TextSpan:
    """A range of the text of one section, in bytes of UTF-8 and in UTF-16 code units. Neither counts as Python does."""

    start_byte: int
    end_byte: int
    start_utf16: int
    end_utf16: int

    def of(self, text: str) -> str:
        """The part of the section's text that it stands for."""
        return text.encode()[self.start_byte : self.end_byte].decode()


class Side(enum.Enum):
    """A side of the body."""

    LEFT = 1
    RIGHT = 2
    BILATERAL = 3


@dataclass(frozen=True)
class MentionDetails:
    """What a report says of a finding where it mentions it. What the text does not say is ``None`` or empty."""

    side: Side | None = None
    larger_side: Side | None = None
    """Which of both sides has more of it, as in "larger on the left"."""
    places: tuple[str, ...] = ()
    """Ids in the lexicon, such as ``lower``, in the order of the text."""
    severity: str = ""
    """Id in the lexicon, such as ``mild``."""
    times: tuple[str, ...] = ()
    """Ids of times and changes in the lexicon, such as ``new``, in the order of the text."""
    size_mm: float | None = None
    """The longest of the numbers that hold now."""
    earlier_size_mm: float | None = None
    """The longest of those that held before."""
    overridden: bool = False
    """A later addendum or correction says otherwise: shown beside what replaces it, and no reason for the hit."""


@dataclass(frozen=True)
class HighlightMatch:
    """Words of a report that matched."""

    span: TextSpan
    assertion: Assertion | None
    """What the report says about them; ``None`` where the query asks for the words as written."""
    finding: str
    """Id in the lexicon, such as ``pleural-effusion``; empty for words that matched as words."""
    text: str = field(repr=False)
    """The words, as signed."""
    details: MentionDetails | None = None
    """``None`` for words that matched as words."""


@dataclass(frozen=True)
class Highlight:
    """A sentence of a report that matched."""

    section_index: int
    """Which of ``case.sections()``; the spans are of its text."""
    section: str
    """What that part of the text is for, as it was understood: a heading inside a section counts."""
    sentence: TextSpan
    matches: tuple[HighlightMatch, ...]
    """Inside the sentence, ascending by start. Two may overlap: a finding and a word of it."""
    text: str = field(repr=False)
    """The sentence, as signed."""


@dataclass(frozen=True)
class ImageLocation:
    """The part of an image that a sentence fits best."""

    image_index: int
    """Among the images (or encoded images) of the query, or among those of the case."""
    cell: int
    box: tuple[int, int, int, int]
    """Left, top, width and height in pixels of the original image: the cell that fits best, and those around it that fit nearly as
    well."""
    zone: str
    """The cell as radiologists name it, such as ``left lower zone``; empty for decubitus images."""
    map: tuple[float, ...] = field(default=(), repr=False)
    """The cosine with each cell, row by row; empty unless the query asks for maps."""


@dataclass(frozen=True)
class Background:
    """How well a sentence fits the query image, compared with other images of the archive."""

    share_below: float
    """The share of images that it fits less well, 0 to 1."""
    deviations: float
    """By how many standard deviations it fits better than their mean."""


@dataclass(frozen=True)
class Evidence:
    """A sentence of a hit's report that says that something is there, or may be, and where in the images it fits."""

    section_index: int
    section: str
    sentence: TextSpan
    findings: Mapping[str, Assertion | None]
    """By their ids in the lexicon: present or uncertain."""
    cosine: float
    """With the cell of the query image that it fits best."""
    background: Background | None
    query: ImageLocation
    prior: ImageLocation | None
    text: str = field(repr=False)
    """The sentence, as signed."""


@dataclass(frozen=True)
class ExplainedImage:
    """An image of the query as the sentences of the hits explain it."""

    grid: ImageGrid
    map: tuple[float, ...] = field(repr=False)
    """For each cell the highest cosine with any sentence, row by row."""
    unexplained_cells: tuple[int, ...] = ()
    """The cells that no sentence fits, the worst first."""


@dataclass(frozen=True)
class Hit:
    """One case that was found. Notebooks show its case whole, with what matched."""

    rank: int
    case: Case
    fused_score: float
    image: ImageScore | None
    lexical: LexicalScore | None
    highlights: tuple[Highlight, ...] = ()
    """The first twenty sentences that hold what the text, or ``finding`` in the filter, asks for."""
    evidence: tuple[Evidence, ...] = ()
    """The sentences that fit the images of the query, best first."""
    sentence: SentenceScore | None = None
    rerank_score: float | None = None
    """By which it was put into its place after the fusion; ``None`` if it was not reranked."""

    def __repr__(self) -> str:
        scores = [f"fused_score={self.fused_score:.4g}"]
        if self.image is not None:
            scores.append(f"{self.image.measure}={self.image.value:.4g}")
        if self.lexical is not None:
            scores.append(f"bm25={self.lexical.bm25:.4g}")
        return f"Hit(rank={self.rank}, {', '.join(scores)}, {len(self.highlights)} highlights)"

    def _repr_html_(self) -> str:
        from ._html import hit_html

        return hit_html(self)


@dataclass(frozen=True)
class ChannelPlan:
    """What one channel did."""

    channel: str
    """``image`` or ``lexical``."""
    path: str
    """``exact``, ``codes``, ``graph`` or ``filtered_graph``; empty for the lexical channel."""
    ef_search: int
    visited_count: int
    candidate_count: int
    exact: bool
    target_recall: float = 0.0
    """The share of the truly nearest that the way taken was measured to find; 0 when the candidates are exact or a width was asked for."""


@dataclass(frozen=True)
class StepTimes:
    """How long the steps of a search took, by the server's clock."""

    admit_microseconds: int = 0
    """Checking the query, and reading its text and filter."""
    encode_microseconds: int = 0
    """Turning images and ``image_text`` into embeddings."""
    filter_microseconds: int = 0
    """Finding the cases that pass filter and guards."""
    image_microseconds: int = 0
    lexical_microseconds: int = 0
    fusion_microseconds: int = 0
    fetch_microseconds: int = 0
    judge_microseconds: int = 0
    """Letting neighbours vote, and finding what speaks against them."""
    evidence_microseconds: int = 0
    """Finding the sentences that fit the images, and where."""
    sentence_microseconds: int = 0
    rerank_microseconds: int = 0


@dataclass(frozen=True)
class PlanWarning:
    """Something to know beside the hits."""

    code: str
    """A stable name, such as ``NO_PATIENT``."""
    message: str


@dataclass(frozen=True)
class AppliedGuards:
    """The guards that were applied. A source is a field of the request, or ``images[0].content`` for a file's header."""

    patient: PatientKey | None = None
    """Whose cases were left out, or let in by ``include_same_patient``; ``None`` where nobody was named."""
    patient_source: str = ""
    before: str = ""
    """Only cases earlier than this were let in; empty where there was no limit."""
    before_source: str = ""
    example_patients: tuple[PatientKey, ...] = ()
    """The patients of the example cases, whose cases were left out, too."""


@dataclass(frozen=True)
class AppliedView:
    """The projection of one of the images of the query."""

    projection: str
    """``frontal``, ``lateral``, ``oblique`` or ``decubitus``."""
    source: str
    """``images[0].view``, or ``images[0].content`` for a file's header."""


@dataclass(frozen=True)
class TextCorrection:
    """A word of the query that was taken for a misspelt one."""

    written: str = field(repr=False)
    searched: str = field(repr=False)


@dataclass(frozen=True)
class Unavailable:
    """A part of the answer that was asked for and is missing."""

    part: str
    """``consensus``, ``dissent``, ``abstention``, ``evidence``, ``background`` or ``calibration``."""
    reason: str
    """A stable name, such as ``NO_IMAGE_QUERY``."""
    description: str
    """The reason as a sentence, with what to do about it."""


@dataclass(frozen=True)
class Plan:
    """How an answer was found."""

    channels: tuple[ChannelPlan, ...]
    fusion: Fusion
    case_count: int
    match_count: int
    exact: bool
    warnings: tuple[PlanWarning, ...]
    guards: AppliedGuards = AppliedGuards()
    """Those of the query, completed by the headers of its DICOM files."""
    views: tuple[AppliedView, ...] = ()
    """The projections of the query's images, as far as they are known: cases of like views went first."""
    corrections: tuple[TextCorrection, ...] = ()
    """In the order of the text."""
    times: StepTimes = StepTimes()
    unavailable: tuple[Unavailable, ...] = ()
    """What was asked for and is missing, and why."""
    reranked_count: int = 0
    """How many of the first cases were put into a new order."""


@dataclass(frozen=True)
class GradeShare:
    """One grade of a finding among the neighbours that are graded."""

    grade: str
    """The id of a severity, such as ``mild``, or of a finding, such as ``pulmonary-edema-grade-2``."""
    name: str
    case_count: int
    share: float


@dataclass(frozen=True)
class Grades:
    """How severe a finding is among the neighbours whose reports grade it."""

    shares: tuple[GradeShare, ...]
    """The least severe first."""
    median: str
    """The grade at which half of the weight is reached."""


@dataclass(frozen=True)
class CalibratedShare:
    """A share that was corrected by how often reports had the finding where neighbours said as much."""

    share: float
    """The share of cases like this one whose report has the finding, an uncertain one counting half; not what is truly there."""
    lower: float
    """Where the 95 % interval of the share among neighbours begins, corrected in the same way."""
    upper: float


@dataclass(frozen=True)
class Calibration:
    """How shares are corrected.

    ``log odds = constant + by_share * ln(share) - by_rest * ln(1 - share) + by_base_rate * log odds(base_rate)``.

    Fitted on cases of the archive, each asked with as if it were new, without its patient.
    """

    case_count: int
    share_count: int
    """Shares of findings that were held against the reports of these cases."""
    generation: int
    """In which that was done."""
    constant: float
    by_share: float
    by_rest: float
    by_base_rate: float


@dataclass(frozen=True)
class FindingVote:
    """What the neighbours say of one finding; it stands for its kinds."""

    finding: str
    """Id in the lexicon, such as ``pleural-effusion``."""
    name: str
    present_count: int
    uncertain_count: int
    absent_count: int
    unmentioned_count: int
    share: float
    """The weighted share of neighbours that have it, an uncertain one counting half, drawn a little towards ``base_rate``."""
    lower: float
    """Where the 95 % interval of the share begins."""
    upper: float
    base_rate: float
    """The share of all live cases with a report that have it."""
    lift: float | None = None
    """``share / base_rate``."""
    grades: Grades | None = None
    calibrated: CalibratedShare | None = None
    """``share`` as the archive's own cases correct it; ``None`` as ``Consensus.calibration`` is."""


@dataclass(frozen=True)
class Consensus:
    """What the nearest cases say of each finding, one case per patient, weighted by similarity. It is no diagnosis."""

    votes: tuple[FindingVote, ...]
    """The greatest share first, at most 20."""
    more_finding_count: int
    neighbour_count: int
    """Cases that vote."""
    effective_patient_count: float
    """How many patients of equal weight would say as much."""
    reported_case_count: int
    """Live cases whose report was read: base rates are shares of them."""
    calibrated: bool
    """Whether votes have calibrated shares. Shares themselves describe the neighbours, no more."""
    calibration: Calibration | None = None
    """What the calibrated shares were fitted on; ``None`` if votes have none, and ``plan.unavailable`` says why."""

    def vote(self, finding: str) -> FindingVote | None:
        """What the neighbours say of a finding, by its id; ``None`` if none of them has it."""
        return next((vote for vote in self.votes if vote.finding == finding), None)


@dataclass(frozen=True)
class FindingDissent:
    """The nearest cases without a finding on which the neighbours agree."""

    finding: str
    name: str
    denied: bool
    """Whether their reports deny it; otherwise no report does, and these do not mention it."""
    cases: tuple[Hit, ...]


@dataclass(frozen=True)
class Dissent:
    """What speaks against the consensus."""

    leading: tuple[FindingDissent, ...]
    normal: tuple[Hit, ...]
    """The nearest cases whose report names nothing that is wrong."""


@dataclass(frozen=True)
class Abstention:
    """Whether the archive holds an adequate precedent: the best match beside those of the archive's own images."""

    abstains: bool
    """There is no adequate precedent: ``p_value`` is not above ``false_alarm_rate``."""
    p_value: float
    """The share of the archive's images, the query included, whose best match is no better."""
    false_alarm_rate: float
    measure: str
    """``cosine``, ``dot_product`` or ``l2_distance``; empty where no case of like views is left."""
    value: float | None
    """The score of the best match."""
    background_image_count: int
    projection: str
    """Of the query image; empty if it is unknown."""


@dataclass(frozen=True)
class Record:
    """What is needed to ask the same again."""

    index: str
    generation: int
    encoder_id: str
    request_digest: str


@dataclass(frozen=True)
class Facet:
    """How many of the matches have each value of a field."""

    field: str
    counts: Mapping[str, int] = dataclasses.field(repr=False)
    """Values in lower case, those of the most cases first."""
    more_value_count: int = 0
    """Values beyond those asked for."""
    missing_case_count: int = 0
    """Matches without a value."""


@dataclass(frozen=True)
class SearchResult(Sequence[Hit]):
    """The answer to a search, or one page of it: a sequence of its hits. Notebooks show it as a table."""

    hits: tuple[Hit, ...]
    total_hits: int
    """Hits of all pages together."""
    next_page_token: str
    """Empty on the last page."""
    plan: Plan
    record: Record
    encoded_images: tuple[EncodedQueryImage, ...] = field(default=(), repr=False)
    """What the images of the query became: to search by them again."""
    facets: tuple[Facet, ...] = ()
    """In the order of the query; empty on later pages."""
    consensus: Consensus | None = None
    """What the nearest cases say together; ``None`` on later pages, where nobody asks, and where ``plan.unavailable`` says
    why."""
    dissent: Dissent | None = None
    """What speaks against it."""
    abstention: Abstention | None = None
    """Whether the archive holds an adequate precedent; ``None`` as ``consensus`` is."""
    explained_images: tuple[ExplainedImage, ...] = field(default=(), repr=False)
    """The images of the query as the sentences of the hits explain them."""

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, place: int) -> Hit: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, place: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[place]

    def __repr__(self) -> str:
        exact = ", exact" if self.plan.exact else ""
        warnings = f", {len(self.plan.warnings)} warnings" if self.plan.warnings else ""
        generation = f"generation {self.record.generation} of {self.record.index!r}"
        return f"SearchResult({len(self.hits)} of {self.total_hits} hits, {generation}{exact}{warnings})"

    def _repr_html_(self) -> str:
        from ._html import result_html

        return result_html(self)

    def to_pandas(self) -> pandas.DataFrame:
        """The hits as a table, as :func:`hits_to_pandas` makes it."""
        from .tables import hits_to_pandas

        return hits_to_pandas(self.hits)


@dataclass(frozen=True)
class PatchGrid:
    """Embeddings of the cells of a square grid into which the picture, its pixels made square, is fitted whole."""

    side: int
    """Cells per row, and rows."""
    dimension: int
    values: tuple[float, ...] = field(repr=False)
    """Cell after cell, row by row from the top left."""


@dataclass(frozen=True)
class EncodedImage:
    """What a picture became."""

    embedding: Embedding
    original_width_pixels: int
    original_height_pixels: int
    notice: str
    """What must be said wherever results are shown; empty when nothing must."""
    patches: PatchGrid | None = None


@dataclass(frozen=True)
class EncodedText:
    """What words became."""

    embedding: Embedding
    notice: str


@dataclass(frozen=True)
class CaseWarning:
    """Something that was left out of a case, which was acknowledged all the same."""

    code: str
    """A stable name, such as ``PLACEHOLDER_PATIENT`` for a patient id that is nobody's."""
    field: str
    """The path of the field, such as ``case.patient.id``."""
    message: str


class Effect(enum.Enum):
    """What taking a case in did."""

    CREATED = 1
    """No case was held under its id."""
    REPLACED = 2
    """It took the place of the held case, or updated it."""
    UNCHANGED = 3
    """The held case is equal, or has all that an update gives. Nothing was written."""
    LEFT_ALONE = 4
    """A case is held, and ``Replacement.IF_ABSENT`` leaves it alone. Nothing was written."""


@dataclass(frozen=True)
class Acknowledgement:
    """The case is durable."""

    position: int
    case_id: str = field(repr=False)
    sequence: int
    """The place in the index's log of the case that is held under this id now."""
    warnings: tuple[CaseWarning, ...] = ()
    effect: Effect | None = None
    """What was done; ``None`` if the server does not say."""
    accepted = True


@dataclass(frozen=True)
class Rejection:
    """The case was refused and changed nothing."""

    position: int
    case_id: str = field(repr=False)
    violations: tuple[Violation, ...]
    accepted = False


IngestOutcome = Acknowledgement | Rejection
"""What became of one case: ``accepted`` tells the two apart."""


@dataclass(frozen=True)
class DeleteResult:
    """What a delete did."""

    deleted_count: int
    unknown_case_ids: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class CaseBatch(Sequence[Case]):
    """Cases of one generation, in the order of the ids that were asked for: a sequence of them."""

    cases: tuple[Case, ...]
    unknown_case_ids: tuple[str, ...] = field(repr=False)
    """Ids under which there was no case."""
    generation: int

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)

    @overload
    def __getitem__(self, place: int) -> Case: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Case, ...]: ...

    def __getitem__(self, place: int | slice) -> Case | tuple[Case, ...]:
        return self.cases[place]


class CaseOrder(enum.Enum):
    """In which order cases are listed."""

    LATEST_FIRST = 0
    """By study date; cases without one last."""
    AS_INGESTED = 1


@dataclass(frozen=True)
class CasePage:
    """Some cases of a list."""

    cases: tuple[Case, ...]
    total_count: int
    """Cases of all pages together."""
    next_page_token: str = field(repr=False)
    generation: int


@dataclass(frozen=True)
class Finding:
    """A finding of the lexicon."""

    id: str
    """As in filters and highlights."""
    name: str
    synonyms: tuple[str, ...] = ()
    """Other phrases, and patterns of them, as the lexicon has them."""
    radlex_id: str = ""
    parent_ids: tuple[str, ...] = ()
    """What it is a kind of."""
    normal: bool = False
    """It says that nothing is wrong."""


@dataclass(frozen=True)
class AssertedRun:
    """Words of a report under one assertion."""

    span: TextSpan
    assertion: Assertion | None
    overridden: bool
    """A later addendum or correction says otherwise."""


@dataclass(frozen=True)
class Mention:
    """A finding where a report mentions it."""

    finding: str
    """Id in the lexicon."""
    span: TextSpan
    assertion: Assertion | None
    details: MentionDetails | None
    place_spans: tuple[TextSpan, ...] = ()
    """The words for each of ``details.places``."""
    size_span: TextSpan | None = None


@dataclass(frozen=True)
class ReportSentence:
    """A sentence of a report, or one entry of a list."""

    section_index: int
    """Which section of the report; the spans are of its text."""
    section: str
    """What that part of the text is for, as it was understood."""
    span: TextSpan
    addendum: bool
    comparison: bool
    boilerplate: bool
    runs: tuple[AssertedRun, ...]
    mentions: tuple[Mention, ...]


@dataclass(frozen=True)
class Reading:
    """What a report was understood to say."""

    sentences: tuple[ReportSentence, ...]
    findings: Mapping[str, Assertion | None]
    """What it says of each finding in all, as filters see it."""
    warnings: tuple[str, ...]
    lexicon_fingerprint: str


class MergeScope(enum.Enum):
    """What is merged."""

    ALL = 0
    """Everything, into as few segments as their limits allow."""
    DELETED = 1
    """Each segment that holds deleted or replaced cases is written anew without them."""


@dataclass(frozen=True)
class MergeResult:
    """What a merge led to."""

    generation: int
    segment_count: int


@dataclass(frozen=True)
class IndexSummary:
    """An index that the server offers."""

    name: str
    description: str
    case_count: int
    writable: bool


@dataclass(frozen=True)
class Space:
    """Where image embeddings live."""

    dimension: int
    metric: str
    """``cosine``, ``dot_product`` or ``l2_distance``."""
    encoder_id: str
    notice: str = ""
    """What must be said wherever results are shown; empty when nothing must."""
    encodes_images: bool = False
    """Whether the server encodes image files for it."""
    encodes_text: bool = False


@dataclass(frozen=True)
class SegmentStats:
    """The state of one segment."""

    id: str
    case_count: int
    tombstone_count: int
    image_row_count: int
    distinct_vector_count: int
    has_graph: bool
    size_bytes: int
    lexicon_fingerprint: str = ""
    """Of the lexicon and the rules by which its reports were read; empty when that was before there were any."""
    repaired_vector_count: int = 0
    """Distinct vectors that could not be reached over the links of the graph when it was built; now all can be."""
    has_codes: bool = False
    """Whether it has codes of its vectors, alone or with a graph; what has neither is compared whole."""


@dataclass(frozen=True)
class IndexStats:
    """The state of one generation of an index."""

    name: str
    generation: int
    case_count: int
    tombstone_count: int
    image_row_count: int
    distinct_vector_count: int
    image_space: Space | None
    fields: Mapping[str, str]
    segments: tuple[SegmentStats, ...]
    file_bytes: Mapping[str, int]
    pending_operation_count: int
    lexicon_fingerprint: str = ""
    """Of the lexicon and the rules by which reports are read now."""
    stale_case_count: int = 0
    """Live cases that were read by others or by none; a merge reads them anew."""
    stale_segment_count: int = 0
    background_failures: tuple[BackgroundFailure, ...] = ()
    """Work in the background that fails at present; empty if all is well."""
    damages: tuple[Damage, ...] = ()
    """Files that a search, or the server when it read them again, found damaged."""


@dataclass(frozen=True)
class BackgroundFailure:
    """Work in the background that failed and has not succeeded since."""

    task: str
    """"commit" (makes cases visible) or "merge" (makes fewer segments of many)."""
    problem: str
    first_failure: datetime
    last_failure: datetime
    attempt_count: int
    retried: bool
    """Whether the server tries again by itself."""


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong with an index."""

    file: str
    description: str


@dataclass(frozen=True)
class Verification:
    """What a full check found; no damages when all is well."""

    damages: tuple[Damage, ...]
    checked_file_count: int
    checked_bytes: int
