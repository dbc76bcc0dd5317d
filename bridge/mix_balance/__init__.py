"""Levels between tracks: who plays which role, how loud the roles of real mixes are, and the gains that lead there."""
