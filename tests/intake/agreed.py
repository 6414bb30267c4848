"""Makes and changes contracts with customers through the API, for tests."""

from typing import Any

from tests.intake.api_desk import As

OFFICE = [["09:00-17:00"]] * 5 + [[], []]
"""Eight hours on every working day."""


def within(hours: int, **more: Any) -> dict[str, Any]:
    """An SLA target: solve within this many working hours."""
    return {"metric": "resolution", "within": {"length": f"PT{hours}H", "counted": "working"}, **more}


async def agrees(admin: As, customer: Any, name: str = "Acme", **contract: Any) -> Any:
    """Add a contract, and give it to the organisation of this ticket."""
    added = await admin.does("/api/v1/contracts", {"name": name, **contract})
    await concerns(admin, customer, added["id"])
    return added


async def concerns(admin: As, customer: Any, contract_id: str | None) -> None:
    """Give the organisation of this ticket another contract, or none."""
    path = f"/api/v1/organisations/{customer['organisation']['id']}"
    answer = await admin.ask("PATCH", path, json={"contract_id": contract_id})
    assert (answer.status_code, answer.json()["contract_id"]) == (200, contract_id)


async def changes(admin: As, path: str, **facts: Any) -> Any:
    """Change these facts of something, and leave its other facts as they are."""
    known = await admin.get(path)
    wanted = {name: value for name, value in {**known, **facts}.items() if name not in ("id", "version")}
    answer = await admin.ask("PUT", path, json=wanted, headers={"If-Match": f'"{known["version"]}"'})
    assert answer.status_code == 200, answer.text
    return answer.json()
