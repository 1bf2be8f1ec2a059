"""Offers: which documents we bring to a portal, what they say, and that each is made once.

The portal's own generator fills and numbers them; this room decides what they say. It prints and renders nothing itself.
"""
