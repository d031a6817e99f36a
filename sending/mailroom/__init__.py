"""The mailroom: mail that comes in. Bounces, complaint reports and opt-outs by mail, read with limits and trusted only by token."""
