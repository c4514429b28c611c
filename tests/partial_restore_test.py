"""Restores parts of real checkpoints into graphs that are finalized."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import partial_restore

v1 = tf.compat.v1
CONFIG = v1.ConfigProto(device_count={"CPU": 2})


def _save(folder, make_variables, **kwargs):
    """Saves a graph's variables; returns path and their values by name."""
    with tf.Graph().as_default(), v1.Session(config=CONFIG) as session:
        make_variables()
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(**kwargs)
        path = saver.save(session, f"{folder}/model.ckpt", 30)
        return path, _values(session)


def _values(session):
    variables = {v.op.name: v for v in v1.global_variables()}
    return session.run(variables)


@contextlib.contextmanager
def _finalized(make_variables, **kwargs):
    """Yields a saver and a session of a graph whose variables are 0."""
    with tf.Graph().as_default() as graph:
        made = make_variables(v1.zeros_initializer())
        saver = made or v1.train.Saver(**kwargs)
        init = v1.global_variables_initializer()
        # All else of v1 variables would need ops.
        reads = {v.op.name: v.value() for v in v1.global_variables()}
        graph.finalize()
        with v1.Session(config=CONFIG) as session:
            session.run(init)
            yield saver, session, lambda: session.run(reads)


def _restore(saver, session, path, mode):
    plan = partial_restore.plan(saver, session.graph, path, mode)
    assert not plan.differences
    partial_restore.restore(session, plan)
    return plan


def _old(initializer=None, *, resource=True):
    def variable(name, shape, **kwargs):
        return v1.get_variable(
            name,
            shape,
            initializer=initializer,
            use_resource=resource,
            **kwargs,
        )

    variable("same", (2, 3))
    variable("shape", (2, 3))
    variable("dtype", (5,))
    variable("gone", (1,))
    v1.get_variable("number", initializer=30)


def _new(initializer=None, *, resource=True):
    def variable(name, shape, **kwargs):
        return v1.get_variable(
            name,
            shape,
            initializer=initializer,
            use_resource=resource,
            **kwargs,
        )

    variable("same", (2, 3))
    variable("shape", (3, 3))
    variable("dtype", (5,), dtype=tf.float64)
    variable("new", (7,))
    v1.get_variable("number", initializer=0)


@pytest.mark.parametrize("resource", [True, False])
@pytest.mark.parametrize("version", ["V1", "V2"])
def test_what_fits_is_restored(tmp_path, resource, version):
    path, saved = _save(
        tmp_path,
        _old,
        write_version=getattr(v1.train.SaverDef, version),
    )

    def make(initializer):
        _new(initializer, resource=resource)

    with _finalized(make) as (saver, session, read):
        plan = _restore(saver, session, path, "available")
        values = read()
    np.testing.assert_array_equal(values["same"], saved["same"])
    assert values["number"] == 30
    for name in ("shape", "dtype", "new"):
        assert not values[name].any()
    assert {
        (left.name, left.target, left.reason) for left in plan.left_out
    } == {
        ("new", "new", "missing in the checkpoint"),
        (
            "shape",
            "shape",
            "its shape is [2, 3] in the checkpoint, [3, 3] in the graph",
        ),
        (
            "dtype",
            "dtype",
            "its dtype is float32 in the checkpoint, float64 in the graph",
        ),
    }


def test_what_is_left_out_is_not_touched(tmp_path):
    path, _ = _save(tmp_path, _old)
    with _finalized(_new) as (saver, session, read):
        new = v1.get_collection(v1.GraphKeys.GLOBAL_VARIABLES, "new")[0]
        new.load(np.full(7, 3.0), session)
        _restore(saver, session, path, "available")
        assert (read()["new"] == 3.0).all()


def test_a_pattern_says_what_is_restored(tmp_path):
    path, saved = _save(tmp_path, _old)
    with _finalized(_old) as (saver, session, read):
        plan = _restore(saver, session, path, "s|numb")
        values = read()
    for name in ("same", "shape", "number"):
        np.testing.assert_array_equal(values[name], saved[name])
    assert not values["dtype"].any()
    assert [(left.name, left.reason) for left in plan.left_out] == [
        ("dtype", "'s|numb' does not match its name"),
        ("gone", "'s|numb' does not match its name"),
    ]


def test_what_a_pattern_asks_for_must_fit(tmp_path):
    path, _ = _save(tmp_path, _old)
    with _finalized(_new) as (saver, session, _):
        plan = partial_restore.plan(saver, session.graph, path, "sha|new")
    assert plan.differences.shapes == {"shape": ("[2, 3]", "[3, 3]")}
    assert list(plan.differences.missing) == ["new"]
    assert not plan.differences.dtypes


def test_strict_is_all_that_the_saver_knows(tmp_path):
    path, saved = _save(tmp_path, _old)
    with _finalized(_old) as (saver, session, read):
        plan = _restore(saver, session, path, "strict")
        np.testing.assert_equal(read(), saved)
        assert plan.left_out == ()
    with _finalized(_new) as (saver, session, _):
        assert partial_restore.plan(
            saver, session.graph, path, "strict"
        ).differences


def test_nothing_that_fits_is_nothing_restored(tmp_path):
    path, _ = _save(tmp_path, _old)

    def make(initializer):
        v1.get_variable("new", (7,), initializer=initializer)

    with _finalized(make) as (saver, session, read):
        plan = _restore(saver, session, path, "available")
        assert not plan.actions
        assert not read()["new"].any()


@pytest.mark.parametrize("kind", ["sequential", "reshape", "list"])
def test_savers_of_other_kinds_work(tmp_path, kind):
    path, saved = _save(tmp_path, _old)

    def make(initializer):
        _new(initializer)
        if kind == "list":
            same, shape = v1.global_variables()[:2]
            return v1.train.Saver({"shape": same, "no_such": shape})
        return v1.train.Saver(
            restore_sequentially=kind == "sequential", reshape=kind == "reshape"
        )

    with _finalized(make) as (saver, session, read):
        _restore(saver, session, path, "available")
        values = read()
    name = "shape" if kind == "list" else "same"
    np.testing.assert_array_equal(values["same"], saved[name])
    assert not values["shape"].any()


def _of_shape(*shape):
    def make(initializer=None):
        v1.get_variable("one", shape, initializer=initializer)

    return make


def test_a_reshaping_saver_takes_what_has_as_many_elements(tmp_path):
    path, saved = _save(tmp_path, _of_shape(2, 6))
    with _finalized(_of_shape(3, 4), reshape=True) as (saver, session, read):
        assert not _restore(saver, session, path, "available").left_out
        np.testing.assert_array_equal(
            read()["one"].ravel(), saved["one"].ravel()
        )


def _on_two_devices(names):
    def make(initializer=None):
        for number, name in enumerate(names):
            with v1.device(f"/cpu:{number % 2}"):
                v1.get_variable(name, (4,), initializer=initializer)

    return make


def test_each_shard_restores_its_part(tmp_path):
    path, saved = _save(tmp_path, _on_two_devices("abcd"), sharded=True)
    with _finalized(_on_two_devices("xbcy"), sharded=True) as (
        saver,
        session,
        read,
    ):
        plan = _restore(saver, session, path, "available")
        values = read()
    assert [left.name for left in plan.left_out] == ["x", "y"]
    for name in "bc":
        np.testing.assert_array_equal(values[name], saved[name])
    for name in "xy":
        assert not values[name].any()


def _cut(slices, rows=8, more=False):
    def make(initializer=None):
        v1.get_variable(
            "cut",
            (rows, 4),
            initializer=initializer,
            partitioner=v1.fixed_size_partitioner(slices),
        )
        v1.get_variable("other", (2,), initializer=initializer)
        if more:
            v1.get_variable("new", (2,), initializer=initializer)

    return make


@pytest.mark.parametrize("slices", [1, 2, 5])
def test_slices_are_restored_however_they_were_cut(tmp_path, slices):
    path, saved = _save(tmp_path, _cut(3))
    whole = np.concatenate([saved[f"cut/part_{n}"] for n in range(3)])
    with _finalized(_cut(slices, more=True)) as (saver, session, read):
        plan = _restore(saver, session, path, "available")
        values = read()
    names = sorted(name for name in values if name.startswith("cut"))
    np.testing.assert_array_equal(
        np.concatenate([values[name] for name in names]), whole
    )
    assert [left.name for left in plan.left_out] == ["new"]


def test_slices_of_another_shape_are_left_out(tmp_path):
    path, saved = _save(tmp_path, _cut(3))
    with _finalized(_cut(2, rows=6)) as (saver, session, read):
        plan = _restore(saver, session, path, "available")
        values = read()
    np.testing.assert_array_equal(values["other"], saved["other"])
    assert {left.target for left in plan.left_out} == {
        "cut/part_0",
        "cut/part_1",
    }
    assert not values["cut/part_0"].any()


def _iterator_and_table(with_table, dtype):
    """Returns the next element, the table, and a saver."""
    iterator = v1.data.make_one_shot_iterator(tf.data.Dataset.range(99))
    state = tf.data.experimental.make_saveable_from_iterator(iterator)
    table = tf.lookup.experimental.MutableHashTable(
        dtype, tf.int64, -1, name="table"
    )
    number = v1.get_variable("number", initializer=np.int64(1))
    saver = v1.train.Saver([state, number, *([table] if with_table else [])])
    return iterator.get_next(), table, saver


def _save_iterator(folder):
    with tf.Graph().as_default(), v1.Session() as session:
        element, _, saver = _iterator_and_table(False, tf.int64)
        session.run(v1.global_variables_initializer())
        session.run(element)
        return saver.save(session, f"{folder}/model.ckpt")


def test_a_table_is_left_out_beside_an_iterator(tmp_path):
    path = _save_iterator(tmp_path)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        element, table, saver = _iterator_and_table(True, tf.int64)
        size = table.size()
        graph.finalize()
        plan = _restore(saver, session, path, "available")
        assert session.run([element, size]) == [1, 0]
    assert [left.target for left in plan.left_out] == ["table"]


def test_an_iterator_that_nothing_can_stand_in_for_is_told(tmp_path):
    path = _save_iterator(tmp_path)
    with tf.Graph().as_default() as graph, v1.Session() as session:
        _, _, saver = _iterator_and_table(True, tf.string)
        plan = partial_restore.plan(saver, graph, path, "available")
        with pytest.raises(ValueError, match="Give it a Saver of its own"):
            partial_restore.restore(session, plan)


def test_a_table_is_restored(tmp_path):
    def make():
        table = tf.lookup.experimental.MutableHashTable(
            tf.string, tf.int64, -1, name="table"
        )
        weight = v1.get_variable("weight", initializer=1.0)
        return table, v1.train.Saver({"table": table, "weight": weight})

    with tf.Graph().as_default(), v1.Session() as session:
        table, saver = make()
        session.run(v1.global_variables_initializer())
        session.run(table.insert(["a", "b"], np.int64([5, 6])))
        path = saver.save(session, f"{tmp_path}/model.ckpt")
    with tf.Graph().as_default(), v1.Session() as session:
        table, saver = make()
        found = table.lookup(tf.constant(["b"]))
        _restore(saver, session, path, "table")
        assert session.run(found) == [6]


def test_names_that_may_not_be_fed_are_no_obstacle(tmp_path):
    path, saved = _save(tmp_path, _old)
    with _finalized(_new) as (saver, session, read):
        names = "save/RestoreV2/tensor_names:0"
        session.graph.prevent_feeding(session.graph.get_tensor_by_name(names))
        _restore(saver, session, path, "available")
        np.testing.assert_array_equal(read()["same"], saved["same"])


def test_a_saver_of_nothing_restores_nothing(tmp_path, graph):
    path, _ = _save(tmp_path, _of_shape(2))
    with v1.Session() as session:
        saver = v1.train.Saver(allow_empty=True)
        assert not _restore(saver, session, path, "available").actions


@pytest.mark.parametrize("mode", ["(", None, 3])
def test_what_is_no_mode_is_refused(graph, mode):
    v1.get_variable("one", ())
    with pytest.raises(ValueError, match="must be .* regular expression"):
        partial_restore.plan(v1.train.Saver(), graph, "/no/such", mode)


def test_a_pattern_that_matches_nothing_is_refused(graph):
    v1.get_variable("tower/one", ())
    with pytest.raises(ValueError, match="none of the 1 names .* tower/one"):
        partial_restore.plan(v1.train.Saver(), graph, "/no/such", "one")
