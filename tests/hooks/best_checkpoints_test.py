"""Copies of the checkpoints of which a metric was best."""

import itertools
import json

import numpy as np
import pytest
import tensorflow as tf

from monitored_tf.hooks.best_checkpoints import BestCheckpoints


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "best"


def _best(folder, count=2, **kwargs):
    return BestCheckpoints(str(folder), "model.ckpt", "loss:0", count, **kwargs)


def _checkpoint(folder, step, content="x"):
    path = folder / f"model.ckpt-{step}"
    for suffix in ("index", "data-00000-of-00001", "meta"):
        path.with_name(f"{path.name}.{suffix}").write_text(f"{content} {step}")
    return str(path)


def _offer(best, folder, values):
    for step, value in values.items():
        best.offer(_checkpoint(folder.parent, step), step, value)


def _steps(folder):
    """Returns the steps there, those in the state file, and the best one."""
    there = sorted(int(p.stem[11:]) for p in folder.glob("*.index"))
    state = tf.train.get_checkpoint_state(str(folder))
    named = [
        int(p.rpartition("-")[2]) for p in state.all_model_checkpoint_paths
    ]
    latest = tf.train.latest_checkpoint(str(folder))
    return there, named, int(latest.rpartition("-")[2])


def test_the_lowest_are_kept(folder):
    _offer(_best(folder), folder, {1: 5.0, 2: 3.0, 3: 9.0, 4: 4.0, 30: 4.5})
    assert _steps(folder) == ([2, 4], [4, 2], 2)
    assert (folder / "model.ckpt-2.meta").read_text() == "x 2"
    assert len(list(folder.iterdir())) == 2 * 3 + 2


def test_the_highest_may_be_best(folder):
    best = _best(folder, 1, highest=True)
    _offer(best, folder, {1: 0.5, 2: np.float32(0.75), 3: [0.25]})
    assert _steps(folder) == ([2], [2], 2)


def test_it_tells_whether_a_checkpoint_is_kept(folder):
    best = _best(folder, 1)
    kept = [
        best.offer(_checkpoint(folder.parent, step), step, value)
        for step, value in enumerate([2.0, 1.0, 3.0])
    ]
    assert kept == [True, True, False]


def test_nan_is_never_best(folder):
    best = _best(folder)
    path = _checkpoint(folder.parent, 1)
    assert not best.offer(path, 1, np.nan)
    _offer(best, folder, {2: 1.0, 3: np.nan})
    assert _steps(folder) == ([2], [2], 2)


def test_of_equal_ones_the_earlier_stays(folder):
    _offer(_best(folder, 1), folder, {1: 2.0, 2: 2.0})
    assert _steps(folder) == ([1], [1], 1)


def test_the_values_outlive_the_process(folder):
    _offer(_best(folder), folder, {1: 5.0, 2: 3.0})
    _offer(_best(folder), folder, {3: 4.0, 4: 9.0})
    assert _steps(folder) == ([2, 3], [3, 2], 2)
    values = json.loads((folder / "best.json").read_text())
    assert values == {
        "version": 1,
        "metric": "loss:0",
        "mode": "min",
        "checkpoints": [
            {"name": "model.ckpt-2", "step": 2, "value": 3.0},
            {"name": "model.ckpt-3", "step": 3, "value": 4.0},
        ],
    }


def test_a_step_that_is_saved_again_counts_once(folder):
    best = _best(folder)
    _offer(best, folder, {1: 5.0, 2: 3.0})
    best.offer(_checkpoint(folder.parent, 2, "again"), 2, 1.0)
    assert _steps(folder) == ([1, 2], [1, 2], 2)
    assert (folder / "model.ckpt-2.index").read_text() == "again 2"


def test_fewer_may_be_kept_than_before(folder):
    _offer(_best(folder, 3), folder, {1: 5.0, 2: 3.0, 3: 4.0})
    _offer(_best(folder, 1), folder, {4: 9.0})
    assert _steps(folder) == ([2], [2], 2)


def test_what_a_killed_process_left_is_put_in_order(folder):
    _offer(_best(folder), folder, {1: 5.0, 2: 3.0})
    (folder / "model.ckpt-7_temp_0a").mkdir()
    (folder / "model.ckpt-7.data-00000-of-00001").write_text("")
    values = json.loads((folder / "best.json").read_text())
    values["checkpoints"].append(
        {"name": "model.ckpt-7", "step": 7, "value": 0.0}
    )
    (folder / "best.json").write_text(json.dumps(values))
    _offer(_best(folder), folder, {8: 9.0})
    assert _steps(folder) == ([1, 2], [1, 2], 2)
    assert not list(folder.glob("model.ckpt-7*"))


class _KilledError(BaseException):
    pass


@pytest.mark.parametrize("operation", range(1, 30))
def test_killed_anywhere_the_state_file_names_what_is_there(
    folder, monkeypatch, operation
):
    _offer(_best(folder), folder, {1: 5.0, 2: 3.0})
    with monkeypatch.context() as patch:
        _die_at(patch, operation)
        try:
            _offer(_best(folder), folder, {3: 4.0, 4: 1.0})
        except _KilledError:
            there, named, _ = _steps(folder)
            assert set(named) <= set(there)
            assert 2 in named
    _offer(_best(folder), folder, {5: 9.0, 4: 1.0})
    assert _steps(folder) == ([2, 4], [2, 4], 4)
    assert not list(folder.glob("*_temp*"))


def _die_at(patch, operation):
    """Makes this file operation and all later ones fail."""
    count = itertools.count(1)

    def mortal(real):
        def call(*args, **kwargs):
            if next(count) >= operation:
                raise _KilledError
            return real(*args, **kwargs)

        return call

    for name in ("copy", "rename", "remove", "rmtree", "makedirs"):
        patch.setattr(tf.io.gfile, name, mortal(getattr(tf.io.gfile, name)))


@pytest.mark.parametrize(
    "content", ["", "[]", '{"metric": "loss:0"}', '{"checkpoints": 1}']
)
def test_values_that_cant_be_read_are_a_warning(folder, caplog, content):
    _offer(_best(folder), folder, {1: 5.0})
    (folder / "best.json").write_text(content)
    _offer(_best(folder), folder, {2: 9.0})
    assert "can't be understood" in caplog.text
    assert _steps(folder) == ([1, 2], [2], 2)


def test_values_of_another_metric_are_not_compared(folder, caplog):
    _offer(_best(folder), folder, {1: 0.1})
    _offer(_best(folder, 1, highest=True), folder, {2: 0.9})
    assert "is about {'metric': 'loss:0', 'mode': 'min'}, not" in caplog.text
    assert _steps(folder) == ([1, 2], [2], 2)


def test_a_metric_is_one_number(folder):
    with pytest.raises(ValueError, match=r"must be one number.*\(2,\)"):
        _offer(_best(folder), folder, {1: [1.0, 2.0]})
