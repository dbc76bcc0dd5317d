"""How an encoder learns: one update, the losses that count in it, and the loop around it."""
