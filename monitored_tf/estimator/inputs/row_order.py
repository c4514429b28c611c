"""Which rows each batch holds: arithmetic, without any state of a reader."""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np

# More batches than anybody reads; tf.data counts them in an int64.
_ENDLESS = 2**63 - 1


class RowOrder:
    """The rows of every batch of an input, by the batch's number.

    The rows are passed through several times in a row, and the stream of them
    is cut into batches: one batch may hold the end of a pass and the beginning
    of the next, and only the very last may be short. Shuffled, the stream
    begins at a random row, and its rows change places within a window.

    Each batch depends on its number and on a token, the random number of a
    session, alone: sessions share no state, and each begins anew.

    >>> order = RowOrder(3, batch_size=2, passes=2)
    >>> [order.batch(number).tolist() for number in range(order.batches)]
    [[0, 1], [2, 0], [1, 2]]

    Attributes:
      batches: How many there are; a number never reached if without end.
      shuffled: Whether they depend on the token.
    """

    def __init__(
        self,
        rows: int,
        *,
        batch_size: int,
        passes: int | None = 1,
        window: int | None = None,
    ):
        """Takes the sizes.

        Args:
          rows: Number of rows of the data, at least 1.
          batch_size: Rows of a batch, at least 1.
          passes: How often each row is given; None is without end.
          window: Rows among which a row may change places, at least 1; None
            leaves all rows in their order.
        """
        self._rows = rows
        self._batch_size = batch_size
        self._total = math.inf if passes is None else max(passes, 0) * rows
        self._window = window
        self.shuffled = window is not None
        self._last_window: tuple[Any, Any] = (None, None)
        self.batches = (
            _ENDLESS
            if passes is None
            else math.ceil(self._total / self._batch_size)
        )

    def batch(self, number: int, token: int = 0) -> Any:
        """Returns the row numbers of a batch, an array of int64.

        Args:
          number: Of the batch, from 0.
          token: Random number; another one, another order of shuffled rows.
        """
        first = number * self._batch_size
        end = int(min(first + self._batch_size, self._total))
        if self._window is None:
            return np.arange(first, end) % self._rows
        return _from_windows(
            first, end, self._window, lambda n: self._shuffled(n, token)
        )

    def _shuffled(self, number: int, token: int) -> Any:
        """Returns the rows of a window, in random order."""
        key, rows = self._last_window
        if key != (number, token):
            size = self._window or 0
            first = number * size
            end = int(min(first + size, self._total))
            start = np.random.default_rng([token]).integers(self._rows)
            generator = np.random.default_rng([token, number])
            places = first % self._rows + generator.permutation(end - first)
            rows = (start + places) % self._rows
            # In one assignment: another session's thread reads it whole.
            self._last_window = ((number, token), rows)
        return rows


def _from_windows(
    first: int, end: int, size: int, window: Callable[[int], Any]
) -> Any:
    """Returns what stands from first to end in the windows put in a row."""
    pieces = []
    while first < end:
        number, offset = divmod(first, size)
        pieces.append(window(number)[offset : offset + end - first])
        first += len(pieces[-1])
    return np.concatenate(pieces)
