"""FX of any maker that the recogniser reads: what their controls can be set to, and which settings make a response."""
