"""How models are learned and judged: recordings, examples, the course, evaluation."""
