"""How an Estimator trains."""
