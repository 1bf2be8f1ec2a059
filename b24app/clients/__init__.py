"""Clients: who buys, and what we know of them in numbers. Never asks the portal, only the mirror.

FACTS (`facts`) are declared once; their columns, SQL and words come from there. Every change of the mirror comes in
by `update.update_clients`; pages read by `cards.find_client`, always through the viewer.
"""
