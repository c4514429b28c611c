"""What an Estimator runs on: RunConfig, and the TF_CONFIG it reads."""
