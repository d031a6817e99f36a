"""The sandbox: a small world on this computer's own addresses. Its DNS, its mailbox providers, and the people who read there."""
