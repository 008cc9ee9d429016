"""What people do with the exchange: register, and the operator's way of bringing a proven batch on chain."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from ape import accounts
from ape.api import AccountAPI, ReceiptAPI
from hexbytes import HexBytes

from prover.algebra import ecdsa
from prover.algebra.curve import ORDER
from prover.algebra.keccak import words_to_bytes
from prover.applications.ledger.facts import registration_message
from prover.applications.perpetual.facts import availability_claim, update_words
from prover.proving.batch import ProvenBatch
from scripts._deployment import Deployment
from scripts._verifier import submit_proof

FEE_KEY = 0xFEE
"""The private Stark key of the position that collects a story's fees."""


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


@dataclass(frozen=True)
class Cast:
    """Who plays which part."""

    governor: AccountAPI
    operator: AccountAPI
    member: AccountAPI
    stranger: AccountAPI
    users: tuple[User, ...]

    @staticmethod
    def of_test_accounts() -> Cast:
        people = accounts.test_accounts
        users = User("alice", people[4], 0xA11CE, 11), User("bob", people[5], 0xB0B, 22)
        return Cast(people[0], people[1], people[2], people[3], users)

    @staticmethod
    def of_one(account: AccountAPI) -> Cast:
        """One account in every part; its Stark key is new, and of no use after the demo."""
        user = User("user", account, 1 + secrets.randbelow(ORDER - 1), 11)
        return Cast(account, account, account, account, (user,))


class SignatureWithheld(RuntimeError):
    """Somebody did not sign."""


def raw_signature(account: AccountAPI, digest: bytes) -> bytes:
    """r, s, v over a raw digest: a committee member's of a claim, party B's of a forced trade.

    Accounts that are not for tests ask their owner before they sign one.
    """
    signed = account.sign_raw_msghash(HexBytes(digest))
    if signed is None:
        raise SignatureWithheld(f"{account.address} did not sign {digest.hex()}")
    return words_to_bytes([int.from_bytes(signed.r, "big"), int.from_bytes(signed.s, "big")]) + bytes([signed.v])


def bring_on_chain(
    deployment: Deployment,
    proven: ProvenBatch,
    operator: AccountAPI,
    member: AccountAPI,
    batch_id: int,
    conditions: Sequence[tuple[str, bytes]] = (),
) -> list[ReceiptAPI]:
    """Proof, data or its availability, state update: each transaction's receipt.

    `conditions` are registry and fact of each conditional transfer, in the batch's order.
    """
    exchange, batch = deployment.exchange, proven.batch
    receipts = submit_proof(operator, deployment.verifier, deployment.program_number, proven.proof)
    if deployment.committee is None:
        receipts.append(deployment.adapter.publish(batch.main_words(), batch.data(), sender=operator))
    else:
        claim = availability_claim(batch.after, exchange.getSequenceNumber() + 1)
        signature = raw_signature(member, claim)
        receipts.append(deployment.committee.verifyAvailabilityProof(claim, signature, sender=operator))
    facts = [word for registry, fact in conditions for word in (int(registry, 16), int.from_bytes(fact, "big"))]
    application_data = [batch_id, exchange.getLastBatchId(), len(conditions), *facts]
    receipts.append(exchange.updateState(update_words(batch), application_data, sender=operator))
    return receipts
