"""Whom we may write to: contacts, fields, topics, consent, suppression, segments, imports. Knows nothing of mail."""
