"""What gs:// is to be given: credentials, a block cache, or both."""

from __future__ import annotations

import dataclasses
from typing import Any

from monitored_tf.cloud import credentials as credentials_module
from monitored_tf.cloud.block_cache_params import BlockCacheParams
from monitored_tf.cloud.credentials import Credentials


@dataclasses.dataclass(frozen=True)
class Settings:
    """Checked settings; None for what is to stay as it is."""

    credentials: Credentials | None
    block_cache: BlockCacheParams | None

    @property
    def is_empty(self) -> bool:
        """Whether all is to stay as it is."""
        return self.credentials is None and self.block_cache is None


def check(credentials: Any, block_cache: Any) -> Settings | str:
    """Returns the settings, or what is wrong with them, for a ValueError."""
    if block_cache is not None and not isinstance(
        block_cache, BlockCacheParams
    ):
        return (
            "block_cache must be a BlockCacheParams or None. Got an object of "
            f"type {type(block_cache).__name__}."
        )
    if credentials is None:
        return Settings(None, block_cache)
    parsed = credentials_module.parse(credentials)
    return parsed if isinstance(parsed, str) else Settings(parsed, block_cache)
