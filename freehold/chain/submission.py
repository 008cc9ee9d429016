"""Bringing a proven batch on chain: the proof, its data or their availability, the state update."""

from __future__ import annotations

from collections.abc import Sequence

from ape.api.accounts import AccountAPI
from ape.api.transactions import ReceiptAPI

from freehold.chain.deployed import Deployment
from freehold.chain.signatures import raw_signature
from freehold.chain.verifier import submit_proof
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.facts import application_data, availability_claim, update_words
from prover.proving.batch import ProvenBatch


def bring_on_chain(
    deployment: Deployment,
    proven: ProvenBatch,
    operator: AccountAPI,
    member: AccountAPI,
    batch_id: int,
    conditions: Sequence[tuple[str, bytes]] = (),
) -> list[ReceiptAPI]:
    """Proof, data or its availability, state update: each transaction's receipt. May be called again after an
    interruption: what is proven or vouched for is not sent again.

    `conditions` are registry and fact of each conditional transfer, in the batch's order.
    """
    receipts = submit_proof(operator, deployment.verifier, deployment.program_number, proven.proof)
    return [*receipts, *bring_checked(deployment, proven.batch, operator, member, batch_id, conditions)]


def bring_checked(
    deployment: Deployment,
    batch: Batch,
    operator: AccountAPI,
    member: AccountAPI,
    batch_id: int,
    conditions: Sequence[tuple[str, bytes]] = (),
) -> list[ReceiptAPI]:
    """What follows once the verifier knows the batch's fact: data or its availability, state update."""
    exchange, receipts = deployment.exchange, []
    if deployment.committee is None:  # sent even if the fact is known: by whom, and where the data then stands, is not
        receipts.append(deployment.adapter.publish(batch.main_words(), batch.data(), sender=operator))
    else:
        claim = availability_claim(batch.after, exchange.getSequenceNumber() + 1)
        if not deployment.committee.isValid(claim):
            signature = raw_signature(member, claim)
            receipts.append(deployment.committee.verifyAvailabilityProof(claim, signature, sender=operator))
    words = application_data(batch_id, exchange.getLastBatchId(), conditions)
    receipts.append(exchange.updateState(update_words(batch), words, sender=operator))
    return receipts
