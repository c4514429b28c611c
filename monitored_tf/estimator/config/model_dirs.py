"""Where a RunConfig has its model_dir from."""

from __future__ import annotations

import os
from typing import Any


def one_of(given: Any, configured: str | None) -> Any:
    """Returns the argument or that of TF_CONFIG; None if there is neither.

    Args:
      given: The argument.
      configured: The `model_dir` of TF_CONFIG.

    Raises:
      ValueError: if the two differ, or that of TF_CONFIG is empty.
    """
    given = as_str(given)
    if configured == "":
        raise ValueError(
            "model_dir in TF_CONFIG should be non-empty. Name a folder, or "
            "leave it out."
        )
    if given and configured and given != configured:
        raise ValueError(
            "`model_dir` provided in RunConfig construct, if set, must have "
            "the same value as the model_dir in TF_CONFIG. Got "
            f"{given!r} and {configured!r}: leave out one of them."
        )
    return configured if given is None else given


def as_str(path: Any) -> Any:
    """Returns a path as str; anything else as it is.

    Args:
      path: The argument.
    """
    is_path = isinstance(path, (bytes, os.PathLike))
    return os.fsdecode(path) if is_path else path
