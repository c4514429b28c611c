"""How an Estimator exports."""
