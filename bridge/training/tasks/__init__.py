"""What models are trained for: each task draws its examples and its cases, and states how its models are used."""
