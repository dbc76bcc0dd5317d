"""How an encoder learns: examples packed as tensors, losses, one update, the course of a training."""
