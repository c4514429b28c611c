"""A hook that keeps a list of its calls."""

from __future__ import annotations

from typing import Any

from monitored_tf.session_run_hook import SessionRunArgs, SessionRunHook


class RecordingHook(SessionRunHook):
    """Writes down each call of a callback; compare the whole list.

    >>> hook = RecordingHook("a")
    >>> hook.begin()
    >>> hook.calls
    ['a.begin']

    Args:
      name: Put before each entry, to tell several hooks apart.
      log: A list to append to, shared by several hooks; its own if None.
      fetches: What it asks for in each `before_run`; None for nothing.
      feed_dict: What it feeds, or None.
      options: `RunOptions` it asks for, or None.

    Attributes:
      calls: The list of "name.callback" entries.
      results: What each `after_run` got for `fetches`.
      errors: What each `on_error` got.
      events: What each `on_recovery` got.
    """

    def __init__(
        self,
        name: str = "hook",
        log: list[str] | None = None,
        fetches: Any = None,
        feed_dict: Any = None,
        options: Any = None,
    ) -> None:
        self._name = name
        self._request = SessionRunArgs(fetches, feed_dict, options)
        self.calls = [] if log is None else log
        self.results: list[Any] = []
        self.errors: list[BaseException] = []
        self.events: list[Any] = []

    def _record(self, callback: str) -> None:
        self.calls.append(f"{self._name}.{callback}")

    def begin(self) -> None:
        """Records the call, as every callback does."""
        self._record("begin")

    def after_create_session(self, session: Any, coord: Any) -> None:
        self._record("after_create_session")

    def before_run(self, run_context: Any) -> Any:
        self._record("before_run")
        return self._request

    def after_run(self, run_context: Any, run_values: Any) -> None:
        self._record("after_run")
        self.results.append(run_values.results)

    def end(self, session: Any) -> None:
        self._record("end")

    def on_error(self, session: Any, error: BaseException) -> None:
        self._record("on_error")
        self.errors.append(error)

    def on_recovery(self, event: Any) -> None:
        self._record("on_recovery")
        self.events.append(event)

    def close(self) -> None:
        self._record("close")
