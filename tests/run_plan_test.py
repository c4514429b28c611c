"""What the caller and the hooks want of one run, merged."""

import pytest
import tensorflow as tf

from monitored_tf import errors, run_plan

v1 = tf.compat.v1
Args = v1.train.SessionRunArgs


def _merge(graph, *requests, fetches="f", feed_dict=None, options=None):
    plan = run_plan.RunPlan(fetches, feed_dict, options, graph)
    for position, request in enumerate(requests):
        if request.fetches is not None:
            plan.requests[position] = request.fetches
        plan.merge(f"hook{position}", request)
    return plan


def _all_fetches(plan):
    return run_plan.all_fetches(plan.fetches, plan.requests)


def _merged_feeds(*args, **kwargs):
    return _merge(*args, **kwargs).feed_dict()


def _placeholders(*names):
    return [v1.placeholder(tf.float32, (), name) for name in names]


def test_without_requests_the_callers_own_objects_are_run(graph):
    feeds = {"a": 1}
    plan = _merge(graph, feed_dict=feeds)
    assert plan.fetches == "f"
    assert plan.requests == {}
    assert plan.feed_dict() is feeds
    assert plan.options is None


def test_each_side_finds_its_own_part_in_the_results(graph):
    one, two, three = (tf.constant(n) for n in (1, 2, 3))
    requests = Args({"n": two}), Args(None), Args([three])
    plan = _merge(graph, *requests, fetches=one)
    with v1.Session() as session:
        results = session.run(_all_fetches(plan))
    assert run_plan.split(results) == (1, {0: {"n": 2}, 2: [3]})


def test_a_hook_that_fetches_none_takes_no_place_in_the_fetches(graph):
    assert _all_fetches(_merge(graph, Args(None))) == {"caller": "f"}


def test_a_hook_may_fetch_an_empty_list(graph):
    assert _merge(graph, Args([])).requests == {0: []}


def test_a_hooks_feeds_alone_are_fed(graph):
    (a,) = _placeholders("a")
    assert _merged_feeds(graph, Args(None, {a.ref(): 1})) == {a.ref(): 1}


def test_the_feeds_of_all_sides_are_fed_together(graph):
    a, b, c = _placeholders("a", "b", "c")
    requests = Args(None, {a: 1}), Args(None, {b: 2})
    plan = _merge(graph, *requests, feed_dict={c: 3})
    assert {key.name: n for key, n in plan.feed_dict().items()} == {
        "a:0": 1,
        "b:0": 2,
        "c:0": 3,
    }


def test_nobodys_feeds_or_options_are_changed(graph):
    a, b, c = _placeholders("a", "b", "c")
    feeds = [{a: 1}, {b: 2}, {c: 3}]
    options = [v1.RunOptions(timeout_in_ms=n) for n in (1, 2, 3)]
    first, second, third = zip(feeds, options)
    plan = _merge(
        graph,
        Args(None, *second),
        Args(None, *third),
        feed_dict=first[0],
        options=first[1],
    )
    assert feeds == [{a: 1}, {b: 2}, {c: 3}]
    assert [option.timeout_in_ms for option in options] == [1, 2, 3]
    assert plan.options.timeout_in_ms == 3
    assert not any(plan.options is option for option in options)


def test_two_hooks_that_feed_one_tensor_conflict(graph):
    (a,) = _placeholders("a")
    with pytest.raises(errors.FeedConflictError) as raised:
        _merged_feeds(graph, Args(None, {a: 1}), Args(None, {a: 2}))
    for part in ("fed by two hooks", "a:0", "hook0", "hook1"):
        assert part in str(raised.value)


def test_a_hook_and_the_user_that_feed_one_tensor_conflict(graph):
    (a,) = _placeholders("a")
    with pytest.raises(errors.FeedConflictError) as raised:
        _merged_feeds(graph, Args(None, {a: 1}), feed_dict={a: 2})
    for part in ("fed by a SessionRunHook and user", "a:0", "hook0"):
        assert part in str(raised.value)


def test_the_feeder_named_is_the_one_whose_tensor_conflicts(graph):
    a, b = _placeholders("a", "b")
    with pytest.raises(errors.FeedConflictError, match=r"b:0.*hook1"):
        _merged_feeds(
            graph, Args(None, {a: 1}), Args(None, {b: 2}), feed_dict={b: 3}
        )


def test_all_tensors_in_conflict_are_named(graph):
    a, b = _placeholders("a", "b")
    with pytest.raises(errors.FeedConflictError, match="b:0.*a:0"):
        _merged_feeds(graph, Args(None, {a: 1, b: 2}), feed_dict={b: 3, a: 4})


@pytest.mark.parametrize("key", ["a:0", "tensor"])
@pytest.mark.parametrize("other", ["a:0", "tensor"])
def test_a_conflict_is_seen_by_tensor_and_by_name(graph, key, other):
    (a,) = _placeholders("a")
    keys = {"a:0": "a:0", "tensor": a}
    with pytest.raises(errors.FeedConflictError, match="a:0"):
        _merged_feeds(
            graph, Args(None, {keys[key]: 1}), feed_dict={keys[other]: 2}
        )


def test_a_conflict_inside_a_tuple_of_tensors_is_seen(graph):
    a, b = _placeholders("a", "b")
    with pytest.raises(errors.FeedConflictError, match="b:0"):
        _merged_feeds(graph, Args(None, {(a, b): (1, 2)}), feed_dict={b: 3})


def test_a_conflict_with_a_part_of_a_sparse_tensor_is_seen(graph):
    sparse = v1.sparse_placeholder(tf.float32, name="s")
    with pytest.raises(errors.FeedConflictError, match="s/indices"):
        _merged_feeds(
            graph, Args(None, {sparse: 1}), feed_dict={sparse.indices: 2}
        )


def test_a_conflict_with_a_part_of_indexed_slices_is_seen(graph):
    a, b = _placeholders("a", "b")
    slices = tf.IndexedSlices(values=a, indices=b)
    with pytest.raises(errors.FeedConflictError, match="a:0"):
        _merged_feeds(graph, Args(None, {slices: 1}), feed_dict={a: 2})


def test_a_key_of_another_graph_is_left_to_session_run(graph):
    (a,) = _placeholders("a")
    with tf.Graph().as_default():
        (foreign,) = _placeholders("a")
    requests = [Args(None, {foreign: 1}), Args(None, {"none:0": 3})]
    plan = _merge(graph, *requests, feed_dict={a: 2})
    assert len(plan.feed_dict()) == 3


def test_an_added_conflict_is_seen_at_once(graph):
    (a,) = _placeholders("a")
    plan = run_plan.RunPlan("f", None, None, graph)
    plan.merge("hook0", Args(None, {a: 1}))
    with pytest.raises(errors.FeedConflictError):
        plan.merge("hook1", Args(None, {a: 1}))


def test_conflicts_of_one_hook_with_several_name_the_hook_of_each(graph):
    a, b = _placeholders("a", "b")
    requests = [
        Args(None, {a: 1}),
        Args(None, {b: 1}),
        Args(None, {a: 2, b: 2}),
    ]
    with pytest.raises(errors.FeedConflictError) as raised:
        _merged_feeds(graph, *requests)
    for part in ("a:0", "b:0", "hook0", "hook1", "hook2"):
        assert part in str(raised.value)
