"""What models are trained for: each task draws its examples and its cases, and says how its models are used."""
