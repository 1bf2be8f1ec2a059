"""The product on one machine: a portal, the web app, the worker. Speaks HTTP to both sides and imports neither."""
