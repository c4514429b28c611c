"""Private names of TensorFlow's sessions that much public code uses."""

from __future__ import annotations

from typing import Any

from monitored_tf._deprecation import warn_deprecated
from monitored_tf.lifecycle import Lifecycle

_INSTEAD = "session.raw_session()"


class LegacyNames:
    """Answers to those names, with a DeprecationWarning."""

    _life: Lifecycle

    # So many others has TensorFlow around its raw session.
    _wrappers = 3

    def _tf_sess(self) -> Any:
        warn_deprecated("session._tf_sess()", "0.1", _INSTEAD)
        return self._life.loop.raw_session

    def _is_closed(self) -> bool:
        warn_deprecated(
            "session._is_closed()", "0.1", "session.raw_session() is None"
        )
        return self._life.loop.raw_session is None

    @property
    def _sess(self) -> Any:
        warn_deprecated("session._sess", "0.1", _INSTEAD)
        raw_session = self._life.loop.raw_session
        return raw_session and _WrappedSession(raw_session, self._wrappers)

    @property
    def _coordinated_creator(self) -> _CoordinatedCreator:
        warn_deprecated("session._coordinated_creator", "0.1", _INSTEAD)
        live = self._life.loop.live
        return _CoordinatedCreator(
            self._life.loop.raw_session, live and live.coord
        )

    @property
    def _hooks(self) -> list[Any]:
        warn_deprecated(
            "session._hooks", "0.1", "the list that you gave to the session"
        )
        return list(self._life.calls.hooks)


class _WrappedSession:
    """Stands where TensorFlow has a wrapper, for `._sess._sess._sess._sess`.

    Anything else is asked of the raw session.
    """

    def __init__(self, raw_session: Any, wrappers: int) -> None:
        self._raw_session = raw_session
        self._wrappers = wrappers

    @property
    def _sess(self) -> Any:
        if self._wrappers == 1:
            return self._raw_session
        return _WrappedSession(self._raw_session, self._wrappers - 1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw_session, name)


class _CoordinatedCreator:
    def __init__(self, tf_sess: Any, coord: Any) -> None:
        self.tf_sess = tf_sess
        self.coord = coord
