"""`train_and_evaluate`: its specs, exporters and tasks."""
