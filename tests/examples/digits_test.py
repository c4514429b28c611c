"""The main job, as its reader runs it."""

import re
import subprocess
import sys

import pytest


def _digits(tmp_path, *arguments):
    command = [sys.executable, "-m", "monitored_tf.examples.digits"]
    return subprocess.run(
        [*command, "--model-dir", str(tmp_path / "model"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_learns_through_a_preemption_and_resumes(tmp_path):
    first = _digits(tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    assert "Training from step 0 to 1500 in" in first.stdout
    assert "After 750 steps a planted fault loses the session." in first.stdout
    assert "Recovered: session 2 made" in first.stdout
    assert re.search(r"^step \d+ of 1500 .* steps/s", first.stdout, re.M)
    report = dict(re.findall(r"^(\w+): +(.*)$", first.stdout, re.M))
    assert report["Steps"] == "1500"
    assert report["Recoveries"] == "1"
    assert report["Checkpoint"].endswith("model.ckpt-1500")
    assert float(report["Accuracy"].partition("%")[0]) >= 95
    assert report["Stopped"] == "a hook asked for it: StopAtStepHook"

    again = _digits(tmp_path, "--steps", "10", "--preempt-at", "0")
    assert again.stderr == ""
    assert "Training from step 1500 to 1510 in" in again.stdout
    assert "planted" not in again.stdout
    assert "Recoveries: 0" in again.stdout


@pytest.mark.parametrize(
    "arguments", [("--steps", "0"), ("--preempt-at", "-1"), ("--steps", "x")]
)
def test_bad_arguments_are_refused(arguments, tmp_path):
    refused = _digits(tmp_path, *arguments)
    assert refused.returncode == 2
    assert "usage:" in refused.stderr
