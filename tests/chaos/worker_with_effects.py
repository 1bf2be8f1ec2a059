"""The real worker, but a robot's call writes an effect down in place of speaking to a portal. Run by test_kill.py."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from typing import Any

import b24app.app
from b24app.config import Config
from b24app.context import Context
from b24app.log import set_up_logging

EFFECTS = "effects.db"
TABLES = "CREATE TABLE IF NOT EXISTS effect (token TEXT PRIMARY KEY); CREATE TABLE IF NOT EXISTS attempt (token TEXT)"


def write_effect(ctx: Context, payload: dict[str, Any]) -> None:
    """Have an effect as every job must: twice is the same as once. It may be killed before, between and after."""
    with closing(sqlite3.connect(ctx.config.data_dir / EFFECTS, timeout=120)) as db:
        db.execute("INSERT INTO attempt VALUES (?)", (payload["event_token"],))
        db.commit()
        time.sleep(random.random() / 10)
        db.execute("INSERT INTO effect VALUES (?) ON CONFLICT DO NOTHING", (payload["event_token"],))
        db.commit()


if __name__ == "__main__":
    config = Config.from_env()
    set_up_logging(config)
    with closing(sqlite3.connect(config.data_dir / EFFECTS, timeout=120)) as effects:
        effects.executescript(TABLES)
    b24app.app.KINDS = {**b24app.app.KINDS, "robot_call": b24app.app.Duty(write_effect)}
    worker, close = b24app.app.create_worker(config)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()
    close()
    os._exit(0)
