"""Answers to the ports of the engines, over tables."""
