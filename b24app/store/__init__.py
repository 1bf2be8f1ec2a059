"""The only room that opens a database.

Law: one writing process a file. `inbox.db` is written by the web process alone, `<member_id>.db` by the worker alone;
`app.db` is small, has a rollback journal and may be written by either.
"""
