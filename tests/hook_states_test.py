"""The file that holds the states of hooks."""

import json

import numpy as np
import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import hook_states, unfinished_files
from monitored_tf.testing import Fault, FaultHook

v1 = tf.compat.v1


class Counts(monitored_tf.SessionRunHook):
    """Counts the steps that count, and notes what it was given."""

    def __init__(self):
        self.count = 0
        self.loaded = []

    def after_run(self, run_context, run_values):
        self.count += 1

    def state_dict(self):
        return {"count": self.count}

    def load_state_dict(self, state):
        self.loaded.append(state)
        self.count = state["count"]


def _session(folder, hooks, **kwargs):
    return monitored_tf.MonitoredTrainingSession(
        checkpoint_dir=str(folder),
        hooks=hooks,
        save_checkpoint_steps=2,
        save_summaries_steps=None,
        log_step_count_steps=None,
        **kwargs,
    )


def _train(folder, step, hooks, steps, **kwargs):
    with _session(folder, hooks, **kwargs) as session:
        for _ in range(steps):
            session.run(step)


def _states(folder):
    """The counts in the files, by name of the checkpoint."""
    return {
        path.name.partition(".hooks")[0]: json.loads(path.read_text())["hooks"][
            "Counts"
        ]["count"]
        for path in folder.glob("*.hooks.json")
    }


def test_a_state_is_saved_as_it_is_after_the_step(step, tmp_path):
    _train(tmp_path, step, [Counts()], 5)
    assert _states(tmp_path) == {
        f"model.ckpt-{number}": number for number in (0, 2, 4, 5)
    }


def test_a_restart_gives_a_hook_its_state(step, tmp_path):
    _train(tmp_path, step, [Counts()], 5)
    hook = Counts()
    _train(tmp_path, step, [hook], 1)
    assert hook.loaded == [{"count": 5}]
    assert hook.count == 6


def test_a_recovery_takes_a_hook_back_to_the_checkpoint(step, tmp_path):
    hook = Counts()
    _train(tmp_path, step, [hook, FaultHook(Fault("before_run", 4))], 4)
    assert hook.loaded == [{"count": 2}]
    # Two of the four steps were lost.
    assert hook.count == 3


def test_files_go_with_their_checkpoints(step, tmp_path):
    saver = v1.train.Saver(max_to_keep=2)
    scaffold = v1.train.Scaffold(saver=saver)
    _train(tmp_path, step, [Counts()], 6, scaffold=scaffold)
    assert _states(tmp_path) == {"model.ckpt-4": 4, "model.ckpt-6": 6}


def test_without_states_there_are_no_files(step, tmp_path):
    _train(tmp_path, step, [], 2)
    assert _states(tmp_path) == {}


def test_a_save_that_is_cut_off_leaves_checkpoint_and_state_of_one_step(
    step, tmp_path, monkeypatch
):
    move = unfinished_files.move_files

    def killed_half_way(folder, to):
        if "model.ckpt-4" in folder:
            (path,) = (name for name in tf.io.gfile.glob(f"{folder}/*.json"))
            tf.io.gfile.copy(path, f"{to}/{path.rpartition('/')[2]}")
            raise SystemExit(137)
        move(folder, to)

    monkeypatch.setattr(unfinished_files, "move_files", killed_half_way)
    with pytest.raises(SystemExit):
        _train(tmp_path, step, [Counts()], 4)
    assert _states(tmp_path)["model.ckpt-4"] == 4
    monkeypatch.undo()
    hook = Counts()
    with _session(tmp_path, [hook]) as session:
        assert session.run(step) == 3
    assert hook.loaded == [{"count": 2}]


def test_a_state_that_cannot_be_saved_is_an_error_at_once(step, tmp_path):
    hook = Counts()
    hook.count = object()
    with pytest.raises(monitored_tf.InvalidHookStateError, match="Counts"):
        _session(tmp_path, [hook])


def test_a_session_without_a_saver_of_ours_says_so(step, caplog):
    with caplog.at_level("INFO"):
        monitored_tf.MonitoredSession(hooks=[Counts()]).close()
    assert "No hook saves the states of Counts" in caplog.text


def test_saving_elsewhere_saves_the_states_too(step, tmp_path):
    with monitored_tf.MonitoredSession(hooks=[Counts()]) as session:
        session.run(step)
        session.save(tmp_path)
    assert list(_states(tmp_path).values()) == [1]


def test_several_hooks_of_one_class_have_keys_of_their_own():
    hooks = [Counts(), object(), Counts(), Counts()]
    assert list(hook_states.keyed(hooks)) == [
        "Counts",
        "object",
        "Counts#2",
        "Counts#3",
    ]


def _written(folder, text):
    checkpoint = str(folder / "model.ckpt-3")
    (folder / "model.ckpt-3.hooks.json").write_text(text)
    return checkpoint


def test_what_is_written_is_read(tmp_path):
    states = {"A": {"best": 0.5, "names": ["ä", None]}, "A#2": [1, True]}
    text = hook_states.dumps(states)
    assert json.loads(text)["version"] == 1
    assert hook_states.read(_written(tmp_path, text)) == states


def test_numpys_values_are_written_as_numbers_and_lists(tmp_path):
    state = {"step": np.int64(3), "mean": np.ones(2, np.float32)}
    text = hook_states.dumps({"A": state})
    states = hook_states.read(_written(tmp_path, text))
    assert states == {"A": {"step": 3, "mean": [1.0, 1.0]}}


@pytest.mark.parametrize("state", [{"lock": object()}, {1, 2}, {(1, 2): 3}])
def test_what_json_cannot_hold_is_an_error(state):
    with pytest.raises(monitored_tf.InvalidHookStateError, match="hook A must"):
        hook_states.dumps({"A": state})


def test_a_checkpoint_without_states_has_none(tmp_path):
    assert hook_states.read(str(tmp_path / "model.ckpt-1")) == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 2, "hooks": {}}', '{"version": 1}']
)
def test_what_cannot_be_understood_is_a_warning(tmp_path, text, caplog):
    assert hook_states.read(_written(tmp_path, text)) == {}
    assert "model.ckpt-3.hooks.json can't be" in caplog.text


def test_files_of_checkpoints_that_are_gone_are_removed(tmp_path):
    for name in ("model.ckpt-2.hooks.json", "model.ckpt-3.hooks.json"):
        (tmp_path / name).touch()
    (tmp_path / "model.ckpt-3.index").touch()
    hook_states.remove_orphans(str(tmp_path))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model.ckpt-3.hooks.json", "model.ckpt-3.index"]


def test_files_of_checkpoints_that_are_being_moved_stay(tmp_path):
    (tmp_path / "model.ckpt-12_temp_0f").mkdir()
    for number in (1, 12):
        (tmp_path / f"model.ckpt-{number}.hooks.json").touch()
    hook_states.remove_orphans(str(tmp_path))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model.ckpt-12.hooks.json", "model.ckpt-12_temp_0f"]


def test_another_hook_may_be_at_work_in_the_folder(tmp_path, monkeypatch):
    """It removes a file, and finishes a checkpoint, once names were read."""
    names = [f"model.ckpt-{number}.hooks.json" for number in (2, 3)]
    (tmp_path / names[1]).touch()
    (tmp_path / "model.ckpt-3.index").touch()
    monkeypatch.setattr(tf.io.gfile, "listdir", lambda _: names)
    hook_states.remove_orphans(str(tmp_path))
    assert (tmp_path / names[1]).exists()
