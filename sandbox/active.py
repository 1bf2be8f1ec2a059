"""What the portal does by itself: posts events, runs robots, makes PDFs. Puts these parts together, starts and stops them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import (
    auth_block,
    automation,
    documents,
    events,
    filestore,
    messages,
    notices,
    offline,
    outbox,
    placements,
    triggers,
    workflow_templates,
)
from sandbox.auth_block import EventTokens
from sandbox.automation import Automation
from sandbox.events import Events
from sandbox.outbox import Outbox
from sandbox.pdf import PdfMaker

if TYPE_CHECKING:
    from sandbox.portal import Portal
    from sandbox.store import Section

ACTIVE_SECTIONS: tuple[Section, ...] = (
    *outbox.SECTIONS,
    *events.SECTIONS,
    *offline.SECTIONS,
    *automation.SECTIONS,
    *filestore.SECTIONS,
    *documents.SECTIONS,
    *placements.SECTIONS,
    *notices.SECTIONS,
    *triggers.SECTIONS,
    *workflow_templates.SECTIONS,
    *messages.SECTIONS,
)


class Active:
    """The portal's active side, kept as `portal.active`. Before `start` everything is queued and nothing leaves."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self.tokens = EventTokens(portal)
        self.outbox = Outbox(portal.store, portal.clock, portal.faults)
        self.events = Events(portal)
        self.automation = Automation(portal, self.outbox)
        self.pdf = PdfMaker(portal)
        portal.listeners += [self.events.on_change, self.automation.on_change]

    def start(self) -> None:
        """Start the threads; in a server with worker processes, in the worker."""
        self.outbox.start()
        self.automation.start()
        self.pdf.start()

    def stop(self) -> None:
        """Stop the threads; what was not attempted waits for the next start."""
        self.pdf.stop()
        self.automation.stop()
        self.outbox.stop()

    def app_saved(self, client_id: str, user_id: int) -> None:
        """Post ONAPPINSTALL to the installer of an application without pages, right after an administrator saved it."""
        app = self._portal.grants.get_app(client_id)
        if app["INSTALLER"]:
            auth = auth_block.of_event(self._portal, client_id, user_id, with_refresh=True)
            self.events.post_to(app["INSTALLER"], "ONAPPINSTALL", self._about(client_id), auth)

    def app_installed(self, client_id: str, user_id: int) -> None:
        """Post ONAPPINSTALL to the handlers that the application bound while it was being installed."""
        auth = auth_block.of_event(self._portal, client_id, user_id, with_refresh=True)
        self.events.fire_to_app(client_id, "ONAPPINSTALL", self._about(client_id), auth)

    def app_removing(self, client_id: str, is_cleaned: bool) -> None:
        """Post ONAPPUNINSTALL and forget what the application bound; call it before the application itself is deleted.

        Its robots and triggers leave the list; the stages where they stand keep them as blocked.
        """
        said = {"LANGUAGE_ID": self._portal.language, "CLEAN": int(is_cleaned)}
        with self._portal.store.write():
            if self._portal.grants.get_app(client_id)["INSTALLED"]:
                self.events.fire_to_app(client_id, "ONAPPUNINSTALL", said, auth_block.of_event(self._portal, client_id, 0))
            for room in (events, offline, placements, automation, triggers, messages):
                room.forget_app(self._portal, client_id)

    def _about(self, client_id: str) -> dict[str, str]:
        app = self._portal.grants.get_app(client_id)
        version = f"{app['VERSION']}.0.0"
        return {"VERSION": version, "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": self._portal.language}
