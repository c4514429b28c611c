"""A step that was seen before is run without working it out again."""

import collections
import concurrent.futures
import gc
import itertools
import sys
import threading
import weakref

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import run_plan_cache
from monitored_tf.run_plan_cache import RunPlanCache

v1 = tf.compat.v1
Pair = collections.namedtuple("Pair", ["left", "right"])


@pytest.fixture(autouse=True)
def _private_names_too(monkeypatch):
    monkeypatch.delenv("MONITORED_TF_PUBLIC_API_ONLY", raising=False)


@pytest.fixture
def session(graph):
    with v1.Session(graph=graph) as session:
        yield session


def _run(cache, fetches, requests, feed_dict):
    return cache.run(cache.key(fetches, requests, feed_dict), feed_dict)


def _learn(cache, *request):
    cache.learn(cache.key(*request), *request)


def _step(cache, session, fetches, requests=None, feed_dict=None):
    """Runs a step as a live session does; returns who ran it, and results."""
    request = (fetches, requests or {}, feed_dict)
    results = _run(cache, *request)
    if results is not None:
        return "cache", results
    results = session.run(request[:2], feed_dict)
    _learn(cache, *request)
    return "session", results


def _runners(cache, session, *request, steps=4):
    """Returns who runs the next steps of one request."""
    return [_step(cache, session, *request)[0] for _ in range(steps)]


PREPARED = ["session", "session", "cache", "cache"]
NEVER = ["session"] * 4


def test_from_its_third_time_on_a_step_is_run_by_the_cache(session, step):
    session.run(v1.global_variables_initializer())
    cache = RunPlanCache(session)
    steps = [_step(cache, session, step, {2: [step]}) for _ in range(4)]
    assert steps == [
        (runner, (n, {2: [n]})) for n, runner in enumerate(PREPARED, 1)
    ]


def test_run_teaches_the_cache_nothing(session):
    cache, one = RunPlanCache(session), tf.constant(1)
    assert [_run(cache, one, {}, None) for _ in range(4)] == [None] * 4


def test_each_step_is_run_with_the_values_of_its_own_feeds(session):
    a, b = v1.placeholder(tf.int32, name="a"), v1.placeholder(tf.int32)
    cache, fetches = RunPlanCache(session), [a + b, (a - b,)]
    steps = [
        _step(cache, session, fetches, None, {"a:0": n, b: 10})
        for n in range(4)
    ]
    assert steps == [
        (runner, ([n + 10, (n - 10,)], {})) for n, runner in enumerate(PREPARED)
    ]


def test_an_empty_feed_dict_is_none(session):
    cache, one = RunPlanCache(session), tf.constant(1)
    feed_dicts = [None, {}, collections.OrderedDict(), None]
    runners = [_step(cache, session, one, None, f)[0] for f in feed_dicts]
    assert runners == PREPARED


def test_a_value_that_does_not_fit_leaves_that_step_to_session_run(session):
    fed = v1.placeholder(tf.int32, [2])
    cache, twice = RunPlanCache(session), fed * 2
    assert _runners(cache, session, twice, {}, {fed: [1, 2]}) == PREPARED
    with pytest.raises(ValueError, match="Cannot feed value of shape"):
        _step(cache, session, twice, {}, {fed: [1, 2, 3]})
    assert _step(cache, session, twice, {}, {fed: range(2)})[0] == "session"
    assert _step(cache, session, twice, {}, {fed: [1, 2]})[0] == "cache"


def test_a_step_whose_value_does_not_fit_displaces_no_other(
    session, monkeypatch
):
    monkeypatch.setattr(run_plan_cache, "_MOST_KEPT", 2)
    fed = v1.placeholder(tf.int32, [2])
    cache, one, twice = RunPlanCache(session), tf.constant(1), fed * 2
    assert _runners(cache, session, one) == PREPARED
    assert _runners(cache, session, twice, {}, {fed: [1, 2]}) == PREPARED
    assert _runners(cache, session, twice, {}, {fed: range(2)}) == NEVER
    assert _step(cache, session, one)[0] == "cache"


def test_a_list_that_changes_while_it_is_run_is_not_mistaken(session):
    one, two = tf.constant(1), tf.constant(2)
    cache = RunPlanCache(session)
    for _ in range(2):
        fetches = [one]
        key = cache.key(fetches, {}, None)
        fetches[0] = two
        cache.learn(key, fetches, {}, None)
    assert _run(cache, [one], {}, None) in (None, ([1], {}))


def test_an_operation_runs_and_gives_none(session):
    count = v1.get_variable("count", initializer=0)
    session.run(count.initializer)
    cache, add = RunPlanCache(session), v1.assign_add(count, 1).op
    assert [_step(cache, session, add) for _ in range(4)] == [
        (runner, (None, {})) for runner in PREPARED
    ]
    assert session.run(count) == 4


def test_an_error_is_that_of_session_run(session):
    fed = v1.placeholder(tf.int32, [], "fed")
    cache, quotient = (
        RunPlanCache(session),
        tf.math.floordiv(6, fed, "quotient"),
    )
    _runners(cache, session, quotient, {}, {fed: 2})
    seen = []
    for run in (
        lambda: session.run(quotient, {fed: 0}),
        lambda: _run(cache, quotient, {}, {fed: 0}),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError) as raised:
            run()
        seen.append((str(raised.value), raised.value.op))
    assert seen[0] == seen[1]
    assert _step(cache, session, quotient, {}, {fed: 3}) == ("cache", (2, {}))


NEVER_PREPARED = {
    "nothing": lambda x: ([], {}, None),
    "an empty hook": lambda x: ({}, {0: []}, None),
    "a mapping": lambda x: (collections.UserDict(x=x), {}, None),
    "a hook's mapping": lambda x: (x, {1: collections.UserDict(x=x)}, None),
    "a handle": lambda x: (v1.get_session_handle(x), {}, None),
    "fed and fetched": lambda x: (x, {}, {x: 1}),
    "fed and fetched by a hook": lambda x: (x + 1, {0: [x]}, {x: 1}),
    "fed by name and fetched": lambda x: ([x, x + 1], {}, {x.name: 1}),
    "fed twice": lambda x: (x + 1, {}, {x: 1, x.name: 2}),
    "fed a pair": lambda x: (x + 1, {}, {(x, x.name): (1, 2)}),
    "fed in order": lambda x: (x + 1, {}, collections.OrderedDict({x: 1})),
    "fed bfloat16": lambda x: (x, {}, {v1.placeholder(tf.bfloat16): 1.0}),
}


@pytest.mark.parametrize(
    "request_of", NEVER_PREPARED.values(), ids=NEVER_PREPARED
)
def test_what_makes_a_difference_is_left_to_session_run(session, request_of):
    request = request_of(tf.constant(1, name="x"))
    assert _runners(RunPlanCache(session), session, *request) == NEVER


class _OtherSession(v1.Session):
    pass


def test_a_session_of_another_class_runs_each_step_itself(graph):
    one = tf.constant(1)
    with _OtherSession() as session:
        assert _runners(RunPlanCache(session), session, one) == NEVER


def test_what_stands_in_for_a_session_is_left_alone():
    cache = RunPlanCache(object())
    for _ in range(3):
        assert _run(cache, "x", {}, None) is None
        _learn(cache, "x", {}, None)


def test_a_run_that_is_replaced_later_runs_each_step_itself(
    session, monkeypatch
):
    cache, one = RunPlanCache(session), tf.constant(1)
    assert _runners(cache, session, one) == PREPARED
    run = session.run
    monkeypatch.setitem(vars(session), "run", lambda *args: run(*args))
    assert _runners(cache, session, one) == NEVER
    monkeypatch.undo()
    assert _runners(cache, session, one) == ["cache"] * 4


def test_a_closed_session_is_left_to_session_run(session):
    cache, one = RunPlanCache(session), tf.constant(1)
    assert _runners(cache, session, one) == PREPARED
    session.close()
    assert _run(cache, one, {}, None) is None


def test_what_is_added_to_the_graph_later_can_be_prepared_too(session):
    cache, one = RunPlanCache(session), tf.constant(1)
    assert _runners(cache, session, one) == PREPARED
    two = one + 1
    assert _runners(cache, session, [one, two]) == PREPARED
    assert _step(cache, session, one) == ("cache", (1, {}))
    assert _step(cache, session, [one, two]) == ("cache", ([1, 2], {}))


def test_what_may_not_be_fetched_or_fed_any_more_is_not(graph, session):
    fed = v1.placeholder_with_default(1, [], "fed")
    twice = tf.multiply(fed, 2, name="twice")
    cache, other = RunPlanCache(session), tf.constant(5)
    requests = [(twice,), (fed + 1, {}, {fed: 3}), (other,)]
    for request in requests:
        assert _runners(cache, session, *request) == PREPARED
    graph.prevent_fetching(twice.op)
    graph.prevent_feeding(fed)
    with pytest.raises(Exception, match="twice.*not fetchable"):
        _step(cache, session, *requests[0])
    with pytest.raises(ValueError, match="fed:0 may not be fed"):
        _step(cache, session, *requests[1])
    assert _runners(cache, session, *requests[2]) == PREPARED
    with pytest.raises(Exception, match="twice.*not fetchable"):
        _step(cache, session, *requests[0])
    with pytest.raises(ValueError, match="fed:0 may not be fed"):
        _step(cache, session, *requests[1])


def test_the_oldest_of_too_many_steps_is_forgotten(session, monkeypatch):
    monkeypatch.setattr(run_plan_cache, "_MOST_KEPT", 3)
    cache = RunPlanCache(session)
    tensors = [tf.constant(n) for n in range(4)]
    for tensor in tensors:
        assert _runners(cache, session, tensor) == PREPARED
    assert [_step(cache, session, t)[0] for t in tensors[1:]] == ["cache"] * 3
    assert _runners(cache, session, tensors[0]) == PREPARED


def test_steps_seen_once_are_forgotten_too(session, monkeypatch):
    monkeypatch.setattr(run_plan_cache, "_MOST_KEPT", 3)
    cache = RunPlanCache(session)
    tensors = [tf.constant(n) for n in range(4)]
    first = [_step(cache, session, tensor)[0] for tensor in tensors]
    assert first == ["session"] * 4
    assert _runners(cache, session, tensors[3]) == [*PREPARED[1:], "cache"]
    assert _runners(cache, session, tensors[0]) == PREPARED


def test_a_hundred_kinds_of_steps_are_kept(session):
    cache = RunPlanCache(session)
    one = tf.constant(1)
    kinds = [{n: one} for n in range(100)]
    for wanted in PREPARED:
        runners = {_step(cache, session, fetches)[0] for fetches in kinds}
        assert runners == {wanted}


def test_all_is_forgotten_by_clear_and_nothing_learned_after_it(session):
    cache, one, two = RunPlanCache(session), tf.constant(1), tf.constant(2)
    assert _runners(cache, session, one) == PREPARED
    cache.clear()
    cache.clear()
    assert _runners(cache, session, one) == NEVER
    assert _runners(cache, session, two) == NEVER


def test_a_cleared_cache_lets_go_of_all(graph):
    sparse = tf.SparseTensor([[0]], [1.0], [1])
    session = v1.Session()
    cache = RunPlanCache(session)
    assert _runners(cache, session, sparse) == PREPARED
    kept = [weakref.ref(thing) for thing in (sparse, session)]
    session.close()
    del sparse, session
    gc.collect()
    assert None not in [reference() for reference in kept]
    cache.clear()
    gc.collect()
    assert [reference() for reference in kept] == [None, None]


@pytest.mark.parametrize(
    "request_of",
    [
        lambda s: ([s], {}, None),
        lambda s: (tf.constant(1), {0: s}, None),
        lambda s: (s.values * 2, {}, {s: ([[0]], [2.0], [1])}),
    ],
    ids=["caller", "hook", "feed"],
)
def test_what_is_known_by_its_id_lives_as_long_as_it_is_known(
    session, request_of, monkeypatch
):
    monkeypatch.setattr(run_plan_cache, "_MOST_KEPT", 1)
    cache = RunPlanCache(session)
    values = (np.int64([[0]]), [1.0], np.int64([1]))
    parts = [v1.placeholder_with_default(value, None) for value in values]
    sparse = tf.SparseTensor(*parts)
    request = request_of(sparse)
    assert _runners(cache, session, *request) == PREPARED
    kept = weakref.ref(sparse)
    del sparse, request
    gc.collect()
    assert kept() is not None
    assert _runners(cache, session, tf.constant(2)) == PREPARED
    gc.collect()
    assert kept() is None


def test_no_step_is_taken_for_another(session, monkeypatch):
    monkeypatch.setattr(run_plan_cache, "_MOST_KEPT", 10_000)
    x, y = tf.constant(1, name="x"), tf.constant(2, name="y")
    a, b = tf.add(x, 10, name="a"), tf.add(y, 20, name="b")
    sparse = tf.SparseTensor([[0]], tf.identity(x)[None], [1])
    fetches = [
        *(a, b, "a:0", "a", "b:0", [a], (a,), [[a]], [a, b], [b, a], (a, b)),
        *(Pair(a, b), Pair(b, a), [Pair(a, b)], {"a": a}, {"a": b}, {"b": a}),
        *({"a": a, "b": b}, {"b": b, "a": a}, {0: a}, {0: a, 1: b}, [], {}),
        *({0: {1: a}}, [a, [b]], [[a], b], [a, {0: b}], (a, {0: b}), [a, []]),
        *([[], a], {"a:0": "b"}, {"b": "a:0"}, sparse, [sparse, a], sparse.op),
    ]
    requests = [{}, {0: a}, {1: a}, {0: b}, {0: [a]}, {0: a, 1: b}]
    feed_dicts = [None, {x: 5}, {"x:0": 5}, {x: 5, y: 6}, {y: 5, x: 6}]
    steps = list(itertools.product(fetches, requests, feed_dicts))
    cache = RunPlanCache(session)
    expected = [repr(_step(cache, session, *step)[1]) for step in steps]
    for wanted in ("session", "cache"):
        found = [_step(cache, session, *step) for step in steps]
        assert [repr(results) for _, results in found] == expected
        runners = collections.Counter(runner for runner, _ in found)
        assert runners[wanted] > 0.9 * len(steps)


@pytest.fixture
def _hasty_threads():
    """Threads take turns all the time."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_hasty_threads")
def test_threads_may_learn_and_run_at_once(session, monkeypatch):
    monkeypatch.setattr(run_plan_cache, "_MOST_KEPT", 20)
    fed = v1.placeholder(tf.int32, [])
    kinds = [{n: fed + n} for n in range(30)]
    cache = RunPlanCache(session)
    start = threading.Barrier(8)

    def work(number):
        start.wait()
        wrong = []
        for round_number in range(5):
            for kind in kinds[number:] + kinds[:number]:
                ((n, _),) = kind.items()
                feed_dict = {fed: round_number}
                _, results = _step(cache, session, kind, None, feed_dict)
                if results != ({n: n + round_number}, {}):
                    wrong.append(results)
        return wrong

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert [*pool.map(work, range(8))] == [[]] * 8
    runners = [_runners(cache, session, k, {}, {fed: 0})[3] for k in kinds]
    assert runners == ["cache"] * 30
