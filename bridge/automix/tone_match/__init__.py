"""The analytic answer: settings fitted to how a reference's tone differs, by what the plugins were measured to do."""
