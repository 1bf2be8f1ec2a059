"""Every REST method that the portal knows, in one tuple. What is not here answers ERROR_METHOD_NOT_FOUND."""

from __future__ import annotations

from sandbox import batch
from sandbox.methods import (
    activity,
    app,
    bizproc,
    crm_category,
    crm_entity,
    crm_item,
    crm_links,
    crm_productrow,
    crm_status,
    currency,
    descriptions,
    documentgenerator,
    duplicate,
    event,
    im,
    messageservice,
    placement,
    productrows_old,
    stagehistory,
    timeline,
    trigger,
    user,
    userfield,
    userfieldconfig,
    workflow,
)
from sandbox.rest import Method

METHODS: tuple[Method, ...] = (
    *batch.METHODS,
    *app.METHODS,
    *user.METHODS,
    *crm_item.METHODS,
    *crm_entity.METHODS,
    *crm_productrow.METHODS,
    *productrows_old.METHODS,
    *descriptions.METHODS,
    *crm_status.METHODS,
    *crm_category.METHODS,
    *currency.METHODS,
    *userfield.METHODS,
    *userfieldconfig.METHODS,
    *duplicate.METHODS,
    *event.METHODS,
    *placement.METHODS,
    *bizproc.METHODS,
    *workflow.METHODS,
    *documentgenerator.METHODS,
    *activity.METHODS,
    *timeline.METHODS,
    *stagehistory.METHODS,
    *crm_links.METHODS,
    *trigger.METHODS,
    *im.METHODS,
    *messageservice.METHODS,
)
BY_NAME = {method.name.lower(): method for method in METHODS}
