"""An exchange by the rules on an anvil, and a whole operator on it: real batches, doubles for proofs, a real committee.

`life` is what a test kills: people have deposited and asked by force, users have sent, and the operator turns until the
batches are final.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from freehold.records import Place, write_state
from freehold.services.base.claims import AccountSigner
from freehold.services.base.store import Store
from freehold.services.operator import blobs, genesis
from freehold.services.operator.availability import Availability
from freehold.services.operator.chain_view import forced_requests
from freehold.services.operator.engines.engine import Engine
from freehold.services.operator.run import Operator
from freehold.services.operator.settings import OperatorSettings
from freehold.services.operator.tables import Batch, ChainTx, Job, Received
from freehold.testing.parameters import SMALL
from prover.applications.perpetual.state import State
from prover.cairo.proof_file import ProofFile
from prover.stark.proof import Proof
from tests.support.anvil import Anvil
from tests.support.limited_exchange import LimitedExchange
from tests.support.operator_kit import document
from tests.support.served_exchange import PROGRAM, ServedKit, connected, proof_fact

N_ASSETS = 1
BOOKS = {"updates": [0, 1], "withdrawable": [30, 0], "pending": [0, 0], "requested": 0}
"""What the chain says once all that `people_act` began is final."""
BEFORE, AFTER = "before_commit", "after_commit"
"""Moments of a commit, as SQLAlchemy names them."""


class OperatedKit(ServedKit):
    """Configured as `rules` are, with the state of an exchange in which nothing has happened."""

    def rules(self) -> LimitedExchange:
        return LimitedExchange(n_assets=N_ASSETS, collateral=self.asset)

    def first_state(self, height: int) -> Any:
        self.began = State.initial(LimitedExchange(n_assets=N_ASSETS).config(), self.chain.blocks.head.timestamp)
        return self.began.shared()

    def start(self) -> None:
        """The collateral is named after it: its id is known before."""
        from freehold.testing.kit import asset_type, erc20_info

        self.asset = asset_type(erc20_info(self.token))
        super().start()

    def configuration(self) -> tuple[int, dict[int, int]]:
        config = self.rules().config()
        return config.hash(), {asset.asset_id: asset.hash() for asset in config.synthetic_assets}


def proof_of_words(session: Session, output: bytes) -> bytes:
    """Blob of what the double of the verifier takes for a proof that the words in the blob `output` were written."""
    words = [int(word) for word in blobs.get_json(session, output)]
    header = (int.from_bytes(proof_fact(words), "big"), 1)
    return blobs.put(session, "proof", ProofFile(PROGRAM, SMALL, Proof(header, (b"\0",))).to_bytes())


class Idle(Engine):
    """Places nothing: whoever works claims jobs by themselves."""

    def collect(self) -> bool:
        return False

    def placed(self) -> list[str]:
        return []

    def place(self, waiting: Any) -> bool:
        return False

    def close(self) -> None:
        pass


class Doubles(Idle):
    """Says of every job that it is proven, as the double of the verifier will."""

    def step(self) -> bool:
        with self.store.unit() as session:
            waiting = list(session.scalars(select(Job).where(Job.state == "waiting")))
            for job in waiting:
                job.proof, job.state = proof_of_words(session, job.output), "done"
        return bool(waiting)


@dataclass(frozen=True)
class Operated:
    """`place` has record and state on disk. `finality` and `confirmations` in blocks."""

    anvil: Anvil
    kit: OperatedKit
    place: Place
    finality: int = 1
    confirmations: int = 0
    engine: type[Idle] = Doubles

    @staticmethod
    def made(anvil: Anvil, project: Any, accounts: Any, chain: Any, folder: Path) -> Operated:
        with connected(anvil):
            kit = OperatedKit(project, accounts, chain)
            kit.register(kit.alice, kit.bob)
            record = kit.record(anvil.node.chain_id()).model_copy(update={"token": str(kit.token.address)})
        place = Place(folder / "deployment.json")
        place.record_file.write_text(record.model_dump_json())
        write_state(place.state_file, kit.rules().config(), kit.began)
        return Operated(anvil, kit, place)

    def settings(self, store: Store) -> OperatorSettings:
        key = {"value": self.kit.operator.private_key}
        chain = {"rpc": self.anvil.url, "record": self.place.record_file, "key": key, "finality": self.finality}
        batch = {"max_transactions": 2, "max_age": 0.0, "min_signature_life": 3_600}
        chain["deposit_confirmations"] = self.confirmations
        return OperatorSettings.model_validate({"chain": chain, "batch": batch, "store": {"url": store.url}})

    def operator(self, store: Store) -> Operator:
        """A new process: nothing is known but what the store has."""
        settings = self.settings(store)
        operator = Operator(settings, self.place, self.kit.rules().config(), store)
        operator.engine = self.engine(store)
        operator.writer.acquire()
        if not genesis.is_begun(store):
            genesis.begin(store, operator.config, self.kit.began, 0, 0.0)
        return operator

    # --- what happens around it

    def people_act(self, operator: Operator) -> None:
        """Deposits of two, a request by force that can be served, and three transfers."""
        rules, (alice, bob) = replace(self.kit.rules(), time=operator.world.now()), (self.kit.alice, self.kit.bob)
        with connected(self.anvil):
            self.kit.deposit(alice, 1_000)
            self.kit.deposit(bob, 500)
            self.kit.request(alice, 30)
        sent = [
            rules.transfer(alice.stark_private_key, alice.position_id, bob.stark_private_key, bob.position_id, amount)
            for amount in (10, 20, 40)
        ]
        bodies = [
            json.dumps({"tx_id": number, "tx": document(one, rules.collateral)}).encode()
            for number, one in enumerate(sent)
        ]
        answers = operator.intake.take(bodies)
        assert all(answer.is_accepted for answer in answers), answers

    def members_sign(self, store: Store, first: int = 0, number: int = 2) -> None:
        """Two of three, every batch that they have not signed."""
        names = frozenset(member.address.lower() for member in self.kit.members)
        door = Availability(store, lambda: names)
        with store.unit() as session:
            ids = list(session.scalars(select(Batch.id).where(Batch.previous.is_not(None))))
        for batch_id in ids:
            claim = door._claim(batch_id)
            for member in self.kit.members[first : first + number]:
                signer = AccountSigner(int(member.private_key, 16))
                approval = {"batch_id": batch_id, "signature": signer.sign(claim).hex(), "member_key": signer.member}
                door.approve(json.dumps({**approval, "claim_hash": claim.hex()}).encode())

    def turn(self, operator: Operator) -> None:
        operator.turn()
        self.members_sign(operator.store)
        self.anvil.mine()

    def life(self, operator: Operator, turns: int = 40) -> None:
        """Until all that was sent is on chain and final."""
        for _ in range(turns):
            self.turn(operator)
            if self.is_done(operator.store):
                return
        raise AssertionError("the batches do not come to their end")

    def is_done(self, store: Store) -> bool:
        with store.unit() as session:
            states = list(session.scalars(select(Batch.state).where(Batch.previous.is_not(None))))
            waiting = session.scalar(select(Received.tx_id).where(Received.state == "received"))
            asked = forced_requests(session)
        return bool(states) and set(states) <= {"final", "abandoned"} and waiting is None and not asked

    def books(self) -> dict[str, Any]:
        """What the chain says in the end."""
        kit = self.kit
        with connected(self.anvil):
            return {
                "updates": [log.batchId for log in kit.exchange.LogUpdateState],
                "withdrawable": [kit.withdrawable(one) for one in (kit.alice, kit.bob)],
                "pending": [kit.pending(one) for one in (kit.alice, kit.bob)],
                "requested": kit.requested_at(kit.alice, 30),
            }

    def unwritten(self, store: Store, since: int) -> set[str]:
        """Hashes of the operator's transactions in blocks above `since` that the store does not know."""
        with store.unit() as session:
            written = {"0x" + known.hex() for known in session.scalars(select(ChainTx.hash))}
        head, sent = self.anvil.node.head().number, set()
        for number in range(since + 1, head + 1):
            block = self.anvil.ask("eth_getBlockByNumber", hex(number), True)
            sent |= {one["hash"] for one in block["transactions"] if one["from"] == self.kit.operator.address.lower()}
        return sent - written


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(store: Store, commits: int | None, when: str = AFTER) -> Iterator[Callable[[], int]]:
    """Ends the process at one of its commits that write something, by its number; the block gets how many there were.

    Killed `AFTER` it, what it announces was not done yet; killed `BEFORE` it, what it would record was done.
    """
    count = 0
    wrote: set[int] = set()

    def note(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.lstrip().split(" ", 1)[0].upper() in ("INSERT", "UPDATE", "DELETE"):
            wrote.add(id(connection))

    def end(session: Session) -> None:
        nonlocal count
        if when == BEFORE:
            session.flush()
        if wrote:
            wrote.clear()
            count += 1
            if count == commits:
                raise Killed

    event.listen(store.engine, "after_cursor_execute", note)
    event.listen(Session, when, end)
    try:
        yield lambda: count
    finally:
        event.remove(store.engine, "after_cursor_execute", note)
        event.remove(Session, when, end)
