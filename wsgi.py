"""Where a process begins: `gunicorn wsgi:app`, `flask --app wsgi ...`."""

import atexit
import gc
import sys

from b24app.app import close_app, create_app
from b24app.config import Config
from b24app.errors import NotConfigured
from b24app.log import keep_crashes_in, set_up_logging

MISCONFIGURED = 3  # gunicorn's own code for "do not try again"

try:
    config = Config.from_env()
except NotConfigured as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(MISCONFIGURED)
set_up_logging(config)
keep_crashes_in()
app = create_app(config)
gc.freeze()  # what is here now stays: looking through it again and again would hold up requests for a tenth of a second
atexit.register(close_app, app)
