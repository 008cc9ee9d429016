"""`ape run scenario FILE`: play a story of your own on a local chain, with real proofs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from ape import accounts
from ape.contracts import ContractInstance
from ape.exceptions import ContractLogicError

from prover.algebra.keccak import keccak256
from prover.perpetual.transactions import Deposit, ForcedWithdrawal, Transaction
from prover.stark.parameters import DEFAULT, Parameters
from scripts._arguments import Script, time_travels
from scripts._people import Cast, User
from scripts._scenario import Scenario, Step, read_scenario, seconds
from scripts._stage import UNIT, Stage, travel
from scripts._story import NotTheStory, expect


@click.command(cls=Script)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def cli(file):
    """Play FILE, a scenario in YAML: scripts/_scenarios has examples, scripts/_scenario.py says what a step can be.

    It deploys an exchange of its own and fails at the first thing that goes otherwise than the file says.
    """
    scenario = read_scenario(file)
    if not time_travels():
        raise click.UsageError("a scenario moves the clock: use ethereum:local:test or ethereum:local:foundry")
    try:
        Player(DEFAULT, scenario).play()
    except NotTheStory as error:
        raise click.ClickException(str(error)) from error


def cast_of(scenario: Scenario) -> Cast:
    people = accounts.test_accounts
    users = tuple(
        User(name, people[4 + place], 0xA11CE + place, 11 * (place + 1)) for place, name in enumerate(scenario.people)
    )
    return Cast(people[0], people[1], people[2], people[3], users)


class Player(Stage):
    """Plays a scenario's steps; what people ask of the operator waits in `waiting` until a step serves it."""

    def __init__(self, parameters: Parameters, scenario: Scenario) -> None:
        super().__init__(parameters, cast_of(scenario), {name: coins * UNIT for name, coins in scenario.people.items()})
        self.scenario = scenario
        self.users = {user.name: user for user in self.cast.users}
        self.waiting: list[Transaction] = []

    def play(self) -> None:
        self.deploy()
        for place, step in enumerate(self.scenario.steps):
            self.take(place, step)
        expect("frozen in the end", self.exchange.isFrozen(), self.scenario.end.frozen)
        for name, coins in self.scenario.end.tokens.items():
            expect(f"{name}'s coins in the end", self.balances()[name] / UNIT, coins)
        click.echo(f"'{self.scenario.title}' went as its file says")

    def take(self, place: int, step: Step) -> None:
        act: Callable[[Any], None] = getattr(self, f"do_{step.kind}")
        part = getattr(step, step.kind)
        try:
            act(part)
        except ContractLogicError as error:
            found = refusal_of(error, self.exchange)
            if step.refused != found:
                raise NotTheStory(f"step {place} ({step.kind}): the exchange refuses with {found}: {error}") from error
            click.echo(f"{getattr(part, 'who', ''):>9}  {step.kind} is refused: {found}")
            return
        if step.refused:
            raise NotTheStory(f"step {place} ({step.kind}) was to be refused with {step.refused} and was not")

    def do_join(self, part) -> None:
        user = self.users[part.who]
        self.join(user, part.amount * UNIT)
        self.waiting.append(Deposit(**_request(user, part.amount)))

    def do_demand(self, part) -> None:
        user = self.users[part.who]
        self.demand(user, part.amount * UNIT, "")
        self.waiting.append(ForcedWithdrawal(**_request(user, part.amount)))

    def do_serve(self, _) -> None:
        served, self.waiting = self.waiting, []
        self.serve(served)

    def do_withdraw(self, part) -> None:
        user = self.users[part.who]
        owed = self.exchange.getWithdrawalBalance(user.stark_key, self.deployed.asset_type)
        self.pay(user, owed)

    def do_wait(self, text: str) -> None:
        self.story.step(f"{text} pass", "nobody", lambda: travel(seconds(text)))

    def do_freeze(self, part) -> None:
        owner = self.users[part.demand_of]
        self.freeze(owner, part.amount * UNIT, self.users[part.who].account, part.who)

    def do_escape(self, part) -> None:
        self.escape(self.users[part.who])


def refusal_of(error: ContractLogicError, contract: ContractInstance) -> str:
    """The name of a custom error; Ape leaves its bytes as they are where it takes the contract for another one."""
    message = str(error)
    if type(error) is not ContractLogicError or not message.startswith(("b'", 'b"')):
        return type(error).__name__
    selector = ast.literal_eval(message)[:4]
    names = {keccak256(abi.selector.encode())[:4]: abi.name for abi in contract.contract_type.errors}
    return names.get(selector, f"0x{selector.hex()}")


def _request(user: User, coins: int) -> dict[str, int]:
    return {"public_key": user.stark_key, "position_id": user.position_id, "amount": coins * UNIT}
