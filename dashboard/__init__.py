"""What the user sees: widgets and words, no science."""
