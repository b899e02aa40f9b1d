from precedent_client._generated.precedent.v1 import case_pb2 as _case_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EncodeImageRequest(_message.Message):
    __slots__ = ("index", "content", "with_patches")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    WITH_PATCHES_FIELD_NUMBER: _ClassVar[int]
    index: str
    content: bytes
    with_patches: bool
    def __init__(self, index: _Optional[str] = ..., content: _Optional[bytes] = ..., with_patches: bool = ...) -> None: ...

class EncodeImageResponse(_message.Message):
    __slots__ = ("embedding", "original_width_pixels", "original_height_pixels", "notice", "patches")
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_WIDTH_PIXELS_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_HEIGHT_PIXELS_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    PATCHES_FIELD_NUMBER: _ClassVar[int]
    embedding: _case_pb2.Embedding
    original_width_pixels: int
    original_height_pixels: int
    notice: str
    patches: PatchGrid
    def __init__(self, embedding: _Optional[_Union[_case_pb2.Embedding, _Mapping]] = ..., original_width_pixels: _Optional[int] = ..., original_height_pixels: _Optional[int] = ..., notice: _Optional[str] = ..., patches: _Optional[_Union[PatchGrid, _Mapping]] = ...) -> None: ...

class PatchGrid(_message.Message):
    __slots__ = ("side", "dimension", "values")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    DIMENSION_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    side: int
    dimension: int
    values: _containers.RepeatedScalarFieldContainer[float]
    def __init__(self, side: _Optional[int] = ..., dimension: _Optional[int] = ..., values: _Optional[_Iterable[float]] = ...) -> None: ...

class EncodeTextRequest(_message.Message):
    __slots__ = ("index", "text")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    index: str
    text: str
    def __init__(self, index: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class EncodeTextResponse(_message.Message):
    __slots__ = ("embedding", "notice")
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    embedding: _case_pb2.Embedding
    notice: str
    def __init__(self, embedding: _Optional[_Union[_case_pb2.Embedding, _Mapping]] = ..., notice: _Optional[str] = ...) -> None: ...
