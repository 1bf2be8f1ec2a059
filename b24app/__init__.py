"""What the product knows and does. No Flask in here but in `app.py`; nothing happens at import."""
