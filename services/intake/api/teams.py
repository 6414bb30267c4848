"""The routes of teams of support."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.intake.api.agreement_resources import TeamOut, TeamPage, TeamSettings
from services.intake.api.deps import TheDesk
from services.intake.api.unit_of_work import AdminKeyedWork, AdminVersionedWork
from services.intake.people import teams
from services.platform.http import StaffCaller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, by_name, cut, name_key, read_cursor

router = APIRouter(prefix="/api/v1", tags=["teams"])


@router.get("/teams", summary="List teams")
async def list_teams(
    caller: StaffCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> TeamPage:
    """Support staff and services. By name, with those that are given no more tickets."""
    async with desk.reading(caller) as (connection, _party):
        found = await teams.find_teams(connection, read_cursor(cursor, by_name), limit + 1)
    page, next_cursor = cut(found, limit, name_key)
    return TeamPage(items=[TeamOut.of(each) for each in page], next_cursor=next_cursor)


@router.post("/teams", status_code=201, summary="Add a team", response_model=TeamOut)
async def create_team(wanted: TeamSettings, work: AdminKeyedWork) -> Response:
    """Administrators."""
    added = TeamOut.of(await teams.add_team(work.connection, wanted.facts(), work.now))
    return await work.give(added.answer(201, Location=f"/api/v1/teams/{added.id}"))


@router.get("/teams/{team_id}", summary="Read a team", response_model=TeamOut)
async def read_team(team_id: UUID, caller: StaffCaller, desk: TheDesk) -> Response:
    """Support staff and services. The ETag is for `If-Match`."""
    async with desk.reading(caller) as (connection, _party):
        return TeamOut.of(await teams.get_team(connection, team_id)).answer().response()


@router.put("/teams/{team_id}", summary="Change a team", response_model=TeamOut)
async def replace_team(team_id: UUID, wanted: TeamSettings, work: AdminVersionedWork) -> Response:
    """Administrators. Tickets given to the team before stay with it and with whom they have."""
    changed = await teams.change_team(work.connection, team_id, work.version, wanted.facts(), work.now)
    return await work.give(TeamOut.of(changed).answer())
