"""The base in order: what is wrong with a card and can be put right, who is in the base twice.

CHECKS (`checks`) are pure and declared once; `repair` reads cards from the portal and writes back only what has changed,
`duplicates` asks the mirror alone and changes nothing: which of two cards is the right one a person decides.
"""
