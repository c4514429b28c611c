"""Does all of several things even when one fails."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import TracebackType

from absl import logging


class Failures:
    """Keeps errors while the rest is done; raises the first one at the end.

    >>> with Failures() as failed:
    ...     with failed.kept("first"):
    ...         raise ValueError("one")
    ...     with failed.kept("second"):
    ...         print("still done")
    Traceback (most recent call last):
    ValueError: one

    The later ones are logged and stand in the context of the first.
    """

    def __init__(self) -> None:
        self._first: BaseException | None = None

    def __enter__(self) -> Failures:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and self._first is not None:
            raise self._first

    @contextlib.contextmanager
    def kept(self, what: str) -> Iterator[None]:
        """Keeps the error of its block.

        Args:
          what: What was done, for the log.
        """
        try:
            yield
        except BaseException as error:  # Raised again at the end.
            self._keep(error, what)

    def _keep(self, error: BaseException, what: str) -> None:
        first = self._first
        if first is None or first is error:
            self._first = error
            return
        logging.error("%s failed too: %r", what, error, exc_info=error)
        if _ends_process(error) and not _ends_process(first):
            # An interrupt goes before an error: the user wants out.
            first, error = error, first
        add_context(first, error)
        self._first = first


@contextlib.contextmanager
def behind(error: BaseException, what: str) -> Iterator[None]:
    """Lets an error of its block stand in the context of `error`.

    Args:
      error: The error that the caller raises, or is about to.
      what: What is done in the block, for the log.
    """
    try:
        yield
    except BaseException as other:  # Logged; the caller raises `error`.
        if other is error:
            return
        if _ends_process(other) and not _ends_process(error):
            logging.error("%s: %r goes before %r", what, other, error)
            raise  # An interrupt goes before an error: the user wants out.
        logging.error("%s failed too: %r", what, other, exc_info=other)
        add_context(error, other)


def _ends_process(error: BaseException) -> bool:
    # A SystemExit may be an Exception too, as PeerLostError is.
    return isinstance(error, SystemExit) or not isinstance(error, Exception)


def add_context(error: BaseException, other: BaseException) -> None:
    """Puts `other`, and what led to it, into the context of `error`.

    What stood there comes behind it. Nothing further down is changed: it may
    be an error that the caller is handling.
    """
    rest = error.__context__
    behind_error = list(_chain(error))
    if any(link is other for link in behind_error):
        return
    for link in _chain(other):
        if link is rest:
            break
        if any(link is known for known in behind_error):
            return
        if link.__context__ is None or link.__context__ is error:
            link.__context__ = rest
            break
    error.__context__ = other


def forget_frames(
    error: BaseException, until: BaseException | None = None
) -> None:
    """Drops the tracebacks of an error that is kept only to be read.

    Its frames would keep alive what they worked on: sessions, for instance.

    Args:
      error: The error, and what stands in its context ...
      until: ... up to this one, which somebody else is handling.
    """
    for link in _chain(error):
        if link is until:
            return
        link.__traceback__ = None


def drop_twin(error: BaseException) -> None:
    """Drops the context of an error where it says the same.

    TensorFlow raises most errors of a run a second time, with more text.
    """
    twin = error.__context__
    if type(twin) is type(error) and str(twin) in str(error):
        error.__context__ = twin.__context__


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__context__
