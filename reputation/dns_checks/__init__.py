"""DNS checks of a sending domain: what is published, held against what mailbox providers ask for. Knows DNS, no tables."""
