"""Reads what the index of a checkpoint says of its data files.

TensorFlow's reader tells names, shapes and dtypes, but not where the bytes
are, so that it can't tell how long a data file must be. And where a block of
the index is damaged it leaves out what stood in it, without an error.

An index is a table in LevelDB's format, not compressed: blocks of sorted keys,
and a footer of 48 bytes that leads to the block which lists them. The values
are messages of protocol buffers.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

_FOOTER_BYTES = 48
_BLOCK_TRAILER_BYTES = 5  # Kind of compression, checksum.
# Fields of BundleHeaderProto.
_NUM_SHARDS = 1
# Fields of BundleEntryProto.
_DTYPE, _SHAPE, _SHARD, _OFFSET, _SIZE, _SLICES = 1, 2, 3, 4, 5, 7
_SLICE_KEY = b"\0"
# Their names have five digits.
_MOST_SHARDS = 99999
# Kinds of fields.
_VARINT, _BYTES, _FIXED32 = 0, 2, 5


class FormatError(ValueError):
    """The file is no index, or a damaged one."""


@dataclasses.dataclass(frozen=True)
class CheckpointIndex:
    """What an index says.

    Attributes:
      shapes: Shape of each tensor, as a tuple.
      dtypes: Dtype of each tensor.
      shard_bytes: The least length of each data file.
      slices: Name of each tensor that is saved in slices, with the slices as
        RestoreV2 takes them behind the shape: "0,3:-".
    """

    shapes: Mapping[str, tuple[int, ...]]
    dtypes: Mapping[str, Any]
    shard_bytes: tuple[int, ...]
    slices: Mapping[str, tuple[str, ...]]


def read(path: str) -> CheckpointIndex:
    """Reads the index file of a checkpoint.

    Raises:
      FormatError: if it can't be understood.
      tf.errors.OpError: if it can't be read.
    """
    with tf.io.gfile.GFile(path, "rb") as file:
        raw: bytes = file.read()
    try:
        return _parse(raw)
    # Text or a number where the other should be is a TypeError.
    except (IndexError, TypeError, UnicodeDecodeError, struct.error) as error:
        raise FormatError(f"it is damaged ({error})") from error


# A restore reads the same index twice: to verify it, and for the shapes.
@functools.lru_cache(maxsize=1)
def _parse(raw: bytes) -> CheckpointIndex:
    if len(raw) < _FOOTER_BYTES:
        raise FormatError(f"it has only {len(raw)} bytes")
    shapes: dict[str, tuple[int, ...]] = {}
    dtypes: dict[str, Any] = {}
    shard_bytes: dict[int, int] = {}
    slices: dict[str, tuple[str, ...]] = {}
    shards = 1
    for key, value in table_items(raw):
        if not key:
            shards = dict(message_fields(value)).get(_NUM_SHARDS, 1)
            continue
        entry = _entry(value)
        end = entry.offset + entry.size
        if end > shard_bytes.get(entry.shard, -1):
            shard_bytes[entry.shard] = end
        if key.startswith(_SLICE_KEY):
            continue
        name = key.decode()
        shapes[name] = _shape(entry.shape)
        dtypes[name] = _dtype(entry.dtype)
        if entry.slices:
            slices[name] = tuple(map(_slice, entry.slices))
    if not max(shard_bytes, default=0) < shards <= _MOST_SHARDS:
        raise FormatError(f"it is damaged ({shards} data files)")
    return CheckpointIndex(
        shapes,
        dtypes,
        tuple(shard_bytes.get(n, 0) for n in range(shards)),
        slices,
    )


def table_items(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yields all keys and values of a table."""
    footer = raw[-_FOOTER_BYTES:]
    _, position = _varint(footer, 0)  # Of a block that is not used.
    _, position = _varint(footer, position)
    for _, handle in _block(raw, footer[position:]):
        yield from _block(raw, handle)


def _block(raw: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset, position = _varint(handle, 0)
    size, _ = _varint(handle, position)
    block = raw[offset : offset + size]
    if len(raw) < offset + size + _BLOCK_TRAILER_BYTES:
        raise FormatError("it ends too early")
    if raw[offset + size]:
        raise FormatError("a block of it is compressed, or damaged")
    (restarts,) = struct.unpack("<I", block[-4:])
    end = size - 4 * (restarts + 1)
    position, key = 0, b""
    while position < end:
        # Nearly always of one byte each: reading them at once saves time.
        shared, rest, length = block[position : position + 3]
        if shared < 128 and rest < 128 and length < 128:
            position += 3
        else:
            shared, position = _varint(block, position)
            rest, position = _varint(block, position)
            length, position = _varint(block, position)
        key = key[:shared] + block[position : position + rest]
        position += rest
        yield key, block[position : position + length]
        position += length


class _Entry(NamedTuple):
    """What stands in the message of a tensor, in the order of its fields."""

    dtype: int
    shape: bytes
    shard: int
    offset: int
    size: int
    slices: tuple[bytes, ...]


def _entry(value: bytes) -> _Entry:
    fields = message_fields(value)
    content = dict(fields)
    slices: tuple[bytes, ...] = ()
    if _SLICES in content:  # The only one that is repeated.
        slices = tuple(part for field, part in fields if field == _SLICES)
    return _Entry(
        content.get(_DTYPE, 0),
        content.get(_SHAPE, b""),
        content.get(_SHARD, 0),
        content.get(_OFFSET, 0),
        content.get(_SIZE, 0),
        slices,
    )


@functools.lru_cache
def _shape(message: bytes) -> tuple[int, ...]:
    dimensions = (
        dict(message_fields(one)) for _, one in message_fields(message)
    )
    return tuple(one.get(1, 0) for one in dimensions)


@functools.lru_cache
def _dtype(number: int) -> Any:
    return tf.as_dtype(number)


def _slice(message: bytes) -> str:
    extents = []
    for _, extent in message_fields(message):
        numbers = dict(message_fields(extent))
        # Without a length it is the whole dimension.
        whole = 2 not in numbers
        extents.append("-" if whole else f"{numbers.get(1, 0)},{numbers[2]}")
    return ":".join(extents)


def message_fields(message: bytes) -> list[tuple[int, Any]]:
    """Returns number and content of each field of a protocol buffer."""
    fields: list[tuple[int, Any]] = []
    position, end = 0, len(message)
    while position < end:
        # All numbers of fields are below 16.
        tag = message[position]
        number, kind = tag >> 3, tag & 7
        if kind == _FIXED32:
            position += 5
            continue
        if kind not in (_VARINT, _BYTES):
            raise FormatError(f"it is damaged (field of kind {kind})")
        content = message[position + 1]
        if content < 128:
            position += 2
        else:
            content, position = _varint(message, position + 1)
        if kind == _VARINT:
            fields.append((number, content))
        else:
            fields.append((number, message[position : position + content]))
            position += content
    return fields


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Returns a number and the position behind it."""
    byte = data[position]
    position += 1
    if byte < 128:
        return byte, position
    number, shift = byte & 127, 7
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, position
        shift += 7
