"""The file that holds the states of hooks."""

import json

import numpy as np
import pytest

import monitored_tf
from monitored_tf import hook_states


class Counts:
    pass


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
