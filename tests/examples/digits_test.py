"""The main job, as its reader runs it."""

import re
import signal
import subprocess
import sys

import pytest
import tensorflow as tf

_DIGITS = (sys.executable, "-u", "-m", "monitored_tf.examples.digits")


def _digits(tmp_path, *arguments):
    return subprocess.run(
        [*_DIGITS, "--model-dir", str(tmp_path / "model"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_learns_through_a_preemption_and_resumes(tmp_path):
    first = _digits(tmp_path)
    assert first.returncode == 0, first.stderr
    assert "Training to step 1500 in" in first.stdout
    assert "After 750 steps a planted fault loses the session." in first.stdout
    (warning,) = first.stderr.splitlines()
    assert "Recovered: session 2 made" in warning
    assert re.search(r"^step \d+ of 1500 .* steps/s", first.stdout, re.M)
    report = dict(re.findall(r"^(\w+): +(.*)$", first.stdout, re.M))
    assert report["Steps"] == "1500"
    assert report["Recoveries"] == "1"
    assert report["Checkpoint"].endswith("model.ckpt-1500")
    assert float(report["Accuracy"].partition("%")[0]) >= 95
    assert report["Stopped"] == "a hook asked for it: StopAtStepHook"

    again = _digits(tmp_path, "--steps", "10", "--preempt-at", "0")
    assert again.stderr == ""
    assert "Training to step 1510 in" in again.stdout
    assert "planted" not in again.stdout
    assert "Recoveries: 0" in again.stdout


def _killed(tmp_path, number):
    """Sends a signal after the first report of progress; returns the exit."""
    job = subprocess.Popen(
        [
            *_DIGITS,
            "--model-dir",
            str(tmp_path / "model"),
            "--steps",
            "1000000",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    with job:
        for line in job.stdout:
            if line.startswith("step "):
                job.send_signal(number)
                break
    return job.returncode


def test_it_survives_signals_and_a_damaged_checkpoint(tmp_path):
    assert _killed(tmp_path, signal.SIGTERM) == 143
    model = tmp_path / "model"
    saved = tf.train.latest_checkpoint(str(model))
    step = int(saved.rpartition("-")[2])
    assert step % 200, "not saved because of the signal"
    assert _killed(tmp_path, signal.SIGKILL) == -signal.SIGKILL
    newest = tf.train.latest_checkpoint(str(model))
    with open(f"{newest}.data-00000-of-00001", "r+b") as data:
        data.truncate(100)
    again = _digits(tmp_path, "--steps", "10", "--preempt-at", "0")
    assert again.returncode == 0, again.stderr
    assert f"{newest} is damaged" in again.stderr


@pytest.mark.parametrize(
    "arguments", [("--steps", "0"), ("--preempt-at", "-1"), ("--steps", "x")]
)
def test_bad_arguments_are_refused(arguments, tmp_path):
    refused = _digits(tmp_path, *arguments)
    assert refused.returncode == 2
    assert "usage:" in refused.stderr
