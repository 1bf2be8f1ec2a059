"""The wire: everything that is said to Bitrix24 or read from it. Never opens a database, never decides what to do."""
