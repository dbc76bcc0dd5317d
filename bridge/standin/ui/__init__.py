"""What a user sees and does: boxes and dialogs, `gfx` windows as images, mouse and keys."""
