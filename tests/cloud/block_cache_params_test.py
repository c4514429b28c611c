"""BlockCacheParams: defaults and limits."""

from __future__ import annotations

import numpy as np
import pytest

import monitored_tf
from monitored_tf.cloud import BlockCacheParams


def test_defaults():
    params = BlockCacheParams()
    assert params.block_size == 128 * 1024 * 1024
    assert params.max_bytes == 2 * params.block_size
    assert params.max_staleness == 0


def test_default_of_bytes_is_twice_the_block_size():
    assert BlockCacheParams(10).max_bytes == 20


def test_what_is_given_is_kept():
    assert BlockCacheParams(1, np.int64(0), 3).as_tuple() == (1, 0, 3)


def test_equal_by_value():
    assert BlockCacheParams(1, 2, 3) == BlockCacheParams(1, 2, 3)
    assert hash(BlockCacheParams(1)) == hash(BlockCacheParams(1))
    assert BlockCacheParams(1) != BlockCacheParams(2)
    assert BlockCacheParams(1) != (1, 2, 0)


@pytest.mark.parametrize("name", ["block_size", "max_bytes", "max_staleness"])
@pytest.mark.parametrize("value", [-1, 1.5, "1", True, 2**63])
def test_no_whole_number_is_an_error(name, value):
    with pytest.raises(ValueError, match=name):
        BlockCacheParams(**{name: value})


@pytest.mark.parametrize("given", [{}, 0, (1, 2, 3), BlockCacheParams, ""])
def test_hook_takes_nothing_else(given):
    with pytest.raises(ValueError, match="must be a BlockCacheParams"):
        monitored_tf.ConfigureGcsHook(block_cache=given)
