"""Checkpoints that are whole and finite, or not published."""

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf import save_errors
from monitored_tf.checked_saver import CheckedSaver

v1 = tf.compat.v1


@pytest.fixture
def model(graph):
    """A session with a weight, and what sets it."""
    weight = v1.get_variable("weight", initializer=[1.0, 2.0])
    bound = v1.get_variable("bound", initializer=np.inf, trainable=False)
    value = v1.placeholder(tf.float32, (2,))
    assign = v1.assign(weight, value)
    saver = v1.train.Saver(max_to_keep=2)
    with v1.Session() as session:
        session.run([weight.initializer, bound.initializer])

        def set_to(*values):
            session.run(assign, {value: values})

        yield session, CheckedSaver(saver), set_to


def _weight(session):
    (weight,) = session.graph.get_collection(v1.GraphKeys.TRAINABLE_VARIABLES)
    return list(session.run(weight))


def _names(folder):
    return sorted(path.name for path in folder.iterdir())


def _save(session, saver, folder, step, **kwargs):
    return saver.save(session, str(folder / "model.ckpt"), step, **kwargs)


def test_it_leaves_the_files_that_a_saver_leaves(model, tmp_path):
    session, saver, _ = model
    session.graph.finalize()
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
        for step in range(3):
            one = saver if folder == "ours" else saver.saver
            path = _save(session, one, tmp_path / folder, step)
        assert saver.last_checkpoints[-1] == path
        assert _state(tmp_path / folder) == ["model.ckpt-1", "model.ckpt-2"]
        saver.set_last_checkpoints_with_time([])
    assert _names(tmp_path / "ours") == _names(tmp_path / "theirs")
    for name in set(_names(tmp_path / "ours")) - {"checkpoint"}:
        ours = (tmp_path / "ours" / name).read_bytes()
        assert ours == (tmp_path / "theirs" / name).read_bytes()


def _state(folder):
    state = tf.train.get_checkpoint_state(str(folder))
    return [
        path.rpartition("/")[2] for path in state.all_model_checkpoint_paths
    ]


def test_what_it_saves_is_restored(model, tmp_path):
    session, saver, set_to = model
    set_to(3, 4)
    path = _save(session, saver, tmp_path, 1)
    set_to(5, 6)
    saver.restore(session, path)
    assert _weight(session) == [3, 4]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_not_published(model, tmp_path, bad):
    session, saver, set_to = model
    good = _save(session, saver, tmp_path, 1)
    before = _names(tmp_path)
    set_to(1, bad)
    with pytest.raises(save_errors.NanWeightsError, match=r"weight \(1 of 2\)"):
        _save(session, saver, tmp_path, 2)
    assert _names(tmp_path) == before
    assert tf.train.latest_checkpoint(str(tmp_path)) == good
    assert saver.last_checkpoints == [good]


def test_it_does_not_replace_a_good_one_of_the_same_step(model, tmp_path):
    session, saver, set_to = model
    path = _save(session, saver, tmp_path, 1)
    set_to(np.nan, 1)
    with pytest.raises(save_errors.NanWeightsError):
        _save(session, saver, tmp_path, 1)
    saver.restore(session, path)
    assert _weight(session) == [1, 2]


def test_without_the_check_anything_is_saved(model, tmp_path):
    session, saver, set_to = model
    saver.checks_weights = False
    set_to(np.nan, 1)
    path = _save(session, saver, tmp_path, 2)
    assert np.isnan(tf.train.load_variable(path, "weight")[0])
    assert (tmp_path / "model.ckpt-2.meta").exists()


@pytest.mark.parametrize("checks", [True, False])
@pytest.mark.parametrize(
    "arguments",
    [
        {"sharded": True},
        {"write_version": v1.train.SaverDef.V1},
        {"write_version": v1.train.SaverDef.V1, "sharded": True},
        {"pad_step_number": True},
        {"save_relative_paths": True},
    ],
)
def test_each_kind_of_saver_may_be_checked(model, tmp_path, arguments, checks):
    session, _, _ = model
    for folder in ("ours", "theirs"):
        (tmp_path / folder).mkdir()
    saver = v1.train.Saver(**arguments)
    theirs = _save(session, saver, tmp_path / "theirs", 1)
    checked = CheckedSaver(v1.train.Saver(**arguments), checks)
    path = _save(session, checked, tmp_path / "ours", 1)
    assert path == theirs.replace("/theirs/", "/ours/")
    assert _names(tmp_path / "ours") == _names(tmp_path / "theirs")
    checked.restore(session, path)


def test_a_relative_path_will_do(model, tmp_path, monkeypatch):
    session, saver, _ = model
    monkeypatch.chdir(tmp_path)
    assert saver.save(session, "./model.ckpt", 1) == "./model.ckpt-1"
    assert saver.save(session, "model.ckpt", 2) == "model.ckpt-2"
    assert (tmp_path / "model.ckpt-2.index").exists()


def test_a_saver_of_its_own_kind_saves_in_its_own_way(model, tmp_path):
    class Own:
        def save(self, *args, **kwargs):
            return args, kwargs

    session, _, _ = model
    assert CheckedSaver(Own()).save(session, "path", 3) == (
        (session, "path"),
        {"global_step": 3, "write_meta_graph": True},
    )


def test_the_session_stays_open(model, tmp_path):
    session, saver, _ = model
    _save(session, saver, tmp_path, 1)
    assert _weight(session) == [1, 2]


def test_a_folder_that_is_gone_is_named(model, tmp_path):
    session, saver, _ = model
    saver.checks_weights = False
    path = tmp_path / "file" / "model.ckpt"
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(save_errors.CheckpointSaveError) as caught:
        saver.save(session, str(path), 7)
    assert caught.value.path == f"{path}-7"
    assert f"could not save {path}-7 at step 7" in str(caught.value)
    assert isinstance(caught.value.__cause__, tf.errors.OpError)


def test_a_preemption_passes_as_it_is(model, tmp_path):
    class Lost:
        graph = tf.Graph()

        def run(self, *args):
            raise tf.errors.UnavailableError(None, None, "lost")

    with pytest.raises(tf.errors.UnavailableError) as caught:
        _save(Lost(), model[1], tmp_path, 7)
    assert type(caught.value) is tf.errors.UnavailableError
    assert _names(tmp_path) == []


def test_mistakes_stay_value_errors(model, tmp_path):
    session, saver, _ = model
    with pytest.raises(ValueError, match="latest_filename") as caught:
        _save(session, saver, tmp_path, 1, latest_filename="a/b")
    assert type(caught.value) is ValueError


def test_a_state_file_that_cant_be_written_leaves_nothing(model, tmp_path):
    session, saver, _ = model
    good = _save(session, saver, tmp_path, 1)
    (tmp_path / "checkpoint").rename(tmp_path / "kept")
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint" / "in the way").write_text("")
    with pytest.raises(save_errors.CheckpointSaveError):
        _save(session, saver, tmp_path, 2)
    assert not list(tmp_path.glob("checkpoint.tmp*"))
    saver.restore(session, good)
