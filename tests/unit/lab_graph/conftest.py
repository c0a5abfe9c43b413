"""A tenant in this process, asked as Graph is asked."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graph_contract import Contract, description_file

from rollout.lab.graph.gateway import Gateway
from rollout.lab.graph.requests import Caller, GraphRequest, GraphResponse
from rollout.lab.graph.routes import RouteTable
from rollout.lab.graph.seed import plant
from rollout.lab.graph.tenant import Tenant

Json = dict[str, Any]

EVERY_ROLE = frozenset(
    role
    for module in (
        *("delta", "users", "licences", "mailboxes", "groups", "teams", "mail", "devices"),
        *("directory", "mail_messages"),
    )
    for value in vars(__import__(f"rollout.lab.graph.{module}", fromlist=["table"])).values()
    if isinstance(value, RouteTable)
    for route in value.routes
    for role in route.roles
)


class Asking:
    """Sends requests to a tenant and keeps them; `strict` ones are compared afterwards."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.caller = Caller("test", EVERY_ROLE)
        self.journal: list[Json] = []
        self.strict = True
        self._gateway = Gateway(tenant, self._note)

    def _note(self, request: GraphRequest, response: GraphResponse, batched: bool) -> None:
        if self.strict:
            self.journal.append(
                {
                    "method": request.method,
                    "path": request.path,
                    "query": request.query,
                    "body": request.body,
                }
            )

    def __call__(
        self, method: str, path: str, body: Any = None, *, eventual: bool = False, **query: str
    ) -> GraphResponse:
        """`select=` and the others become OData's options."""
        headers = {"consistencylevel": "eventual"} if eventual else {}
        options = {f"${name}": text for name, text in query.items()}
        return self._gateway.answer(GraphRequest(method, path, options, headers, body, self.caller))

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Json:
        """The body of an answer that has to be good."""
        answer = self(method, path, body, **more)
        assert answer.status < 300, answer.body
        return answer.body or {}

    def refused(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, str]:
        """Status and message of an answer that has to be an error."""
        answer = self(method, path, body, **more)
        assert answer.status >= 400
        assert answer.body is not None
        return answer.status, answer.body["error"]["message"]


@pytest.fixture
def ask_tenant() -> Iterator[Callable[..., Asking]]:
    """Makes tenants from scenarios; afterwards every strict request is what Graph describes."""
    made: list[Asking] = []

    def make(**scenario: Any) -> Asking:
        made.append(Asking(plant(scenario)))
        return made[-1]

    yield make
    file = description_file()
    if file is not None:
        contract = Contract(file)
        assert [found for asking in made for found in contract.findings(asking.journal)] == []


@pytest.fixture
def ask(ask_tenant: Callable[..., Asking]) -> Asking:
    """A tenant without people that misbehaves in nothing."""
    return ask_tenant()


def new_user(name: str, **more: Any) -> Json:
    """The body that makes a person."""
    return {
        "displayName": name,
        "mailNickname": name,
        "userPrincipalName": f"{name}@pref.example.jp",
        "accountEnabled": True,
        "passwordProfile": {"password": "Long-enough-1", "forceChangePasswordNextSignIn": True},
        **more,
    }


@pytest.fixture
def person() -> Callable[..., Json]:
    """`new_user`."""
    return new_user
