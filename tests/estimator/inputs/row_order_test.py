"""Which rows each batch holds."""

import pytest

from monitored_tf.estimator.inputs.row_order import RowOrder


def _batches(order, token=0):
    return [order.batch(n, token).tolist() for n in range(order.batches)]


@pytest.mark.parametrize(
    ("rows", "batch_size", "passes", "expected"),
    [
        (4, 2, 1, [[0, 1], [2, 3]]),
        (5, 2, 1, [[0, 1], [2, 3], [4]]),
        (3, 2, 3, [[0, 1], [2, 0], [1, 2], [0, 1], [2]]),
        (3, 8, 2, [[0, 1, 2, 0, 1, 2]]),
        (3, 2, 0, []),
        (3, 2, -1, []),
    ],
)
def test_batches_run_across_the_ends_of_passes(
    rows, batch_size, passes, expected
):
    order = RowOrder(rows, batch_size=batch_size, passes=passes)
    assert _batches(order) == expected


def test_without_end_every_batch_is_full():
    order = RowOrder(3, batch_size=2, passes=None)
    assert order.batches > 10**18
    assert order.batch(10**15).tolist() == [2, 0]


@pytest.mark.parametrize("window", [1, 3, 7, 20, 1000])
@pytest.mark.parametrize("batch_size", [1, 4, 50])
def test_shuffled_every_row_comes_as_often_as_it_is_passed(window, batch_size):
    order = RowOrder(7, batch_size=batch_size, passes=3, window=window)
    batches = _batches(order, token=5)
    assert {len(batch) for batch in batches[:-1]} <= {batch_size}
    assert sorted(sum(batches, [])) == sorted([*range(7)] * 3)


def test_rows_change_places_within_the_window_only():
    order = RowOrder(20, batch_size=20, passes=1, window=5)
    (rows,) = _batches(order, token=1)
    begin = _begin(rows[:5])
    for number in range(4):
        block = {(row - begin) % 20 for row in rows[5 * number :][:5]}
        assert block == {*range(5 * number, 5 * number + 5)}
    assert rows != [(begin + place) % 20 for place in range(20)]


def _begin(rows):
    """Returns the first of some rows in a row, if 0 follows 19."""
    (begin,) = (row for row in rows if (row - 1) % 20 not in rows)
    return begin


def test_it_begins_at_a_random_row():
    order = RowOrder(1000, batch_size=1, passes=1, window=1)
    firsts = {int(order.batch(0, token)[0]) for token in range(20)}
    assert len(firsts) > 10


def test_a_batch_depends_on_number_and_token_alone():
    order = RowOrder(50, batch_size=8, passes=2, window=20)
    expected = {token: _batches(order, token) for token in (1, 2)}
    mixed = {1: [], 2: []}
    for number in range(order.batches):
        for token, batches in mixed.items():
            batches.append(order.batch(number, token).tolist())
    assert mixed == expected
    assert expected[1] != expected[2]
