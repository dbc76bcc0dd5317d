"""Receipts of what REAPER did: read, logged, sent to the surfaces, and taken out of the spool."""

from __future__ import annotations

import logging

from bridge.daemon.heartbeat import Feedback
from bridge.errors import LinkError
from bridge.reaper.describe import describe_receipt
from bridge.reaper.protocol.messages import Receipt
from bridge.reaper.protocol.spool import Spool

log = logging.getLogger(__name__)


class Receipts:
    """Takes receipts as they come. Both methods may be called from any thread; a receipt counts once."""

    def __init__(self, spool: Spool, feedback: Feedback) -> None:
        self._spool, self._feedback = spool, feedback
        self._stuck: set[str] = set()  # reported once: a folder of that name, or a file that another program holds

    def take_all(self) -> None:
        """Those that lie there already, or that the system gave no notice of."""
        for request_id in self._spool.receipts():
            self.take(request_id)

    def take(self, request_id: str) -> None:
        """Read, report and remove a receipt. One that cannot be read is removed as well, and reported."""
        try:
            receipt = self._spool.take_receipt(request_id)
        except LinkError as error:
            self._report_once(request_id, error)
            return
        if receipt is not None and request_id not in self._stuck:
            self._report(receipt)
        self._stuck = {stuck for stuck in self._stuck if self._spool.has("receipts", stuck)}
        if self._spool.has("receipts", request_id):
            self._stuck.add(request_id)

    def _report_once(self, request_id: str, error: LinkError) -> None:
        if request_id in self._stuck:
            return
        if self._spool.has("receipts", request_id):
            self._stuck.add(request_id)
        log.error("%s", error)
        self._feedback("/bridge/error", str(error))

    def _report(self, receipt: Receipt) -> None:
        log.info("%s: REAPER %s %s", receipt.id, receipt.status, describe_receipt(receipt))
        self._feedback("/bridge/receipt", receipt.id, receipt.status, receipt.error)
        if receipt.status == "applied":
            self._feedback("/bridge/amount", 1.0)
            self._feedback("/bridge/compare", 0)
