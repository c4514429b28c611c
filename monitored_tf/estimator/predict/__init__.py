"""How an Estimator predicts, once or kept loaded."""
