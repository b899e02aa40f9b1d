"""Client for Precedent: similar prior cases over gRPC.

>>> from precedent_client import Client
>>> with Client("127.0.0.1:50051") as client:                       # doctest: +SKIP
...     hits = client.search(text="pleural effusion", limit=5).hits
"""

from .client import Client
from .errors import PrecedentError, Violation
from .types import (
    Acknowledgement,
    Case,
    ChannelPlan,
    Damage,
    DeleteResult,
    Embedding,
    Fusion,
    Hit,
    Image,
    ImageScore,
    IndexStats,
    IndexSummary,
    LexicalScore,
    PatientKey,
    Plan,
    PlanWarning,
    Query,
    Record,
    Rejection,
    SearchResult,
    Section,
    SegmentStats,
    Space,
    VectorPath,
    Verification,
)

__all__ = [
    "Acknowledgement",
    "Case",
    "ChannelPlan",
    "Client",
    "Damage",
    "DeleteResult",
    "Embedding",
    "Fusion",
    "Hit",
    "Image",
    "ImageScore",
    "IndexStats",
    "IndexSummary",
    "LexicalScore",
    "PatientKey",
    "Plan",
    "PlanWarning",
    "PrecedentError",
    "Query",
    "Record",
    "Rejection",
    "SearchResult",
    "Section",
    "SegmentStats",
    "Space",
    "VectorPath",
    "Verification",
    "Violation",
]
