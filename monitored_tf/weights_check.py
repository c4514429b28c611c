"""Finds NaN and Inf in a checkpoint, in the very bytes that were written.

The data files are looked at, rather than the variables: to fetch those takes a
third of the time of the save where they are large, and more than the whole save
where there are many. And in a cluster they may change between two runs.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from monitored_tf.checkpoint_index import message_fields, table_items

# Fields of BundleEntryProto.
_DTYPE, _SHARD, _OFFSET, _SIZE, _SLICES = 1, 3, 4, 5, 7
_SLICE_KEY = b"\0"
_END_OF_NAME = b"\0\1"
_CHECKSUM_BYTES = 4
_PIECE_BYTES = 1 << 20
# The bits of the exponent, all of which NaN and Inf have. NumPy is slow at
# numbers of two bytes, and their sum soon overflows.
_EXPONENTS = {"float16": 0x7C00, "bfloat16": 0x7F80}

# Name, number of values that are not finite, number of values.
NonFinite = tuple[str, int, int]


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """A tensor, or a slice of one, of floating-point numbers in a file."""

    shard: int
    offset: int
    size: int
    dtype: Any
    name: str


@dataclasses.dataclass(frozen=True)
class _Stretch:
    """Tensors of one type that follow each other without a gap."""

    shard: int
    start: int
    end: int
    tensors: Sequence[_Tensor]


class WeightsCheck:
    """Looks for NaN and Inf in the checkpoints of one saver.

    Where the tensors are in the files is kept from one checkpoint to the next,
    as long as it is the same.
    """

    def __init__(self) -> None:
        # What in an index tells where they are: at which places, and what.
        self._index_bytes = 0
        self._places = np.zeros(0, np.intp)
        self._at_places = np.zeros(0, np.uint8)
        self._shards = 0
        self._stretches: tuple[_Stretch, ...] = ()

    def non_finite(
        self, prefix: str, may_be_inf: Collection[str] = ()
    ) -> list[NonFinite]:
        """Returns the variables that have a NaN or an Inf.

        Args:
          prefix: Path of the checkpoint.
          may_be_inf: Names of variables in which, if they are scalars, only
            NaN counts: the least loss so far is Inf at first.

        Raises:
          tf.errors.OpError: if the files can't be read.
        """
        if not tf.io.gfile.exists(f"{prefix}.index"):
            return _non_finite_of_v1(prefix, may_be_inf)
        self._read_index(f"{prefix}.index")
        found: dict[str, tuple[int, int]] = {}
        files: dict[int, Any] = {}
        with np.errstate(all="ignore"):
            for stretch in self._stretches:
                path = (
                    f"{prefix}.data-{stretch.shard:05d}-of-{self._shards:05d}"
                )
                if stretch.shard not in files:
                    files[stretch.shard] = _content(path)
                file = files[stretch.shard]
                if _is_finite(file, stretch):
                    continue
                for name, bad, count in _bad_tensors(file, stretch, may_be_inf):
                    earlier = found.get(name, (0, 0))  # Of another slice.
                    found[name] = earlier[0] + bad, earlier[1] + count
        return [(name, *counts) for name, counts in sorted(found.items())]

    def _read_index(self, path: str) -> None:
        with tf.io.gfile.GFile(path, "rb") as file:
            raw: bytes = file.read()
        index = np.frombuffer(raw, np.uint8)
        if len(index) == self._index_bytes and np.array_equal(
            index[self._places], self._at_places
        ):
            return
        entries = list(table_items(raw))
        self._index_bytes = len(index)
        self._places = _places(raw, [value for _, value in entries])
        self._at_places = index[self._places]
        # Of the header.
        self._shards = dict(message_fields(entries[0][1])).get(1, 1)
        self._stretches = tuple(_stretches(sorted(_tensors(entries), key=_at)))


def _places(raw: bytes, values: Sequence[bytes]) -> Any:
    """Returns the places in the index of all but keys and checksums."""
    places, position = [], 0
    for value in values:
        position = raw.index(value, position)
        length = len(value) - _CHECKSUM_BYTES
        places.append(np.arange(position, position + max(length, 0)))
        position += len(value)
    return np.concatenate(places)


def _tensors(entries: Sequence[tuple[bytes, bytes]]) -> Iterator[_Tensor]:
    for key, value in entries[1:]:
        fields = dict(message_fields(value))
        dtype = tf.as_dtype(fields.get(_DTYPE, 0) or tf.variant)
        size = fields.get(_SIZE, 0)
        is_float = dtype.is_floating or dtype.is_complex
        # The bytes of what has slices are under the keys of these.
        if is_float and size and _SLICES not in fields:
            yield _Tensor(
                fields.get(_SHARD, 0),
                fields.get(_OFFSET, 0),
                size,
                _part_dtype(dtype),
                _name(key),
            )


def _part_dtype(dtype: Any) -> Any:
    """Returns the NumPy type of a number, or of the parts of a complex one."""
    return np.dtype(
        (dtype.real_dtype if dtype.is_complex else dtype).as_numpy_dtype
    )


def _name(key: bytes) -> str:
    if key.startswith(_SLICE_KEY):
        key = key[1:].partition(_END_OF_NAME)[0]
    return key.decode(errors="replace")


def _at(tensor: _Tensor) -> tuple[int, int]:
    return tensor.shard, tensor.offset


def _stretches(tensors: Sequence[_Tensor]) -> Iterator[_Stretch]:
    together: list[_Tensor] = []
    for tensor in tensors:
        if together and not _follows(tensor, together[-1]):
            yield _stretch(together)
            together = []
        together.append(tensor)
    if together:
        yield _stretch(together)


def _follows(tensor: _Tensor, last: _Tensor) -> bool:
    return (tensor.shard, tensor.offset, tensor.dtype) == (
        last.shard,
        last.offset + last.size,
        last.dtype,
    )


def _stretch(tensors: list[_Tensor]) -> _Stretch:
    first, last = tensors[0], tensors[-1]
    end = last.offset + last.size
    return _Stretch(first.shard, first.offset, end, tuple(tensors))


def _content(path: str) -> Any:
    """Returns the bytes of a file, in memory only if it is far away."""
    if "://" not in path:
        return np.memmap(path, np.uint8, "r")
    with tf.io.gfile.GFile(path, "rb") as file:
        return np.frombuffer(file.read(), np.uint8)


def _is_finite(file: Any, stretch: _Stretch) -> bool:
    """Returns True only if all are; False if that must be looked at."""
    values = file[stretch.start : stretch.end]
    dtype = stretch.tensors[0].dtype
    exponent = _EXPONENTS.get(dtype.name)
    if exponent is not None:
        return not any(
            ((piece & exponent) == exponent).any()
            for piece in _pieces(values.view(np.uint16))
        )
    if dtype.itemsize < 4:
        return all(
            np.isfinite(piece.astype(np.float32)).all()
            for piece in _pieces(values.view(dtype))
        )
    numbers = values.view(dtype)
    # The fastest there is: all cores, no memory. It may overflow.
    if numbers.flags.aligned:
        return math.isfinite(np.dot(numbers, numbers))
    return math.isfinite(np.add.reduce(numbers))


def _pieces(values: Any) -> Iterator[Any]:
    for start in range(0, len(values), _PIECE_BYTES):
        yield values[start : start + _PIECE_BYTES]


def _bad_tensors(
    file: Any, stretch: _Stretch, may_be_inf: Collection[str]
) -> Iterator[NonFinite]:
    for tensor in stretch.tensors:
        end = tensor.offset + tensor.size
        values = file[tensor.offset : end].view(tensor.dtype)
        bad = _count_bad(values, tensor.name in may_be_inf)
        if bad:
            yield tensor.name, bad, len(values)


def _count_bad(values: Any, may_be_inf: bool) -> int:
    if values.dtype.itemsize < 4:
        values = values.astype(np.float32)
    is_bound = may_be_inf and len(values) == 1
    bad = np.isnan(values) if is_bound else ~np.isfinite(values)
    return int(np.count_nonzero(bad))


def _non_finite_of_v1(
    prefix: str, may_be_inf: Collection[str]
) -> list[NonFinite]:
    reader = tf.compat.v1.train.NewCheckpointReader(prefix)
    found = []
    for name, dtype in sorted(reader.get_variable_to_dtype_map().items()):
        if dtype.is_floating or dtype.is_complex:
            values = np.ravel(reader.get_tensor(name)).view(_part_dtype(dtype))
            bad = _count_bad(values, name in may_be_inf)
            if bad:
                found.append((name, bad, len(values)))
    return found
