"""What people do with the exchange: register, and the operator's way of bringing a proven batch on chain."""

from __future__ import annotations

from dataclasses import dataclass

from ape.api import AccountAPI, ReceiptAPI
from eth_account import Account

from prover.algebra import ecdsa
from prover.algebra.keccak import words_to_bytes
from prover.operator.proving import ProvenBatch
from prover.perpetual.facts import availability_claim, registration_message
from scripts._deployment import Deployment
from scripts._verifier import submit_proof


@dataclass(frozen=True)
class User:
    """An Ethereum account with a Stark key and a position."""

    name: str
    account: AccountAPI
    stark_private_key: int
    position_id: int

    @property
    def stark_key(self) -> int:
        return ecdsa.public_key(self.stark_private_key)

    def registration(self) -> bytes:
        """Signature words r, s and the key's y over the user's own address."""
        message = registration_message(bytes.fromhex(self.account.address[2:]), self.stark_key)
        r, s = ecdsa.sign(message, self.stark_private_key)
        return words_to_bytes([r, s, ecdsa.public_point(self.stark_private_key).y])


def committee_signature(member: AccountAPI, claim: bytes) -> bytes:
    """r, s, v over the raw claim. Only local test accounts show their key; others sign where they live."""
    signed = Account.unsafe_sign_hash(claim, private_key=member.private_key)
    return words_to_bytes([signed.r, signed.s]) + bytes([signed.v])


def bring_on_chain(
    deployment: Deployment, proven: ProvenBatch, operator: AccountAPI, member: AccountAPI, batch_id: int
) -> list[ReceiptAPI]:
    """Proof, availability, state update: each transaction's receipt."""
    exchange = deployment.exchange
    receipts = submit_proof(operator, deployment.verifier, deployment.program_number, proven.proof)
    claim = availability_claim(proven.batch.after, exchange.getSequenceNumber() + 1)
    signature = committee_signature(member, claim)
    receipts.append(deployment.committee.verifyAvailabilityProof(claim, signature, sender=operator))
    application_data = [batch_id, exchange.getLastBatchId(), 0]
    receipts.append(exchange.updateState(proven.batch.output(), application_data, sender=operator))
    return receipts
