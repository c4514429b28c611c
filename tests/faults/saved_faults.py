"""The faults that what is saved must outlive, by their names in the table.

A scenario takes the library, "tf" or "monitored_tf", and returns an `Outcome`
for each of its cases, by name; none if the library has nothing of the kind.
"""

from __future__ import annotations

from tests.faults import (
    saved_background_faults,
    saved_damage_faults,
    saved_disk_faults,
    saved_graph_faults,
    saved_input_faults,
    saved_signal_faults,
)

FAULTS = {
    **saved_damage_faults.FAULTS,
    **saved_disk_faults.FAULTS,
    **saved_background_faults.FAULTS,
    **saved_graph_faults.FAULTS,
    **saved_signal_faults.FAULTS,
    **saved_input_faults.FAULTS,
}
