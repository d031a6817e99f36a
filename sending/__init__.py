"""How mail leaves: streams, domains, letters, mailings, the ledger, the relay, the mailroom, tracking, events."""
