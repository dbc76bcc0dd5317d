"""How good a model is: cases that it never heard, what it must beat, and the tables and card that say so."""
