"""The demo: Copper Kettle Coffee, its 20,000 invented people, its past sends, and one send in motion. For the sandbox only.

The same every time. What a person would do by hand goes through the apps' own verbs; the mass of people and of past mail
is written by COPY and INSERT ... SELECT, because a newcomer waits for it, and `audit_ledger` proves it afterwards.
"""
