"""Says that a name is kept for old code, and what to use instead."""

from __future__ import annotations

import warnings


def warn_deprecated(
    thing: str, version: str, instead: str, stacklevel: int = 3
) -> None:
    """Warns with a DeprecationWarning.

    Args:
      thing: What is deprecated.
      version: Version of monitored_tf since which it is.
      instead: What to use.
      stacklevel: As in `warnings.warn`; 3 is the caller of the caller.
    """
    warnings.warn(
        f"{thing} is private to TensorFlow and deprecated since monitored_tf "
        f"{version}. Use {instead} instead.",
        DeprecationWarning,
        stacklevel=stacklevel,
    )
