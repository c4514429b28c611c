"""A session in which a Saver does as it always does, but writes otherwise."""

from __future__ import annotations

from typing import Any, Callable

import tensorflow as tf

_v1 = tf.compat.v1


class StandInSession(_v1.Session):  # type: ignore[misc,name-defined]
    """Runs in another session all but what saves.

    A Saver takes sessions only. So this is one, though never opened.

    Args:
      session: The session.
      saver_def: `SaverDef` of the saver, which tells what saves.
      write: Called in its place with the path of the checkpoint; returns what
        the saving op would.

    Attributes:
      path: Path of the checkpoint, once it is known.
      error: What kept it from being written, or None.
    """

    def __init__(
        self, session: Any, saver_def: Any, write: Callable[[str], str]
    ) -> None:
        self._real = session
        self._saver_def = saver_def
        self._write = write
        self.path = ""
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __del__(self) -> None:
        """Leaves the real session open."""

    @property
    def graph(self) -> Any:
        """The real session's graph."""
        return self._real.graph

    def run(
        self,
        fetches: Any,
        feed_dict: Any = None,
        options: Any = None,
        run_metadata: Any = None,
    ) -> Any:
        """Runs; what saves is written so that only whole files come to be."""
        if fetches != self._saver_def.save_tensor_name or not feed_dict:
            return self._real.run(fetches, feed_dict, options, run_metadata)
        self.path = str(feed_dict[self._saver_def.filename_tensor_name])
        try:
            return self._write(self.path)
        except Exception as error:
            self.error = error
            raise
