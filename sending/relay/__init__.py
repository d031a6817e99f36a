"""The relay: claims mail from the ledger, speaks SMTP, judges the answers. Knows SMTP and time; no Django, no tables."""
