"""Damages real checkpoints; also runs monitored_tf.checkpoint_index."""

import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import checkpoint_files, checkpoint_index, checkpoint_tensors

v1 = tf.compat.v1
NAME = "model.ckpt-30"
DATA = f"{NAME}.data-00000-of-00001"
INDEX = f"{NAME}.index"


def _variables():
    """Makes variables of many kinds."""
    v1.get_variable("weights", (10, 100))
    v1.get_variable("old", (4,), use_resource=False)
    v1.get_variable("half", (3,), tf.bfloat16)
    v1.get_variable("none", (0, 3))
    v1.get_variable("flags", initializer=[True, False])
    v1.get_variable("texts", initializer=["one", "three"])
    v1.get_variable("cut", (8, 4), partitioner=v1.fixed_size_partitioner(3))


def _save(folder, steps=(30,), make_variables=_variables, **kwargs):
    """Saves a checkpoint for each step; returns the path of the last."""
    config = v1.ConfigProto(device_count={"CPU": 2})
    with tf.Graph().as_default():
        make_variables()
        saver = v1.train.Saver(**kwargs)
        with v1.Session(config=config) as session:
            session.run(v1.global_variables_initializer())
            for step in steps:
                path = saver.save(session, f"{folder}/model.ckpt", step)
    return path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    _save(folder)
    return folder


@pytest.fixture
def folder(whole, tmp_path):
    """A folder with one checkpoint, to be damaged."""
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return tmp_path


def _flip(path, position):
    raw = bytearray(path.read_bytes())
    raw[position] ^= 0x10
    path.write_bytes(raw)


def _truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def _empty(path):
    os.truncate(path, 0)


def _flip_middle(path):
    _flip(path, path.stat().st_size // 2)


DAMAGES = [_truncate, _empty, _flip_middle, os.remove]


@pytest.mark.parametrize("full", [False, True])
def test_a_whole_checkpoint_has_no_problem(whole, full):
    assert checkpoint_files.problem(whole / NAME, full) == ""


@pytest.mark.parametrize("file", [DATA, INDEX])
@pytest.mark.parametrize("damage", DAMAGES)
def test_each_damage_is_found_by_a_full_read(folder, file, damage):
    damage(folder / file)
    assert checkpoint_files.problem(folder / NAME, full=True)


@pytest.mark.parametrize("file", [DATA, INDEX])
@pytest.mark.parametrize("damage", DAMAGES)
def test_all_damages_but_changed_values_are_found_by_default(
    folder, file, damage
):
    damage(folder / file)
    found = checkpoint_files.problem(folder / NAME)
    assert bool(found) != (file == DATA and damage is _flip_middle)


def test_the_clause_names_the_file(folder):
    os.remove(folder / DATA)
    assert checkpoint_files.problem(folder / NAME) == f"{DATA} is missing"
    os.remove(folder / INDEX)
    assert checkpoint_files.problem(folder / NAME) == f"{INDEX} is missing"


def test_a_single_byte_that_lacks_is_missed(folder):
    length = (folder / DATA).stat().st_size
    os.truncate(folder / DATA, length - 1)
    assert checkpoint_files.problem(folder / NAME) == (
        f"{DATA} has {length - 1} bytes, {length} expected by the index"
    )


def test_a_changed_value_is_told_with_its_tensor(folder):
    _flip_middle(folder / DATA)
    clause = checkpoint_files.problem(folder / NAME, full=True)
    assert clause.startswith("its tensor weights can't be read: ")
    assert "hecksum" in clause


def test_a_changed_slice_is_told(folder):
    for position in range(0, (folder / DATA).stat().st_size, 41):
        shutil.copy(folder / DATA, folder / "kept")
        _flip(folder / DATA, position)
        assert checkpoint_files.problem(folder / NAME, full=True)
        shutil.move(folder / "kept", folder / DATA)


def _read(folder):
    reader = tf.train.load_checkpoint(str(folder / NAME))
    return (
        checkpoint_index.read(str(folder / INDEX)),
        reader.get_variable_to_shape_map(),
        reader.get_variable_to_dtype_map(),
    )


def test_no_damage_of_an_index_is_an_error_of_ours(folder):
    raw = (folder / INDEX).read_bytes()
    whole = _read(folder)
    for position in range(0, len(raw), 7):
        (folder / INDEX).write_bytes(raw[:position])
        assert checkpoint_files.problem(folder / NAME)
        (folder / INDEX).write_bytes(raw)
        _flip(folder / INDEX, position)
        found = checkpoint_files.problem(folder / NAME)
        # There are bytes that nobody reads.
        assert found or _read(folder) == whole


def test_the_least_lengths_are_the_lengths(whole):
    index = checkpoint_index.read(str(whole / INDEX))
    assert index.shard_bytes == ((whole / DATA).stat().st_size,)
    assert len(index.shapes) == len(index.dtypes) == 7
    assert index.slices == {"cut": ("0,3:0,4", "3,3:0,4", "6,2:0,4")}


def test_an_index_tells_shapes_and_dtypes_as_the_reader_does(tmp_path):
    values = {
        "scalar": np.float64(1),
        "empty": np.zeros((0, 300), np.float32),
        "large": np.zeros((70000, 1), np.int8),
        "text": np.array([["one", "two"]]),
        "truth": np.array([True]),
        "half": tf.zeros((2, 3, 4, 5), tf.bfloat16),
        "complex": np.zeros(3, np.complex64),
    }
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in values.items():
            v1.get_variable(name, initializer=tf.constant(value))
        v1.get_variable("cut", (6, 4), partitioner=v1.fixed_size_partitioner(2))
        session.run(v1.global_variables_initializer())
        path = v1.train.Saver().save(session, str(tmp_path / NAME))
    index = checkpoint_index.read(f"{path}.index")
    reader = tf.train.load_checkpoint(path)
    shapes = reader.get_variable_to_shape_map()
    assert len(shapes) == len(values) + 1
    assert index.shapes == {name: tuple(shapes[name]) for name in shapes}
    assert index.dtypes == reader.get_variable_to_dtype_map()


def test_each_shard_is_looked_at(tmp_path):
    def make_variables():
        for device in range(2):
            with v1.device(f"/cpu:{device}"):
                v1.get_variable(f"on_{device}", (4 + device,))

    path = _save(tmp_path, make_variables=make_variables, sharded=True)
    assert checkpoint_files.problem(path, full=True) == ""
    second = f"{NAME}.data-00001-of-00002"
    os.truncate(tmp_path / second, 19)
    assert checkpoint_files.problem(path) == (
        f"{second} has 19 bytes, 20 expected by the index"
    )
    os.remove(tmp_path / second)
    assert checkpoint_files.problem(path) == f"{second} is missing"


def test_a_part_of_the_slices_is_a_whole_checkpoint(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        parts = list(
            v1.get_variable(
                "cut", (8, 4), partitioner=v1.fixed_size_partitioner(3)
            )
        )
        session.run(v1.global_variables_initializer())
        path = v1.train.Saver([parts[0], parts[2]]).save(
            session, f"{tmp_path}/model.ckpt", 30
        )
    assert checkpoint_files.problem(path, full=True) == ""
    _flip(tmp_path / DATA, -1)
    assert checkpoint_files.problem(path) == ""
    assert "tensor cut can't" in checkpoint_files.problem(path, full=True)


def test_the_position_of_an_iterator_is_read_too(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        iterator = v1.data.make_one_shot_iterator(tf.data.Dataset.range(9))
        session.run(iterator.get_next())
        state = tf.data.experimental.make_saveable_from_iterator(iterator)
        path = v1.train.Saver([state]).save(session, f"{tmp_path}/model.ckpt")
    assert checkpoint_files.problem(path, full=True) == ""
    _flip_middle(tmp_path / "model.ckpt.data-00000-of-00001")
    assert checkpoint_files.problem(path, full=True)


def test_a_block_that_the_reader_leaves_out_is_missed(tmp_path):
    path = f"{tmp_path}/{NAME}"
    names = [f"tower/layer_{n}/{'long' * 10}" for n in range(6000)]
    with tf.Graph().as_default(), v1.Session() as session:
        session.run(
            tf.raw_ops.SaveV2(
                prefix=path,
                tensor_names=names,
                shape_and_slices=[""] * len(names),
                tensors=[tf.constant(1.0)] * len(names),
            )
        )
    assert checkpoint_files.problem(path) == ""
    _flip(tmp_path / INDEX, 1000)
    # What this is for: TensorFlow's reader says nothing.
    reader = tf.train.load_checkpoint(path)
    assert 0 < len(reader.get_variable_to_shape_map()) < len(names)
    assert checkpoint_files.problem(path).startswith(f"{INDEX} ")


@pytest.mark.parametrize("sharded", [False, True])
def test_the_older_format_is_no_damage(tmp_path, sharded):
    def make_variables():
        for device in range(2):
            with v1.device(f"/cpu:{device}"):
                v1.get_variable(f"on_{device}", (4,))

    path = _save(
        tmp_path,
        make_variables=make_variables,
        sharded=sharded,
        write_version=v1.train.SaverDef.V1,
    )
    for state_file in ("checkpoint", "no_such"):
        found = checkpoint_files.candidates(tmp_path, state_file)
        assert found.paths == (path,)
    assert checkpoint_files.problem(path, full=True) == ""
    file = tmp_path / (f"{NAME}-00001-of-00002" if sharded else NAME)
    _truncate(file)
    assert checkpoint_files.problem(path)
    os.remove(file)
    assert checkpoint_files.problem(path)


def test_an_object_based_checkpoint_has_no_problem(tmp_path):
    with tf.Graph().as_default(), v1.Session() as session:
        variable = tf.Variable([1.0, 2.0])
        session.run(variable.initializer)
        with session.as_default():
            path = tf.train.Checkpoint(v=variable).save(f"{tmp_path}/ckpt")
    assert checkpoint_files.candidates(tmp_path).paths == (path,)
    assert checkpoint_files.problem(path, full=True) == ""


def test_long_names_are_understood(tmp_path):
    def make_variables():
        v1.get_variable("long" * 100, (3,))
        v1.get_variable("long" * 100 + "er" * 100, (5,))

    path = _save(tmp_path, make_variables=make_variables)
    assert checkpoint_index.read(f"{path}.index").shard_bytes == (32,)
    assert checkpoint_files.problem(path) == ""


def test_what_is_no_file_is_a_problem(folder):
    os.remove(folder / INDEX)
    (folder / INDEX).mkdir()
    assert checkpoint_files.problem(folder / NAME).startswith(
        f"{NAME} can't be read: "
    )


def test_a_folder_of_the_same_name_is_not_taken_for_it(folder):
    (folder / NAME).mkdir()
    assert checkpoint_files.problem(folder / NAME, full=True) == ""
    _truncate(folder / DATA)
    assert checkpoint_files.problem(folder / NAME)


def test_folders_of_other_file_systems_work():
    # TensorFlow's file system in memory: Python's own functions see nothing.
    folder = "ram://checkpoints"
    path = _save(folder, (9, 10))
    assert _steps(checkpoint_files.candidates(folder)) == [10, 9]
    v1.gfile.Remove(f"{folder}/checkpoint")
    found = checkpoint_files.candidates(folder)
    assert _steps(found) == [10, 9]
    assert found.state_file_problem.endswith(" is missing")
    assert checkpoint_files.problem(path, full=True) == ""
    v1.gfile.Remove(f"{path}.data-00000-of-00001")
    assert checkpoint_files.problem(path).endswith(" is missing")


def test_what_passes_is_not_called_damage(folder, monkeypatch):
    def unavailable(path):
        raise tf.errors.UnavailableError(None, None, "planted")

    # No local file system is ever out of reach.
    monkeypatch.setattr(tf.io.gfile, "stat", unavailable)
    assert tf.errors.UnavailableError in checkpoint_tensors.PASSING
    with pytest.raises(tf.errors.UnavailableError):
        checkpoint_files.problem(folder / NAME)


def _steps(candidates):
    return [int(path.rsplit("-", 1)[1]) for path in candidates.paths]


def test_candidates_are_from_newest_to_oldest(tmp_path):
    _save(tmp_path, (1, 9, 10))
    found = checkpoint_files.candidates(tmp_path)
    assert (_steps(found), found.state_file_problem) == ([10, 9, 1], "")
    assert found.paths[0] == tf.train.latest_checkpoint(tmp_path)


def test_the_state_file_says_what_is_newest(tmp_path):
    paths = [_save(tmp_path, (step,)) for step in (7, 9, 10, 8)]
    # Each saver knew its own one only.
    found = checkpoint_files.candidates(tmp_path)
    assert _steps(found) == [8, 10, 9, 7]
    v1.train.update_checkpoint_state(
        str(tmp_path), paths[0], paths[:2], latest_filename="other"
    )
    found = checkpoint_files.candidates(tmp_path, "other")
    assert _steps(found) == [7, 9, 10, 8]


def test_paths_relative_to_the_folder_are_each_told_once(tmp_path):
    _save(tmp_path, (1, 2), save_relative_paths=True)
    assert _steps(checkpoint_files.candidates(f"{tmp_path}/.")) == [2, 1]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x00\xff\x12",
        b'model_checkpoint_path: "model.ck',
        b'model_checkpoint_path: ""',
        b'all_model_checkpoint_paths: "model.ckpt-9"\n',
    ],
)
def test_a_damaged_state_file_hides_nothing(tmp_path, content):
    _save(tmp_path, (9, 10))
    (tmp_path / "checkpoint").write_bytes(content)
    found = checkpoint_files.candidates(tmp_path)
    assert _steps(found) == [10, 9]
    assert "can't be understood" in found.state_file_problem
    assert str(tmp_path / "checkpoint") in found.state_file_problem


def test_a_flipped_bit_in_a_state_file_hides_nothing(tmp_path):
    _save(tmp_path, (9, 10))
    raw = (tmp_path / "checkpoint").read_bytes()
    for position in range(0, len(raw), 5):
        (tmp_path / "checkpoint").write_bytes(raw)
        _flip(tmp_path / "checkpoint", position)
        found = checkpoint_files.candidates(tmp_path)
        sound = [p for p in found.paths if not checkpoint_files.problem(p)]
        assert {path.rsplit("-", 1)[1] for path in sound} == {"9", "10"}


def test_a_missing_state_file_is_told_if_there_are_checkpoints(tmp_path):
    assert checkpoint_files.candidates(tmp_path / "no_such") == (
        checkpoint_files.candidates(tmp_path)
    )
    assert checkpoint_files.candidates(tmp_path).state_file_problem == ""
    _save(tmp_path)
    os.remove(tmp_path / "checkpoint")
    found = checkpoint_files.candidates(tmp_path)
    assert found.paths == (f"{tmp_path}/{NAME}",)
    assert found.state_file_problem.endswith("checkpoint is missing")


@pytest.mark.parametrize("file", [DATA, INDEX])
def test_what_is_left_of_a_checkpoint_is_a_candidate(folder, file):
    (folder / f"{NAME}_temp").mkdir()
    for name in (file, "checkpoint"):
        os.remove(folder / name)
    found = checkpoint_files.candidates(folder).paths
    assert found == (f"{folder}/{NAME}",)
    assert checkpoint_files.problem(found[0])


def test_names_without_a_step_are_last_and_by_time(whole, tmp_path):
    for age, name in enumerate(["young", "old", "other-2", "older"]):
        for file in (DATA, INDEX):
            copy = tmp_path / file.replace(NAME, name)
            shutil.copy(whole / file, copy)
            os.utime(copy, (1e9 - age, 1e9 - age))
    found = checkpoint_files.candidates(tmp_path)
    names = [os.path.basename(path) for path in found.paths]
    assert names == ["other-2", "young", "old", "older"]
