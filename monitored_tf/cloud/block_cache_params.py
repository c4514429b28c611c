"""BlockCacheParams: the sizes of the read cache of gs://."""

from __future__ import annotations

import operator
from typing import Any

_BLOCK_SIZE = 128 * 1024 * 1024
_LARGEST = 2**63 - 1


class BlockCacheParams:
    """Sizes of the cache that TensorFlow reads gs:// files through.

    Stands in for `tf.contrib.cloud.BlockCacheParams`.

    >>> BlockCacheParams(block_size=1024)
    BlockCacheParams(block_size=1024, max_bytes=2048, max_staleness=0)

    Args:
      block_size: Bytes of one read; 128 MiB if None.
      max_bytes: Bytes that are kept; twice the block size if None. 0 keeps
        nothing.
      max_staleness: Seconds after which a block is read again; 0, the default,
        is for no such limit. An open finds out by itself that a file is new.

    Raises:
      ValueError: if one is no whole number, or below 0.

    Attributes:
      block_size: As given, or its default; so the other two.
      max_bytes: Bytes.
      max_staleness: Seconds.
    """

    def __init__(
        self,
        block_size: int | None = None,
        max_bytes: int | None = None,
        max_staleness: int | None = None,
    ) -> None:
        self.block_size = _whole("block_size", block_size, _BLOCK_SIZE)
        self.max_bytes = _whole("max_bytes", max_bytes, 2 * self.block_size)
        self.max_staleness = _whole("max_staleness", max_staleness, 0)

    def as_tuple(self) -> tuple[int, int, int]:
        """Returns block size, maximum of bytes, maximum of staleness."""
        return self.block_size, self.max_bytes, self.max_staleness

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BlockCacheParams):
            return NotImplemented
        return self.as_tuple() == other.as_tuple()

    def __hash__(self) -> int:
        return hash(self.as_tuple())

    def __repr__(self) -> str:
        return (
            f"BlockCacheParams(block_size={self.block_size}, "
            f"max_bytes={self.max_bytes}, max_staleness={self.max_staleness})"
        )


def _whole(name: str, value: Any, default: int) -> int:
    if value is None:
        return default
    try:
        whole = operator.index(value)
    except TypeError:
        whole = -1
    if isinstance(value, bool) or not 0 <= whole <= _LARGEST:
        raise ValueError(
            f"{name} must be a whole number, 0 or more. Got {value!r}."
        )
    return whole
