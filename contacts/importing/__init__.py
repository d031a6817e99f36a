"""Reading people's lists: what kind of file it is, what its columns mean, and what to think of each row. No tables."""
