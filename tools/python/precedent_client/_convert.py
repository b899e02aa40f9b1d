"""Between the types of this package and the messages of the protocol."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timezone
from pathlib import Path
from typing import Any, cast

from ._generated.precedent.v1 import (
    case_pb2,
    encode_service_pb2,
    index_service_pb2,
    ingest_service_pb2,
    report_service_pb2,
    search_service_pb2,
)
from .errors import Violation
from .types import (
    Abstention,
    Acknowledgement,
    AppliedGuards,
    AppliedView,
    AssertedRun,
    Assertion,
    Background,
    BackgroundFailure,
    CalibratedShare,
    Calibration,
    Case,
    CaseBatch,
    CaseDetail,
    CaseOrder,
    CasePage,
    CaseWarning,
    ChannelPlan,
    Consensus,
    Damage,
    Dissent,
    Effect,
    Embedding,
    Embeddings,
    EncodedImage,
    EncodedQueryImage,
    EncodedText,
    Evidence,
    ExplainedImage,
    Facet,
    FacetQuery,
    File,
    Finding,
    FindingDissent,
    FindingVote,
    Fusion,
    GradeShare,
    Grades,
    Highlight,
    HighlightMatch,
    Hit,
    Image,
    ImageGrid,
    ImageLocation,
    ImageScore,
    Images,
    IndexStats,
    LexicalScore,
    LocalPatches,
    Mention,
    MentionDetails,
    PatchGrid,
    PatientKey,
    Plan,
    PlanWarning,
    Query,
    QueryImage,
    QueryRegion,
    QueryOptions,
    Reading,
    Record,
    Rejection,
    Replacement,
    ReportSentence,
    SearchResult,
    SentenceScore,
    Section,
    SegmentStats,
    Side,
    Space,
    StepTimes,
    TextCorrection,
    TextSpan,
    Thumbnail,
    Unavailable,
    Vector,
)

CHUNK_BYTES = 4 << 20
"""Bytes of a file in one message, where it comes in several."""
CASE_FILE_BYTES = 8 << 20
"""Most bytes of files in the message of their case; the server takes messages of 16 MiB."""
SEARCH_FILE_BYTES = 28 << 20
"""Most bytes of pictures in one search; the server takes messages of 32 MiB."""


def file_bytes(file: File) -> bytes:
    """The bytes of a file that is given as bytes or by its path."""
    return bytes(file) if isinstance(file, (bytes, bytearray, memoryview)) else Path(file).read_bytes()


def as_images(images: Images | None) -> tuple[QueryImage | File, ...]:
    """One picture or several."""
    if images is None:
        return ()
    if isinstance(images, (bytes, bytearray, memoryview, str, os.PathLike, QueryImage)):
        return (cast("QueryImage | File", images),)
    return tuple(images)


def as_embeddings(vectors: Embeddings | None, encoder_id: str) -> tuple[Embedding, ...]:
    """One vector, several, or embeddings, as embeddings of that encoder."""
    if vectors is None:
        return ()
    if isinstance(vectors, Embedding):
        return (vectors,)
    given: Any = vectors
    rows: list[Any] = given.tolist() if hasattr(given, "tolist") else list(given)
    if rows and not isinstance(rows[0], Embedding) and not hasattr(rows[0], "__len__"):
        rows = [rows]
    return tuple(row if isinstance(row, Embedding) else Embedding(row, encoder_id) for row in rows)


def as_query(query: Query | Embeddings | None, options: QueryOptions) -> Query:
    """What a search was given, as one query: keywords change what a query says."""
    for name in options.keys() - QueryOptions.__annotations__.keys():
        close = difflib.get_close_matches(name, QueryOptions.__annotations__, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise TypeError(f"a search has no option {name!r}{hint}")
    given: dict[str, Any] = dict(options)
    encoder_id = given.pop("encoder_id", "")
    if isinstance(query, (str, bytes, bytearray, memoryview, os.PathLike)):
        raise TypeError("a search takes embeddings or a Query first; give words as text=... and files as images=...")
    if query is not None and not isinstance(query, Query):
        if "embeddings" in given:
            raise TypeError("embeddings are given twice, first and by keyword")
        given["embeddings"] = query
    if "embeddings" in given:
        given["embeddings"] = as_embeddings(given["embeddings"], encoder_id)
    if "images" in given:
        given["images"] = as_images(given["images"])
    return replace(query, **given) if isinstance(query, Query) else Query(**given)


def read_images(query: Query) -> tuple[QueryImage, ...]:
    """The pictures of a query with their bytes in place of their paths."""
    images = (image if isinstance(image, QueryImage) else QueryImage(image) for image in query.images)
    return tuple(replace(image, content=file_bytes(image.content)) for image in images)


def with_files_read(query: Query) -> Query:
    """The query with its files read: once, however often it is sent."""
    return replace(query, images=read_images(query))


def too_large_images(query: Query) -> list[bytes]:
    """The files of a query, if they are too large for one message; they are encoded first."""
    files = [file_bytes(image.content) for image in read_images(query)]
    return files if sum(map(len, files)) > SEARCH_FILE_BYTES else []


def with_embeddings(query: Query, embeddings: Sequence[Embedding]) -> Query:
    """The query with embeddings in place of its pictures; they count behind those that it has, as the pictures did."""
    return replace(query, embeddings=(*query.embeddings, *embeddings), images=())


def query_message(
    query: Query, index: str, page_size: int | None = None, page_token: str = ""
) -> search_service_pb2.SearchRequest:
    # A text is an iterable of its letters, each of which may be an id or a field.
    for name, several in [("example_case_ids", query.example_case_ids), ("facets", query.facets)]:
        if isinstance(several, str):
            raise TypeError(f"{name} is one text; give a list")
    message = search_service_pb2.SearchRequest(
        index=index,
        embeddings=[_embedding(embedding) for embedding in query.embeddings],
        text=query.text,
        filter=query.filter,
        guards=search_service_pb2.Guards(
            patient=_patient(query.patient),
            include_same_patient=query.include_same_patient,
            before=query.before,
            before_study_date=query.before_study_date,
            several_per_patient=query.several_per_patient,
        ),
        limit=query.limit,
        page_size=page_size,
        page_token=page_token,
        exact=query.exact,
        vector_path=cast("search_service_pb2.VectorPath", query.vector_path.value),
        ef_search=query.ef_search,
        target_recall=query.target_recall,
        images=[
            search_service_pb2.QueryImage(content=file_bytes(image.content), view=image.view)
            for image in read_images(query)
        ],
        image_text=query.image_text,
        detail=cast("search_service_pb2.CaseDetail", query.detail.value),
        literal_text=query.literal_text,
        encoded_images=[_encoded_image_message(image) for image in query.encoded_images],
        example_case_ids=query.example_case_ids,
        facets=[_facet_message(facet) for facet in query.facets],
        diversity=query.diversity,
    )
    if query.neighbours is not None:
        count = query.neighbours or None
        message.judgement.CopyFrom(search_service_pb2.JudgementRequest(off=not count, neighbour_count=count))
    if query.false_alarm_rate is not None:
        message.judgement.false_alarm_rate = query.false_alarm_rate
    if query.evidence is not None or query.evidence_maps:
        message.evidence.CopyFrom(
            search_service_pb2.EvidenceRequest(
                off=query.evidence == 0, sentence_count=query.evidence or None, with_maps=query.evidence_maps
            )
        )
    message.rerank_count = query.rerank
    message.regions.extend(_region_message(region) for region in query.regions)
    if query.minimum_scores is not None:
        least = query.minimum_scores
        message.minimum_scores.CopyFrom(
            search_service_pb2.MinimumScores(
                cosine=least.cosine, dot_product=least.dot_product, l2_distance=least.l2_distance, bm25=least.bm25
            )
        )
    if query.fusion is not None:
        message.fusion.CopyFrom(
            search_service_pb2.Fusion(
                image_weight=query.fusion.image_weight,
                lexical_weight=query.fusion.lexical_weight,
                rrf_k=query.fusion.rrf_k,
                candidates=query.fusion.candidates,
                sentence_weight=query.fusion.sentence_weight,
            )
        )
    return message


def _region_message(region: QueryRegion) -> search_service_pb2.QueryRegion:
    message = search_service_pb2.QueryRegion(image_index=region.image_index)
    if region.box is not None:
        x, y, width, height = region.box
        message.box.CopyFrom(search_service_pb2.PixelBox(x=x, y=y, width=width, height=height))
    if region.polygon:
        message.polygon.vertices.extend(search_service_pb2.PixelPoint(x=x, y=y) for x, y in region.polygon)
    if region.mask is not None:
        rows = [list(row) for row in region.mask]
        pixels = [bool(pixel) for row in rows for pixel in row]
        bits = bytearray(-(-len(pixels) // 8))
        for place, marked in enumerate(pixels):
            bits[place // 8] |= marked << place % 8
        width = len(rows[0]) if rows else 0
        message.mask.CopyFrom(search_service_pb2.PixelMask(width=width, height=len(rows), bits=bytes(bits)))
    return message


def next_page_query(query: Query, page: SearchResult) -> Query:
    """The query of the page behind this one: its images need not be sent again."""
    if not page.encoded_images:
        return query
    return replace(query, images=(), encoded_images=page.encoded_images)


def _encoded_image_message(image: EncodedQueryImage) -> search_service_pb2.EncodedQueryImage:
    return search_service_pb2.EncodedQueryImage(
        embedding=_embedding(image.embedding),
        view=image.view,
        content_sha256=image.content_sha256,
        patient=_patient(image.patient),
        study_date=image.study_date,
        view_position=image.view_position,
        patches=_patches_message(image.patches),
    )


def _patches_message(patches: LocalPatches | None) -> search_service_pb2.LocalPatches | None:
    if patches is None:
        return None
    grid = search_service_pb2.ImageGrid(**dataclasses.asdict(patches.grid))
    return search_service_pb2.LocalPatches(
        grid=grid, dimension=patches.dimension, step=patches.step, numbers=patches.numbers
    )


def _facet_message(facet: FacetQuery | str) -> search_service_pb2.FacetQuery:
    asked = FacetQuery(facet) if isinstance(facet, str) else facet
    return search_service_pb2.FacetQuery(field=asked.field, max_values=asked.max_values)


def case_message(case: Case) -> case_pb2.Case:
    sections = case.sections()
    message = case_pb2.Case(case_id=case.case_id, patient=_patient(case.patient))
    for name, value in case.fields.items():
        several = value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
        message.fields[name].values.extend(str(one) for one in several)
    if sections:
        message.report.sections.extend(case_pb2.Section(kind=_section_kind(s.kind), text=s.text) for s in sections)
    for image in case.images:
        embedding = None if image.embedding is None else _embedding(image.embedding)
        content = b"" if image.content is None else file_bytes(image.content)
        message.images.append(case_pb2.Image(name=image.name, view=image.view, embedding=embedding, content=content))
    return message


def has_paths(case: Case) -> bool:
    """Whether files must be read before the case can be sent."""
    return any(isinstance(image.content, (str, os.PathLike)) for image in case.images)


def with_case_files_read(case: Case) -> Case:
    """The case with the bytes of its files in place of their paths."""
    images = (
        image if image.content is None else replace(image, content=file_bytes(image.content)) for image in case.images
    )
    return replace(case, images=tuple(images))


def ingest_messages(
    case: Case, index: str, replacement: Replacement
) -> Iterator[ingest_service_pb2.IngestCasesRequest]:
    """The case in one message; where its files are too large for that, these first in chunks."""
    message = case_message(case)
    if sum(len(image.content) for image in message.images) > CASE_FILE_BYTES:
        for place, image in enumerate(message.images):
            content, image.content = image.content, b""
            for chunk in chunks(content):
                part = ingest_service_pb2.ImageChunk(image_index=place, data=chunk)
                yield ingest_service_pb2.IngestCasesRequest(index=index, chunk=part)
    how = cast("ingest_service_pb2.Replacement", replacement.value)
    yield ingest_service_pb2.IngestCasesRequest(index=index, case=message, replacement=how)


def encode_messages(
    content: bytes, index: str, with_patches: bool
) -> Iterator[encode_service_pb2.EncodeImageRequest]:
    first = True
    for chunk in chunks(content) if content else [b""]:
        yield encode_service_pb2.EncodeImageRequest(
            index=index if first else "", content=chunk, with_patches=first and with_patches
        )
        first = False


def chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), CHUNK_BYTES):
        yield content[start : start + CHUNK_BYTES]


def encoded_image(message: encode_service_pb2.EncodeImageResponse) -> EncodedImage:
    grid = message.patches
    return EncodedImage(
        embedding=_embedding_of(message.embedding),
        original_width_pixels=message.original_width_pixels,
        original_height_pixels=message.original_height_pixels,
        notice=message.notice,
        patches=PatchGrid(grid.side, grid.dimension, tuple(grid.values)) if message.HasField("patches") else None,
    )


def encoded_text(message: encode_service_pb2.EncodeTextResponse) -> EncodedText:
    return EncodedText(_embedding_of(message.embedding), message.notice)


def _embedding_of(message: case_pb2.Embedding) -> Embedding:
    return Embedding(list(message.values), message.encoder_id)


def case(message: case_pb2.Case) -> Case:
    return Case(
        case_id=message.case_id,
        patient=_patient_of(message),
        fields={name: list(message.fields[name].values) for name in sorted(message.fields)},
        report=[Section(_word(case_pb2.SectionKind, section.kind), section.text) for section in message.report.sections],
        images=[_image(image) for image in message.images],
    )


def _image(message: case_pb2.Image) -> Image:
    embedding = _embedding_of(message.embedding) if message.HasField("embedding") else None
    return Image(message.name, message.view, embedding)


def case_batch(message: search_service_pb2.BatchGetCasesResponse) -> CaseBatch:
    return CaseBatch(
        tuple(case(one) for one in message.cases), tuple(message.unknown_case_ids), message.generation
    )


def list_message(
    filter: str, patient: PatientKey | str | None, order: CaseOrder, detail: CaseDetail, index: str
) -> search_service_pb2.ListCasesRequest:
    return search_service_pb2.ListCasesRequest(
        index=index,
        filter=filter,
        patient=_patient(patient),
        order=cast("search_service_pb2.CaseOrder", order.value),
        detail=cast("search_service_pb2.CaseDetail", detail.value),
    )


def case_page(message: search_service_pb2.ListCasesResponse) -> CasePage:
    cases = tuple(case(one) for one in message.cases)
    return CasePage(cases, message.total_count, message.next_page_token, message.generation)


def report_message(report: str | Mapping[str, str] | Sequence[Section]) -> case_pb2.Report:
    sections = Case("", report=report).sections()
    return case_pb2.Report(
        sections=[case_pb2.Section(kind=_section_kind(section.kind), text=section.text) for section in sections]
    )


def findings(message: report_service_pb2.ListFindingsResponse) -> list[Finding]:
    return [
        Finding(one.id, one.name, tuple(one.synonyms), one.radlex_id, tuple(one.parent_ids), one.normal)
        for one in message.findings
    ]


def reading(message: report_service_pb2.ReadReportResponse) -> Reading:
    return Reading(
        sentences=tuple(_sentence(sentence) for sentence in message.sentences),
        findings={found.finding: _assertion(found.assertion) for found in message.findings},
        warnings=tuple(message.warnings),
        lexicon_fingerprint=message.lexicon_fingerprint,
    )


def _sentence(message: report_service_pb2.ReportSentence) -> ReportSentence:
    return ReportSentence(
        section_index=message.section_index,
        section=_word(case_pb2.SectionKind, message.section),
        span=_span(message.span),
        addendum=message.addendum,
        comparison=message.comparison,
        boilerplate=message.boilerplate,
        runs=tuple(AssertedRun(_span(run.span), _assertion(run.assertion), run.overridden) for run in message.runs),
        mentions=tuple(
            Mention(
                finding=mention.finding,
                span=_span(mention.span),
                assertion=_assertion(mention.assertion),
                details=_details(mention),
                place_spans=tuple(_span(place) for place in mention.place_spans),
                size_span=_span(mention.size_span) if mention.HasField("size_span") else None,
            )
            for mention in message.mentions
        ),
    )


def result(message: search_service_pb2.SearchResponse) -> SearchResult:
    record = message.record
    return SearchResult(
        hits=tuple(_hit(hit) for hit in message.hits),
        total_hits=message.total_hits,
        next_page_token=message.next_page_token,
        plan=_plan(message.plan),
        record=Record(record.index, record.generation, record.encoder_id, record.request_digest),
        encoded_images=tuple(_encoded_image(image) for image in message.encoded_images),
        facets=tuple(
            Facet(
                facet.field,
                {value.value: value.case_count for value in facet.values},
                facet.more_value_count,
                facet.missing_case_count,
            )
            for facet in message.facets
        ),
        consensus=_consensus(message.consensus) if message.HasField("consensus") else None,
        dissent=_dissent(message.dissent) if message.HasField("dissent") else None,
        abstention=_abstention(message.abstention) if message.HasField("abstention") else None,
        explained_images=tuple(
            ExplainedImage(_grid(image.grid), tuple(image.map), tuple(image.unexplained_cells))
            for image in message.explained_images
        ),
    )


def _abstention(message: search_service_pb2.Abstention) -> Abstention:
    measure = message.WhichOneof("best")
    return Abstention(
        abstains=message.abstains,
        p_value=message.p_value,
        false_alarm_rate=message.false_alarm_rate,
        measure=measure or "",
        value=getattr(message, measure) if measure else None,
        background_image_count=message.background_image_count,
        projection=_word(search_service_pb2.Projection, message.projection),
    )


def _consensus(message: search_service_pb2.Consensus) -> Consensus:
    return Consensus(
        votes=tuple(_vote(vote) for vote in message.votes),
        more_finding_count=message.more_finding_count,
        neighbour_count=message.neighbour_count,
        effective_patient_count=message.effective_patient_count,
        reported_case_count=message.reported_case_count,
        calibrated=message.calibrated,
        calibration=_calibration(message.calibration) if message.HasField("calibration") else None,
    )


def _calibration(message: search_service_pb2.Calibration) -> Calibration:
    return Calibration(
        case_count=message.case_count,
        share_count=message.share_count,
        generation=message.generation,
        constant=message.constant,
        by_share=message.by_share,
        by_rest=message.by_rest,
        by_base_rate=message.by_base_rate,
    )


def _vote(message: search_service_pb2.FindingVote) -> FindingVote:
    calibrated = message.calibrated
    shares = tuple(GradeShare(one.grade, one.name, one.case_count, one.share) for one in message.grades.shares)
    return FindingVote(
        finding=message.finding,
        name=message.name,
        present_count=message.present_count,
        uncertain_count=message.uncertain_count,
        absent_count=message.absent_count,
        unmentioned_count=message.unmentioned_count,
        share=message.share,
        lower=message.lower,
        upper=message.upper,
        base_rate=message.base_rate,
        lift=message.lift if message.HasField("lift") else None,
        grades=Grades(shares, message.grades.median) if message.HasField("grades") else None,
        calibrated=CalibratedShare(calibrated.share, calibrated.lower, calibrated.upper)
        if message.HasField("calibrated")
        else None,
    )


def _dissent(message: search_service_pb2.Dissent) -> Dissent:
    return Dissent(
        leading=tuple(
            FindingDissent(one.finding, one.name, one.denied, tuple(_hit(hit) for hit in one.cases))
            for one in message.leading
        ),
        normal=tuple(_hit(hit) for hit in message.normal),
    )


def _encoded_image(message: search_service_pb2.EncodedQueryImage) -> EncodedQueryImage:
    return EncodedQueryImage(
        embedding=_embedding_of(message.embedding),
        view=message.view,
        content_sha256=message.content_sha256,
        patient=_patient_of(message),
        study_date=message.study_date,
        view_position=message.view_position,
        patches=_patches(message.patches) if message.HasField("patches") else None,
    )


def _patches(message: search_service_pb2.LocalPatches) -> LocalPatches:
    return LocalPatches(_grid(message.grid), message.dimension, message.step, message.numbers)


def thumbnail(message: search_service_pb2.GetThumbnailResponse) -> Thumbnail:
    grid = _grid(message.grid) if message.HasField("grid") else None
    return Thumbnail(message.jpeg, message.width_pixels, message.height_pixels, grid, message.generation)


def _grid(message: search_service_pb2.ImageGrid) -> ImageGrid:
    return ImageGrid(
        row_count=message.row_count,
        column_count=message.column_count,
        x=message.x,
        y=message.y,
        width=message.width,
        height=message.height,
        image_width_pixels=message.image_width_pixels,
        image_height_pixels=message.image_height_pixels,
    )


def ingest_answer(message: ingest_service_pb2.IngestCasesResponse) -> Acknowledgement | Rejection:
    if message.HasField("acknowledgement"):
        acknowledgement = message.acknowledgement
        warnings = tuple(
            CaseWarning(_code(ingest_service_pb2.CaseWarningCode, w.code), w.field, w.message)
            for w in acknowledgement.warnings
        )
        effect = next((effect for effect in Effect if effect.value == acknowledgement.effect), None)
        return Acknowledgement(message.position, message.case_id, acknowledgement.sequence, warnings, effect)
    violations = tuple(Violation(v.field, v.description) for v in message.rejection.violations)
    return Rejection(message.position, message.case_id, violations)


def stats(message: index_service_pb2.IndexStats) -> IndexStats:
    return IndexStats(
        name=message.name,
        generation=message.generation,
        case_count=message.case_count,
        tombstone_count=message.tombstone_count,
        image_row_count=message.image_row_count,
        distinct_vector_count=message.distinct_vector_count,
        image_space=_space(message.image_space) if message.HasField("image_space") else None,
        fields={field.name: _word(index_service_pb2.FieldKind, field.kind) for field in message.fields},
        segments=tuple(
            SegmentStats(
                s.id,
                s.case_count,
                s.tombstone_count,
                s.image_row_count,
                s.distinct_vector_count,
                s.has_graph,
                s.size_bytes,
                s.lexicon_fingerprint,
                s.repaired_vector_count,
                s.has_codes,
            )
            for s in message.segments
        ),
        file_bytes=dict(message.file_bytes),
        pending_operation_count=message.pending_operation_count,
        lexicon_fingerprint=message.lexicon_fingerprint,
        stale_case_count=message.stale_case_count,
        stale_segment_count=message.stale_segment_count,
        background_failures=tuple(_failure(failure) for failure in message.background_failures),
        damages=tuple(Damage(damage.file, damage.description) for damage in message.damages),
    )


def _failure(message: index_service_pb2.BackgroundFailure) -> BackgroundFailure:
    name = index_service_pb2.BackgroundTask.Name(message.task).removeprefix("BACKGROUND_TASK_").lower()
    return BackgroundFailure(
        name,
        message.problem,
        message.first_failure.ToDatetime(timezone.utc),
        message.last_failure.ToDatetime(timezone.utc),
        message.attempt_count,
        message.retried,
    )


def _space(message: index_service_pb2.Space) -> Space:
    return Space(
        message.dimension,
        _word(index_service_pb2.Metric, message.metric),
        message.encoder_id,
        message.notice,
        message.encodes_images,
        message.encodes_text,
    )


def _embedding(embedding: Embedding) -> case_pb2.Embedding:
    return case_pb2.Embedding(values=_numbers(embedding.values), encoder_id=embedding.encoder_id)


def _numbers(vector: Vector) -> Sequence[float]:
    numbers: Any = vector
    return cast("Sequence[float]", numbers.tolist() if hasattr(numbers, "tolist") else numbers)


def _patient(patient: PatientKey | str | None) -> case_pb2.PatientKey | None:
    if patient is None:
        return None
    if isinstance(patient, str):
        return case_pb2.PatientKey(id=patient)
    return case_pb2.PatientKey(id=patient.id, issuer=patient.issuer)


def _patient_of(
    message: case_pb2.Case | search_service_pb2.AppliedGuards | search_service_pb2.EncodedQueryImage,
) -> PatientKey | None:
    return PatientKey(message.patient.id, message.patient.issuer) if message.HasField("patient") else None


def _hit(message: search_service_pb2.Hit) -> Hit:
    image = lexical = sentence = None
    if message.HasField("image"):
        score = message.image
        measure = score.WhichOneof("measure")
        image = ImageScore(
            measure=measure or "",
            value=getattr(score, measure) if measure else 0.0,
            rank=score.rank if score.HasField("rank") else None,
            contribution=score.contribution,
            image_index=score.image_index,
            embedding_index=score.embedding_index,
        )
    if message.HasField("lexical"):
        words = message.lexical
        lexical = LexicalScore(words.bm25, words.rank if words.HasField("rank") else None, words.contribution)
    if message.HasField("sentence"):
        said = message.sentence
        sentence = SentenceScore(said.deviations, said.rank if said.HasField("rank") else None, said.contribution)
    reranked = message.rerank_score if message.HasField("rerank_score") else None
    texts = [section.text.encode() for section in message.case.report.sections]
    highlights = tuple(_highlight(highlight, texts[highlight.section_index]) for highlight in message.highlights)
    evidence = tuple(_evidence(one, texts[one.section_index]) for one in message.evidence)
    found = case(message.case)
    return Hit(
        message.rank, found, message.fused_score, image, lexical, highlights, evidence, sentence, reranked
    )


def _evidence(message: search_service_pb2.Evidence, text: bytes) -> Evidence:
    background = message.background
    return Evidence(
        section_index=message.section_index,
        section=_word(case_pb2.SectionKind, message.section),
        sentence=_span(message.sentence),
        findings={finding.finding: _assertion(finding.assertion) for finding in message.findings},
        cosine=message.cosine,
        background=Background(background.share_below, background.deviations) if message.HasField("background") else None,
        query=_location(message.query),
        prior=_location(message.prior) if message.HasField("prior") else None,
        text=text[message.sentence.start_byte : message.sentence.end_byte].decode(),
    )


def _location(message: search_service_pb2.ImageLocation) -> ImageLocation:
    box = message.box
    return ImageLocation(
        image_index=message.image_index,
        cell=message.cell,
        box=(box.x, box.y, box.width, box.height),
        zone=message.zone,
        map=tuple(message.map),
    )


def _highlight(message: search_service_pb2.Highlight, text: bytes) -> Highlight:
    def cut(span: case_pb2.TextSpan) -> str:
        return text[span.start_byte : span.end_byte].decode()

    return Highlight(
        section_index=message.section_index,
        section=_word(case_pb2.SectionKind, message.section),
        sentence=_span(message.sentence),
        matches=tuple(
            HighlightMatch(
                _span(match.span), _assertion(match.assertion), match.finding, cut(match.span), _details(match)
            )
            for match in message.matches
        ),
        text=cut(message.sentence),
    )


def _span(message: case_pb2.TextSpan) -> TextSpan:
    return TextSpan(message.start_byte, message.end_byte, message.start_utf16, message.end_utf16)


def _assertion(number: int) -> Assertion | None:
    """One that this client does not know yet is none."""
    return next((assertion for assertion in Assertion if assertion.value == number), None)


def _details(match: search_service_pb2.HighlightMatch | report_service_pb2.Mention) -> MentionDetails | None:
    if not match.HasField("details"):
        return None
    details = match.details
    return MentionDetails(
        side=_side(details.side),
        larger_side=_side(details.larger_side),
        places=tuple(details.places),
        severity=details.severity,
        times=tuple(details.times),
        size_mm=details.size_mm if details.HasField("size_mm") else None,
        earlier_size_mm=details.earlier_size_mm if details.HasField("earlier_size_mm") else None,
        overridden=details.overridden,
    )


def _side(number: int) -> Side | None:
    return next((side for side in Side if side.value == number), None)


def _plan(message: search_service_pb2.Plan) -> Plan:
    fusion = message.fusion
    warnings: Iterable[Any] = message.warnings  # type checkers take the message `Warning` for Python's own
    return Plan(
        channels=tuple(
            ChannelPlan(
                _word(search_service_pb2.Channel, c.channel),
                _word(search_service_pb2.TakenPath, c.path),
                c.ef_search,
                c.visited_count,
                c.candidate_count,
                c.exact,
                c.target_recall,
            )
            for c in message.channels
        ),
        fusion=Fusion(
            fusion.image_weight, fusion.lexical_weight, fusion.rrf_k, fusion.candidates, fusion.sentence_weight
        ),
        case_count=message.case_count,
        match_count=message.match_count,
        exact=message.exact,
        warnings=tuple(PlanWarning(_code(search_service_pb2.WarningCode, w.code), w.message) for w in warnings),
        guards=AppliedGuards(
            _patient_of(message.guards),
            message.guards.patient_source,
            message.guards.before,
            message.guards.before_source,
            tuple(PatientKey(patient.id, patient.issuer) for patient in message.guards.example_patients),
        ),
        views=tuple(AppliedView(_word(search_service_pb2.Projection, view.projection), view.source) for view in message.views),
        corrections=tuple(TextCorrection(c.written, c.searched) for c in message.corrections),
        times=_times(message.times),
        unavailable=tuple(
            Unavailable(
                _word(search_service_pb2.AnswerPart, one.part),
                _code(search_service_pb2.UnavailableReason, one.reason),
                one.description,
            )
            for one in message.unavailable
        ),
        reranked_count=message.reranked_count,
    )


def _times(message: search_service_pb2.StepTimes) -> StepTimes:
    return StepTimes(
        admit_microseconds=message.admit_microseconds,
        encode_microseconds=message.encode_microseconds,
        filter_microseconds=message.filter_microseconds,
        image_microseconds=message.image_microseconds,
        lexical_microseconds=message.lexical_microseconds,
        fusion_microseconds=message.fusion_microseconds,
        fetch_microseconds=message.fetch_microseconds,
        judge_microseconds=message.judge_microseconds,
        evidence_microseconds=message.evidence_microseconds,
        sentence_microseconds=message.sentence_microseconds,
        rerank_microseconds=message.rerank_microseconds,
    )


def _code(enum: Any, number: int) -> str:
    """The name of a value of an enum of the protocol, without the name of the enum; empty for none, and for one that this
    client does not know yet."""
    value = enum.DESCRIPTOR.values_by_number.get(number)
    if value is None or number == 0:
        return ""
    unspecified: str = enum.DESCRIPTOR.values_by_number[0].name
    return str(value.name).removeprefix(unspecified.removesuffix("UNSPECIFIED"))


def _word(enum: Any, number: int) -> str:
    """The same in lower case, as in texts and filters."""
    return _code(enum, number).lower()


def _section_kind(kind: str) -> case_pb2.SectionKind:
    """A kind that is none is left for the server to refuse, as it refuses everything else about a case."""
    value = case_pb2.SectionKind.DESCRIPTOR.values_by_name.get(f"SECTION_KIND_{kind.upper()}")
    return cast("case_pb2.SectionKind", 0 if value is None else value.number)
