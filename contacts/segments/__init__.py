"""Segments: a question about people as JSON, its typed tree, the SQL that answers it, and the words that say it."""
