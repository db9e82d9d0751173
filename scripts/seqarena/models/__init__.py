"""Networks and baselines: building, training, predicting."""
