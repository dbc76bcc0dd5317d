"""Many files at once: which are to be done, processes that do them beside each other, and what became of each."""
