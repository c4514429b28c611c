"""Compares real checkpoints with the savers of other graphs."""

import pytest
import tensorflow as tf

from monitored_tf import (
    checkpoint_differences,
    checkpoint_index,
    restored_tensors,
)

v1 = tf.compat.v1


def _save(folder, make_variables):
    with tf.Graph().as_default(), v1.Session() as session:
        make_variables()
        session.run(v1.global_variables_initializer())
        return v1.train.Saver().save(session, f"{folder}/model.ckpt", 30)


def _differences(path, make_variables, **kwargs):
    with tf.Graph().as_default() as graph:
        var_list = make_variables()
        saver = v1.train.Saver(var_list, **kwargs)
        graph.finalize()
        return checkpoint_differences.differences(
            checkpoint_differences.contents(path),
            restored_tensors.restore_actions(saver, graph),
        )


def _variables(resource=True, **shapes):
    def make():
        for name, shape in shapes.items():
            v1.get_variable(name, shape, use_resource=resource)

    return make


def test_equal_graphs_do_not_differ(tmp_path):
    path = _save(tmp_path, _variables(a=(2, 3), b=()))
    found = _differences(path, _variables(a=(2, 3), b=()))
    assert not found
    assert found.message() == ""
    assert found.extra == []


@pytest.mark.parametrize("resource", [True, False])
def test_all_differences_are_in_one_message(tmp_path, resource):
    def make():
        _variables(
            resource, kernel=(4, 2), layer_1=(2,), other=(), third=(3,)
        )()
        v1.get_variable("bias", (3,), tf.float64, use_resource=resource)

    path = _save(
        tmp_path, _variables(kernel=(4, 1), bias=(3,), layer1=(2,), third=())
    )
    found = _differences(path, make)
    assert found
    assert found.message().splitlines()[:-1] == [
        "Restoring from checkpoint failed for a mismatch between "
        f"{path} and the graph.",
        "Missing in the checkpoint:",
        "  layer_1 (there is layer1)",
        "  other",
        "Of another shape:",
        "  kernel: [4, 1] in the checkpoint, [4, 2] in the graph",
        "  third: [] in the checkpoint, [3] in the graph",
        "Of another dtype:",
        "  bias: float32 in the checkpoint, float64 in the graph",
        "In the checkpoint only, which is no error:",
        "  layer1",
    ]
    assert 'restore="available"' in found.message()


def test_names_that_nothing_restores_are_no_error(tmp_path):
    path = _save(tmp_path, _variables(a=(), b=()))
    found = _differences(path, _variables(a=()))
    assert not found
    assert found.extra == ["b"]


def test_no_more_than_twenty_of_a_kind_are_listed(tmp_path):
    path = _save(tmp_path, _variables(a=()))
    names = [f"name_{n:02}" for n in range(23)]
    lines = (
        _differences(path, _variables(**dict.fromkeys(names, ())))
        .message()
        .splitlines()
    )
    assert lines[2:23] == [*(f"  {n}" for n in names[:20]), "  and 3 more"]


def test_the_names_are_those_of_the_saver(tmp_path):
    path = _save(tmp_path, _variables(old_name=(2,), bad=(2,)))

    def make():
        return {
            "old_name": v1.get_variable("new_name", (2,)),
            "bad": v1.get_variable("good", (3,)),
        }

    found = _differences(path, make)
    assert found.shapes == {"bad": ("[2]", "[3]")}
    assert not found.missing


def _cut(rows):
    def make():
        v1.get_variable(
            "cut", (rows, 4), partitioner=v1.fixed_size_partitioner(2)
        )

    return make


def test_slices_are_compared_as_a_whole(tmp_path):
    path = _save(tmp_path, _cut(8))
    assert not _differences(path, _cut(8))
    assert not _differences(path, _variables(cut=(8, 4)))
    assert _differences(path, _cut(6)).shapes == {"cut": ("[8, 4]", "[6, 4]")}
    assert _differences(path, _variables(cut=(4, 4))).shapes


@pytest.mark.parametrize("resource", [True, False])
def test_a_variable_without_a_shape_takes_any(tmp_path, resource):
    path = _save(tmp_path, _variables(free=(8, 4)))

    def make():
        v1.get_variable(
            "free",
            initializer=v1.placeholder_with_default([0.0], None),
            validate_shape=False,
            use_resource=resource,
        )

    assert not _differences(path, make)


def test_a_variable_that_is_free_in_one_dimension_takes_any_there(tmp_path):
    def make():
        v1.get_variable(
            "free",
            initializer=v1.placeholder_with_default([[0.0] * 4], (None, 4)),
            validate_shape=False,
            use_resource=True,
        )

    path = _save(tmp_path, _variables(free=(8, 4)))
    assert not _differences(path, make)
    path = _save(tmp_path, _variables(free=(8, 5)))
    assert _differences(path, make).shapes == {"free": ("[8, 5]", "[?, 4]")}


def test_a_damaged_index_has_no_contents(tmp_path):
    path = _save(tmp_path, _variables(a=()))
    (tmp_path / "model.ckpt-30.index").write_bytes(b"damaged")
    with pytest.raises(checkpoint_index.FormatError, match="only 7 bytes"):
        checkpoint_differences.contents(path)


def test_a_reshaping_saver_needs_the_number_of_elements(tmp_path):
    path = _save(tmp_path, _variables(one=(2, 6), two=(5,)))
    make = _variables(one=(3, 4), two=(6,))
    assert list(_differences(path, make, reshape=True).shapes) == ["two"]
    assert list(_differences(path, make).shapes) == ["one", "two"]


def test_a_table_is_missed_by_the_names_of_its_parts(tmp_path):
    path = _save(tmp_path, _variables(a=()))

    def make():
        table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        return {"table": table, "a": v1.get_variable("a", ())}

    found = _differences(path, make)
    assert sorted(found.missing) == ["table-keys", "table-values"]


def test_an_object_based_checkpoint_is_named_as_such(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        variable = v1.get_variable("v", ())
        session.run(variable.initializer)
        with session.as_default():
            path = tf.train.Checkpoint(v=variable).save(f"{tmp_path}/ckpt")
    found = _differences(path, _variables(v=()))
    assert found.is_object_based
    assert "tf.train.Checkpoint wrote" in found.message()
    assert "(there is _CHECKPOINTABLE" not in found.message()


def test_the_older_format_is_compared_too(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        _variables(a=(2,))()
        session.run(v1.global_variables_initializer())
        path = v1.train.Saver(write_version=v1.train.SaverDef.V1).save(
            session, f"{tmp_path}/model.ckpt"
        )
    assert not _differences(path, _variables(a=(2,)))
    assert _differences(path, _variables(a=(3,))).shapes


def test_a_saver_of_an_imported_graph_is_understood(tmp_path):
    path = _save(tmp_path, _variables(a=(2,), b=()))
    with tf.Graph().as_default() as graph:
        saver = v1.train.import_meta_graph(f"{path}.meta", import_scope="in")
        actions = restored_tensors.restore_actions(saver, graph)
    assert [action.target for action in actions] == ["in/a", "in/b"]
    saved = checkpoint_differences.contents(path)
    assert not checkpoint_differences.differences(saved, actions)


def test_each_shard_of_a_saver_is_compared(tmp_path):
    def make():
        for device in range(2):
            with v1.device(f"/cpu:{device}"):
                v1.get_variable(f"on_{device}", (4,))

    path = _save(tmp_path, _variables(other=()))
    assert list(_differences(path, make, sharded=True).missing) == [
        "on_0",
        "on_1",
    ]


def _saver_of(restore_all):
    return v1.train.Saver(
        saver_def=v1.train.SaverDef(
            filename_tensor_name="unused:0",
            save_tensor_name="unused:0",
            restore_op_name=restore_all.name,
        )
    )


def test_what_is_changed_on_its_way_has_no_shape_to_compare(tmp_path):
    path = _save(tmp_path, _variables(a=(2, 3)))
    with tf.Graph().as_default() as graph:
        variable = v1.get_variable("a", (3, 2))
        restored = tf.raw_ops.RestoreV2(
            prefix="",
            tensor_names=["a"],
            shape_and_slices=[""],
            dtypes=[tf.float32],
        )
        assign = variable.assign(tf.transpose(restored[0]), read_value=False)
        saver = _saver_of(tf.group(assign))
        actions = restored_tensors.restore_actions(saver, graph)
        saved = checkpoint_differences.contents(path)
    assert [one.name for one in actions[0].tensors] == ["a"]
    assert not checkpoint_differences.differences(saved, actions)


def test_a_saver_of_nothing_restores_nothing(graph):
    assert (
        restored_tensors.restore_actions(
            v1.train.Saver(allow_empty=True), graph
        )
        == []
    )


def test_names_that_are_not_constant_are_not_compared(graph):
    variable = v1.get_variable("a", ())
    names = v1.placeholder(tf.string, (1,))
    restored = tf.raw_ops.RestoreV2(
        prefix="",
        tensor_names=names,
        shape_and_slices=[""],
        dtypes=[tf.float32],
    )
    assign = variable.assign(tf.reshape(restored[0], ()), read_value=False)
    (action,) = restored_tensors.restore_actions(
        _saver_of(tf.group(assign)), graph
    )
    assert (action.target, action.tensors) == ("a", ())


def test_one_difference_is_told_as_a_clause(tmp_path):
    path = _save(tmp_path, _variables(a=(2,)))
    saved = checkpoint_differences.contents(path)
    with tf.Graph().as_default() as graph:
        _variables(a=(3,))()
        actions = restored_tensors.restore_actions(v1.train.Saver(), graph)
    assert checkpoint_differences.difference(saved, actions[0].tensors[0]) == (
        "its shape is [2] in the checkpoint, [3] in the graph"
    )
