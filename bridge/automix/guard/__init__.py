"""Do no harm: what a job steers by, and which answers it accepts. All is judged through the plugins."""
