"""Processes that are killed in a save, at once or in the background."""

import os
import subprocess
import sys

import pytest
import tensorflow as tf

import monitored_tf
from monitored_tf import checkpoint_files
from tests.hooks import background_saves as saves, saver_runs, saving_job

v1 = tf.compat.v1
TRIALS = 15


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folders, and the ids, of the processes that were killed, by way."""
    folder = tmp_path_factory.mktemp("killed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.hooks.saving_job", folder, str(TRIALS)],
        check=True,
        timeout=250,
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        },
    )
    said = [line.split("\t") for line in done.stdout.splitlines()]
    return {
        way: (
            [folder / way / str(trial) for trial in range(TRIALS)],
            [pid for named, pid in said if named == way],
        )
        for way in saving_job.WAYS
    }


def _unfinished(folder):
    return [name for name in os.listdir(folder) if "_temp" in name]


def _is_half_saved(folder):
    newest = max(saver_runs.steps_on_disk(folder))
    return bool(_unfinished(folder)) or newest > max(saves.steps(folder))


@pytest.mark.parametrize("way", saving_job.WAYS)
def test_a_kill_in_a_save_loses_nothing_and_leaves_nothing(graph, killed, way):
    folders, children = killed[way]
    assert len(children) == TRIALS
    # Or none was killed in a save.
    assert any(_is_half_saved(folder) for folder in folders)
    step, saver = saving_job.model(), v1.train.Saver()
    for folder in folders:
        state = tf.train.get_checkpoint_state(str(folder))
        for path in state.all_model_checkpoint_paths:
            assert checkpoint_files.problem(path, full=True) == ""
        newest = max(saves.steps(folder))
        # The training after it saves in the other way.
        hook = monitored_tf.CheckpointSaverHook(
            str(folder),
            save_steps=1,
            saver=saver,
            save_graph_def=False,
            async_save=way == saving_job.WAYS[0],
        )
        with saves.session([hook], folder) as session:
            assert session.run(step) == newest + 1
        assert not _unfinished(folder)
    for child in children:
        assert saves.left_behind(child) == []
