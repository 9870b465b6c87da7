"""Tells the node that the store has a new revision, over its control socket, and waits until it is published.

A node that does not answer loses nothing: it looks at the store each second by itself.
"""

import logging
from typing import Final

from resolute.admin.controlsocket import ControlSocket
from resolute.errors import ResoluteError

TIMEOUT_S: Final = 2.0

log = logging.getLogger(__name__)


async def follow(node: ControlSocket, revision: int) -> bool:
    """True when the node has said that it serves this revision. Never raises: the change is durable already."""
    try:
        await node.post("/follow", {"revision": revision}, timeout_s=TIMEOUT_S)
    except ResoluteError as error:
        log.warning("the node could not be told of revision %d (%s): it looks at the store by itself", revision, error)
        return False
    return True
