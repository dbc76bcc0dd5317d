"""How models are trained and evaluated: recordings, a dataset of examples, the trainer, evaluation."""
