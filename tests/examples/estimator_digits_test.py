"""The Estimator's example, as its reader runs it."""

import os
import re
import subprocess
import sys


def _run(tmp_path, *arguments):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "monitored_tf.examples.estimator_digits",
            "--model-dir",
            str(tmp_path / "model"),
            *arguments,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    # Input that begins again is told of when training goes on.
    others = re.sub("^WARNING:absl:Input begins .*\n", "", done.stderr)
    assert (done.returncode, others) == (0, "")
    return dict(re.findall(r"^([A-Z]\w+ ?\w*): +(.*)$", done.stdout, re.M))


def test_it_learns_and_serves_and_goes_on(tmp_path):
    report = _run(tmp_path, "--steps", "600")
    assert report["Steps"] == "600"
    accuracy = report["Accuracy"].partition(" ")[0]
    assert float(accuracy.rstrip("%")) >= 95
    assert report["SavedModel"] == report["Predictor"] == accuracy
    assert os.path.exists(f"{report['Exported']}/saved_model.pb")
    assert float(report["One digit"].partition(" ")[0]) < 1

    again = _run(tmp_path, "--steps", "10")
    assert again["Steps"] == "610"
    assert again["Exported"] != report["Exported"]
