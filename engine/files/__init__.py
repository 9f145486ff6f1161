"""Files that a person gives: their bytes, and any table as chunks of text."""
