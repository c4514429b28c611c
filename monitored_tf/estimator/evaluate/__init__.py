"""How an Estimator evaluates, once or kept warm."""
