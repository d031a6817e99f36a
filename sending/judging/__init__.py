"""Judgement: what a server's reply or report means for the message, for the recipient and for us. Knows words, not wires."""
